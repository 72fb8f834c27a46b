import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a consumer group: the epoch of its target assignment. */
export const consumerGroupTargetAssignmentMetadataKey = defineMessage({
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  apiKey: 6,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string() },
});

export type ConsumerGroupTargetAssignmentMetadataKey = DecodedOf<typeof consumerGroupTargetAssignmentMetadataKey>;
export type ConsumerGroupTargetAssignmentMetadataKeyInput = InputOf<typeof consumerGroupTargetAssignmentMetadataKey>;
