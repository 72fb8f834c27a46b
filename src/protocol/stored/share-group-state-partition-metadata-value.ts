import { array, type DecodedOf, defineMessage, type InputOf, int32, string, uuid } from '../schema/index.ts';

const topicPartitionsInfo = { topicId: uuid(), topicName: string(), partitions: array(int32()) };

const topicInfo = { topicId: uuid(), topicName: string() };

/** The partitions whose state is being set up, kept or removed for a share group. */
export const shareGroupStatePartitionMetadataValue = defineMessage({
  name: 'ShareGroupStatePartitionMetadataValue',
  apiKey: 15,
  versions: '0',
  flexible: '0+',
  fields: {
    initializingTopics: array(topicPartitionsInfo),
    initializedTopics: array(topicPartitionsInfo),
    deletingTopics: array(topicInfo),
  },
});

export type ShareGroupStatePartitionMetadataValue = DecodedOf<typeof shareGroupStatePartitionMetadataValue>;
export type ShareGroupStatePartitionMetadataValueInput = InputOf<typeof shareGroupStatePartitionMetadataValue>;
