import { array, type DecodedOf, defineMessage, type InputOf, int32, string, uuid } from '../schema/index.ts';

/** The topics a consumer group knows, with partition counts and racks. Only older brokers write it. */
export const consumerGroupPartitionMetadataValue = defineMessage({
  name: 'ConsumerGroupPartitionMetadataValue',
  apiKey: 4,
  versions: '0',
  flexible: '0+',
  fields: {
    topics: array({
      topicId: uuid(),
      topicName: string(),
      numPartitions: int32(),
      partitionMetadata: array({ partition: int32(), racks: array(string()) }),
    }),
  },
});

export type ConsumerGroupPartitionMetadataValue = DecodedOf<typeof consumerGroupPartitionMetadataValue>;
export type ConsumerGroupPartitionMetadataValueInput = InputOf<typeof consumerGroupPartitionMetadataValue>;
