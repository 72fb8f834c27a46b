import type { MetadataImage, PartitionImage, TopicImage } from '#metadata';
import type { Logger } from '#platform';
import type { LogConfig, LogDirectory, PartitionLog } from '#storage';

/** Lies beside the topics' partitions and is none of them. */
const metadataTopic = '__cluster_metadata';

export interface LocalLogsOptions {
  readonly nodeId: number;
  readonly logDirectory: LogDirectory;
  readonly logger: Logger;
  /** How a topic's log behaves, by the configuration in force. */
  readonly logConfigOf: (topic: string, image: MetadataImage) => LogConfig;
}

/** The logs of this broker's replicas: which file belongs to which topic, what is made, what goes. */
export class LocalLogs {
  readonly #options: LocalLogsOptions;

  constructor(options: LocalLogsOptions) {
    this.#options = options;
  }

  /**
   * The log of a replica, made when there is none.
   * @param mayStartAnew whether a damaged one may be set aside for an empty one: the cluster must have been told that it is lost
   * @throws KafkaError KAFKA_STORAGE_ERROR: DamagedLogError, or a full disk
   */
  async open(topic: TopicImage, image: PartitionImage, metadata: MetadataImage, mayStartAnew: boolean): Promise<PartitionLog> {
    const { logDirectory, logConfigOf } = this.#options;
    if (logDirectory.offlineReason !== undefined) throw logDirectory.offlineReason;
    const config = logConfigOf(topic.name, metadata);
    const found = logDirectory.partition(topic.name, image.partition);
    if (found !== undefined && found.topicId === topic.id && found.failure === undefined) {
      found.updateConfig(config);
      return found;
    }
    // A damaged log of this topic, or of nobody knows which, is kept for whoever can repair it; anything else under the name is of a topic that is gone.
    const damage = this.damage(topic, image.partition);
    if (damage !== undefined && !mayStartAnew) throw damage;
    if (damage !== undefined) await logDirectory.setAside(topic.name, image.partition);
    else await logDirectory.deletePartition(topic.name, image.partition);
    return logDirectory.createPartition(topic.name, image.partition, topic.id, config);
  }

  /** What is wrong with the log that is there; undefined when it is sound, when there is none, or when it is another topic's. */
  damage(topic: { readonly name: string; readonly id: string }, index: number) {
    const { logDirectory } = this.#options;
    const open = logDirectory.partition(topic.name, index);
    if (open !== undefined) return open.topicId === topic.id ? open.failure : undefined;
    const failed = logDirectory.failedPartitions().find((one) => one.topic === topic.name && one.partition === index);
    return failed !== undefined && (failed.topicId ?? topic.id) === topic.id ? failed.failure : undefined;
  }

  /** Takes away what damaged logs of a topic there are, be they found so at the start or later. */
  async deleteDamaged(topic: TopicImage, index?: number): Promise<void> {
    const { logDirectory } = this.#options;
    const foundDamaged = logDirectory.partitions().filter((log) => log.failure !== undefined);
    for (const damaged of [...foundDamaged, ...logDirectory.failedPartitions()]) {
      if (damaged.topicId === topic.id && (index === undefined || damaged.partition === index))
        await logDirectory.deletePartition(damaged.topic, damaged.partition);
    }
  }

  delete(topic: string, index: number): Promise<void> {
    return this.#options.logDirectory.deletePartition(topic, index);
  }

  /** Takes away whatever is of no replica of this broker any more: it went while this broker was away. */
  async deleteStrays(image: MetadataImage): Promise<void> {
    const { logDirectory, nodeId, logger } = this.#options;
    for (const { topic, partition, topicId } of [...logDirectory.partitions(), ...logDirectory.failedPartitions()]) {
      // Without an id nobody can say whose it is.
      if (topic === metadataTopic || topicId === undefined) continue;
      const wanted = image.topics.byId(topicId)?.partitions[partition];
      if (wanted?.replicas.includes(nodeId)) continue;
      logger.info({ partition: `${topic}-${partition}`, topicId }, 'removing a partition that was deleted while this broker was away');
      await logDirectory.deletePartition(topic, partition);
    }
  }
}
