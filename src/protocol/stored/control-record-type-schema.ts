import { type DecodedOf, defineMessage, type InputOf, int16 } from '../schema/index.ts';

/** The key of a control record, after its version: what kind it is. */
export const controlRecordTypeSchema = defineMessage({
  name: 'ControlRecordTypeSchema',
  versions: '0',
  flexible: 'none',
  fields: { type: int16() },
});

export type ControlRecordTypeSchema = DecodedOf<typeof controlRecordTypeSchema>;
export type ControlRecordTypeSchemaInput = InputOf<typeof controlRecordTypeSchema>;
