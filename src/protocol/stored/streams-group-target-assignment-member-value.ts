import { array, type DecodedOf, defineMessage, type InputOf, int32, string } from '../schema/index.ts';

const taskIds = { subtopologyId: string(), partitions: array(int32()) };

/** The tasks a member of a streams group is to have. */
export const streamsGroupTargetAssignmentMemberValue = defineMessage({
  name: 'StreamsGroupTargetAssignmentMemberValue',
  apiKey: 21,
  versions: '0',
  flexible: '0+',
  fields: {
    activeTasks: array(taskIds),
    standbyTasks: array(taskIds),
    warmupTasks: array(taskIds),
  },
});

export type StreamsGroupTargetAssignmentMemberValue = DecodedOf<typeof streamsGroupTargetAssignmentMemberValue>;
export type StreamsGroupTargetAssignmentMemberValueInput = InputOf<typeof streamsGroupTargetAssignmentMemberValue>;
