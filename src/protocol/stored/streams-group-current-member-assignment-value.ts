import { array, type DecodedOf, defineMessage, type InputOf, int8, int32, string } from '../schema/index.ts';

const taskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
  assignmentEpochs: array(int32(), { nullable: '0+', tag: 0 }),
};

/** The epoch and tasks a member of a streams group has now, and those it still has to give up. */
export const streamsGroupCurrentMemberAssignmentValue = defineMessage({
  name: 'StreamsGroupCurrentMemberAssignmentValue',
  apiKey: 22,
  versions: '0',
  flexible: '0+',
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    activeTasks: array(taskIds),
    standbyTasks: array(taskIds),
    warmupTasks: array(taskIds),
    activeTasksPendingRevocation: array(taskIds),
    standbyTasksPendingRevocation: array(taskIds),
    warmupTasksPendingRevocation: array(taskIds),
  },
});

export type StreamsGroupCurrentMemberAssignmentValue = DecodedOf<typeof streamsGroupCurrentMemberAssignmentValue>;
export type StreamsGroupCurrentMemberAssignmentValueInput = InputOf<typeof streamsGroupCurrentMemberAssignmentValue>;
