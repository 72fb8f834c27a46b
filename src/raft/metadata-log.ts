import { defaultLogConfig, type LogConfig, type LogDirectory, type PartitionLog } from '#storage';

/** The topic that the metadata log is, and its id, as in Kafka. */
export const metadataTopicName = '__cluster_metadata';
export const metadataTopicId = 'AAAAAAAAAAAAAAAAAAAAAQ';

/** Always on disk before anyone hears of it; nothing goes by time or size, only by snapshots. */
export const metadataLogConfig: LogConfig = {
  ...defaultLogConfig,
  segmentBytes: 64 * 1024 * 1024,
  retentionMs: -1,
  retentionBytes: -1,
  maxMessageBytes: 32 * 1024 * 1024,
  flush: 'fsync',
};

/** Opens the metadata log of a data directory, or makes it. @throws KafkaError when its files are damaged: nothing of them is changed (R13) */
export async function openMetadataLog(logDirectory: LogDirectory): Promise<PartitionLog> {
  return (
    logDirectory.partition(metadataTopicName, 0) ??
    (await logDirectory.createPartition(metadataTopicName, 0, metadataTopicId, metadataLogConfig))
  );
}
