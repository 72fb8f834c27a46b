import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a member of a share group: what it told about itself. */
export const shareGroupMemberMetadataKey = defineMessage({
  name: 'ShareGroupMemberMetadataKey',
  apiKey: 10,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string(), memberId: string() },
});

export type ShareGroupMemberMetadataKey = DecodedOf<typeof shareGroupMemberMetadataKey>;
export type ShareGroupMemberMetadataKeyInput = InputOf<typeof shareGroupMemberMetadataKey>;
