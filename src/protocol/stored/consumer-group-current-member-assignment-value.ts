import { array, type DecodedOf, defineMessage, type InputOf, int8, int32, uuid } from '../schema/index.ts';

const topicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
  assignmentEpochs: array(int32(), { nullable: '0+', tag: 0 }),
};

/** The epoch and partitions a member of a consumer group has now, and those it still has to give up. */
export const consumerGroupCurrentMemberAssignmentValue = defineMessage({
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  apiKey: 8,
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(topicPartitions),
    partitionsPendingRevocation: array(topicPartitions),
  },
});

export type ConsumerGroupCurrentMemberAssignmentValue = DecodedOf<typeof consumerGroupCurrentMemberAssignmentValue>;
export type ConsumerGroupCurrentMemberAssignmentValueInput = InputOf<typeof consumerGroupCurrentMemberAssignmentValue>;
