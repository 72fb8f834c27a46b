import { type DecodedOf, defineMessage, type InputOf, int32, int64 } from '../schema/index.ts';

/** The group epoch for which the target assignment was made. */
export const shareGroupTargetAssignmentMetadataValue = defineMessage({
  name: 'ShareGroupTargetAssignmentMetadataValue',
  apiKey: 12,
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0, default: 0n, ignorable: true }),
  },
});

export type ShareGroupTargetAssignmentMetadataValue = DecodedOf<typeof shareGroupTargetAssignmentMetadataValue>;
export type ShareGroupTargetAssignmentMetadataValueInput = InputOf<typeof shareGroupTargetAssignmentMetadataValue>;
