import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a member of a streams group: the tasks it has now. */
export const streamsGroupCurrentMemberAssignmentKey = defineMessage({
  name: 'StreamsGroupCurrentMemberAssignmentKey',
  apiKey: 22,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string(), memberId: string() },
});

export type StreamsGroupCurrentMemberAssignmentKey = DecodedOf<typeof streamsGroupCurrentMemberAssignmentKey>;
export type StreamsGroupCurrentMemberAssignmentKeyInput = InputOf<typeof streamsGroupCurrentMemberAssignmentKey>;
