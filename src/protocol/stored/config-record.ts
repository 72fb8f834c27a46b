import { type DecodedOf, defineMessage, type InputOf, int8, string } from '../schema/index.ts';

/** One configuration entry of a resource, set or, with null, removed. */
export const configRecord = defineMessage({
  name: 'ConfigRecord',
  apiKey: 4,
  versions: '0',
  flexible: '0+',
  fields: {
    resourceType: int8(),
    resourceName: string(),
    name: string(),
    /** Null removes the entry. */
    value: string({ nullable: '0+' }),
  },
});

export type ConfigRecord = DecodedOf<typeof configRecord>;
export type ConfigRecordInput = InputOf<typeof configRecord>;
