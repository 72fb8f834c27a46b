import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a member of a streams group: what it told about itself. */
export const streamsGroupMemberMetadataKey = defineMessage({
  name: 'StreamsGroupMemberMetadataKey',
  apiKey: 19,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string(), memberId: string() },
});

export type StreamsGroupMemberMetadataKey = DecodedOf<typeof streamsGroupMemberMetadataKey>;
export type StreamsGroupMemberMetadataKeyInput = InputOf<typeof streamsGroupMemberMetadataKey>;
