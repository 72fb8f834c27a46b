import { type DecodedOf, defineMessage, type InputOf } from '../schema/index.ts';

/** Says nothing; only moves the metadata log on. */
export const noOpRecord = defineMessage({
  name: 'NoOpRecord',
  apiKey: 20,
  versions: '0',
  flexible: '0+',
  fields: {},
});

export type NoOpRecord = DecodedOf<typeof noOpRecord>;
export type NoOpRecordInput = InputOf<typeof noOpRecord>;
