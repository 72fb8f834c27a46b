import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a member of a consumer group: what it told about itself. */
export const consumerGroupMemberMetadataKey = defineMessage({
  name: 'ConsumerGroupMemberMetadataKey',
  apiKey: 5,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string(), memberId: string() },
});

export type ConsumerGroupMemberMetadataKey = DecodedOf<typeof consumerGroupMemberMetadataKey>;
export type ConsumerGroupMemberMetadataKeyInput = InputOf<typeof consumerGroupMemberMetadataKey>;
