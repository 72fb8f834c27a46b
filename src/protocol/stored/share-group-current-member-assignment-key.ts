import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a member of a share group: the partitions it has now. */
export const shareGroupCurrentMemberAssignmentKey = defineMessage({
  name: 'ShareGroupCurrentMemberAssignmentKey',
  apiKey: 14,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string(), memberId: string() },
});

export type ShareGroupCurrentMemberAssignmentKey = DecodedOf<typeof shareGroupCurrentMemberAssignmentKey>;
export type ShareGroupCurrentMemberAssignmentKeyInput = InputOf<typeof shareGroupCurrentMemberAssignmentKey>;
