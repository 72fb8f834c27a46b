import { array, type DecodedOf, defineMessage, type InputOf, int8, int32, uuid } from '../schema/index.ts';

const topicPartitions = { topicId: uuid(), partitions: array(int32()) };

/** The epoch and partitions a member of a share group has now. */
export const shareGroupCurrentMemberAssignmentValue = defineMessage({
  name: 'ShareGroupCurrentMemberAssignmentValue',
  apiKey: 14,
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(topicPartitions),
  },
});

export type ShareGroupCurrentMemberAssignmentValue = DecodedOf<typeof shareGroupCurrentMemberAssignmentValue>;
export type ShareGroupCurrentMemberAssignmentValueInput = InputOf<typeof shareGroupCurrentMemberAssignmentValue>;
