import { type DecodedOf, defineMessage, type InputOf, uuid } from '../schema/index.ts';

/** Removes an access rule. */
export const removeAccessControlEntryRecord = defineMessage({
  name: 'RemoveAccessControlEntryRecord',
  apiKey: 19,
  versions: '0',
  flexible: '0+',
  fields: { id: uuid() },
});

export type RemoveAccessControlEntryRecord = DecodedOf<typeof removeAccessControlEntryRecord>;
export type RemoveAccessControlEntryRecordInput = InputOf<typeof removeAccessControlEntryRecord>;
