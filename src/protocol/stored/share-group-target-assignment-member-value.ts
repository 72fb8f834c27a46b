import { array, type DecodedOf, defineMessage, type InputOf, int32, uuid } from '../schema/index.ts';

/** The partitions a member of a share group is to have. */
export const shareGroupTargetAssignmentMemberValue = defineMessage({
  name: 'ShareGroupTargetAssignmentMemberValue',
  apiKey: 13,
  versions: '0',
  flexible: '0+',
  fields: { topicPartitions: array({ topicId: uuid(), partitions: array(int32()) }) },
});

export type ShareGroupTargetAssignmentMemberValue = DecodedOf<typeof shareGroupTargetAssignmentMemberValue>;
export type ShareGroupTargetAssignmentMemberValueInput = InputOf<typeof shareGroupTargetAssignmentMemberValue>;
