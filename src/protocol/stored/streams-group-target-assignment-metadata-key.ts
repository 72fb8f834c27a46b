import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a streams group: the epoch of its target assignment. */
export const streamsGroupTargetAssignmentMetadataKey = defineMessage({
  name: 'StreamsGroupTargetAssignmentMetadataKey',
  apiKey: 20,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string() },
});

export type StreamsGroupTargetAssignmentMetadataKey = DecodedOf<typeof streamsGroupTargetAssignmentMetadataKey>;
export type StreamsGroupTargetAssignmentMetadataKeyInput = InputOf<typeof streamsGroupTargetAssignmentMetadataKey>;
