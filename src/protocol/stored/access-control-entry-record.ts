import { type DecodedOf, defineMessage, type InputOf, int8, string, uuid } from '../schema/index.ts';

/** An access rule. */
export const accessControlEntryRecord = defineMessage({
  name: 'AccessControlEntryRecord',
  apiKey: 18,
  versions: '0',
  flexible: '0+',
  fields: {
    id: uuid(),
    resourceType: int8(),
    resourceName: string(),
    patternType: int8(),
    principal: string(),
    host: string(),
    operation: int8(),
    permissionType: int8(),
  },
});

export type AccessControlEntryRecord = DecodedOf<typeof accessControlEntryRecord>;
export type AccessControlEntryRecordInput = InputOf<typeof accessControlEntryRecord>;
