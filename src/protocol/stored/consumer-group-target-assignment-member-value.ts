import { array, type DecodedOf, defineMessage, type InputOf, int32, uuid } from '../schema/index.ts';

/** The partitions a member of a consumer group is to have. */
export const consumerGroupTargetAssignmentMemberValue = defineMessage({
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  apiKey: 7,
  versions: '0',
  flexible: '0+',
  fields: { topicPartitions: array({ topicId: uuid(), partitions: array(int32()) }) },
});

export type ConsumerGroupTargetAssignmentMemberValue = DecodedOf<typeof consumerGroupTargetAssignmentMemberValue>;
export type ConsumerGroupTargetAssignmentMemberValueInput = InputOf<typeof consumerGroupTargetAssignmentMemberValue>;
