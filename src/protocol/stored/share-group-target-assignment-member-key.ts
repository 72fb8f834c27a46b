import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a member of a share group: the partitions it is to have. */
export const shareGroupTargetAssignmentMemberKey = defineMessage({
  name: 'ShareGroupTargetAssignmentMemberKey',
  apiKey: 13,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string(), memberId: string() },
});

export type ShareGroupTargetAssignmentMemberKey = DecodedOf<typeof shareGroupTargetAssignmentMemberKey>;
export type ShareGroupTargetAssignmentMemberKeyInput = InputOf<typeof shareGroupTargetAssignmentMemberKey>;
