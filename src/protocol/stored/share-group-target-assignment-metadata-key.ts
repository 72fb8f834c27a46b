import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a share group: the epoch of its target assignment. */
export const shareGroupTargetAssignmentMetadataKey = defineMessage({
  name: 'ShareGroupTargetAssignmentMetadataKey',
  apiKey: 12,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string() },
});

export type ShareGroupTargetAssignmentMetadataKey = DecodedOf<typeof shareGroupTargetAssignmentMetadataKey>;
export type ShareGroupTargetAssignmentMetadataKeyInput = InputOf<typeof shareGroupTargetAssignmentMetadataKey>;
