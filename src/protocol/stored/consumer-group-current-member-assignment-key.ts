import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a member of a consumer group: the partitions it has now. */
export const consumerGroupCurrentMemberAssignmentKey = defineMessage({
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  apiKey: 8,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string(), memberId: string() },
});

export type ConsumerGroupCurrentMemberAssignmentKey = DecodedOf<typeof consumerGroupCurrentMemberAssignmentKey>;
export type ConsumerGroupCurrentMemberAssignmentKeyInput = InputOf<typeof consumerGroupCurrentMemberAssignmentKey>;
