import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a member of a consumer group: the partitions it is to have. */
export const consumerGroupTargetAssignmentMemberKey = defineMessage({
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  apiKey: 7,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string(), memberId: string() },
});

export type ConsumerGroupTargetAssignmentMemberKey = DecodedOf<typeof consumerGroupTargetAssignmentMemberKey>;
export type ConsumerGroupTargetAssignmentMemberKeyInput = InputOf<typeof consumerGroupTargetAssignmentMemberKey>;
