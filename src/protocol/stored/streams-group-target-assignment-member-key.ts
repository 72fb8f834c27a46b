import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a member of a streams group: the tasks it is to have. */
export const streamsGroupTargetAssignmentMemberKey = defineMessage({
  name: 'StreamsGroupTargetAssignmentMemberKey',
  apiKey: 21,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string(), memberId: string() },
});

export type StreamsGroupTargetAssignmentMemberKey = DecodedOf<typeof streamsGroupTargetAssignmentMemberKey>;
export type StreamsGroupTargetAssignmentMemberKeyInput = InputOf<typeof streamsGroupTargetAssignmentMemberKey>;
