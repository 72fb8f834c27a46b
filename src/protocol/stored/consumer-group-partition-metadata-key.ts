import { type DecodedOf, defineMessage, type InputOf, string } from '../schema/index.ts';

/** Names a consumer group: the topics it knows. Only older brokers write it. */
export const consumerGroupPartitionMetadataKey = defineMessage({
  name: 'ConsumerGroupPartitionMetadataKey',
  apiKey: 4,
  versions: '0',
  flexible: 'none',
  fields: { groupId: string() },
});

export type ConsumerGroupPartitionMetadataKey = DecodedOf<typeof consumerGroupPartitionMetadataKey>;
export type ConsumerGroupPartitionMetadataKeyInput = InputOf<typeof consumerGroupPartitionMetadataKey>;
