import { type DecodedOf, defineMessage, type InputOf, int32, int64 } from '../schema/index.ts';

/** The group epoch for which the target assignment was made. */
export const consumerGroupTargetAssignmentMetadataValue = defineMessage({
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  apiKey: 6,
  versions: '0',
  flexible: '0+',
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0, default: 0n, ignorable: true }),
  },
});

export type ConsumerGroupTargetAssignmentMetadataValue = DecodedOf<typeof consumerGroupTargetAssignmentMetadataValue>;
export type ConsumerGroupTargetAssignmentMetadataValueInput = InputOf<typeof consumerGroupTargetAssignmentMetadataValue>;
