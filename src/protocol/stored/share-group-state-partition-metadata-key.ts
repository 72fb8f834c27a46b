import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a share group: the partitions whose state is kept for it. */
export const shareGroupStatePartitionMetadataKey = defineMessage({
  name: 'ShareGroupStatePartitionMetadataKey',
  apiKey: 15,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string() },
});

export type ShareGroupStatePartitionMetadataKey = DecodedOf<typeof shareGroupStatePartitionMetadataKey>;
export type ShareGroupStatePartitionMetadataKeyInput = InputOf<typeof shareGroupStatePartitionMetadataKey>;
