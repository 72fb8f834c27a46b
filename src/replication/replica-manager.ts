import type { MetadataDelta, MetadataImage, PartitionImage, TopicImage } from '#metadata';
import type { Clock, Logger, Timer } from '#platform';
import { asKafkaError, KafkaError } from '#protocol';
import { type LogConfig, type LogDirectory, NoSpaceError, type PartitionLog } from '#storage';
import { Partition } from './partition.ts';

const waiterSweepMs = 250;
/** How often partitions for which the disk had no room are tried again. */
const reopenMs = 1000;
/** Lies beside the topics' partitions and is none of them. */
const metadataTopic = '__cluster_metadata';

export interface ReplicaManagerOptions {
  readonly nodeId: number;
  readonly logDirectory: LogDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How a topic's log behaves, by the configuration in force. */
  readonly logConfigOf: (topic: string, image: MetadataImage) => LogConfig;
  /**
   * Does the image know of this broker's present life? Until then a broker reads again what was long ago: leaderships in epochs that are over, and topics
   * whose names belong to others by now, with logs that lie on this disk. Without this function it always does.
   */
  readonly isOfThisLife?: (image: MetadataImage) => boolean;
  /** A change of metadata could not be applied for no reason that is known: this broker must not go on as if it had been. */
  readonly onBroken?: (error: unknown) => void;
}

/**
 * Brings the partitions on this broker's disk in line with the cluster's metadata and finds them for requests. It begins with the first image that is of
 * this broker's present life, taken as a whole; from there it goes change by change and in order.
 * A change counts as applied ({@link appliedOffset}) only when the disk and the leaderships are as it says: this is what the
 * broker reports to the controller, and what creating a topic waits for.
 */
export class ReplicaManager {
  readonly #options: ReplicaManagerOptions;
  readonly #byName = new Map<string, Map<number, Partition>>();
  /** Partitions that should be here and whose log cannot be used, by {@link unopenedKey}. */
  readonly #unopened = new Map<string, { topicId: string; index: number; failure: KafkaError }>();
  readonly #timers: Timer[];
  #image: MetadataImage | undefined;
  #appliedOffset = -1n;
  #work: Promise<void> = Promise.resolve();
  #onApplied: (offset: bigint) => void = () => {};
  #strayChecked = false;
  /** The first image of this life has come. */
  #hasBegun = false;
  #closed = false;

  constructor(options: ReplicaManagerOptions) {
    this.#options = options;
    options.logDirectory.onOffline((error) => this.#goOffline(error));
    this.#timers = [options.clock.every(waiterSweepMs, () => this.#sweep()), options.clock.every(reopenMs, () => this.#reopen())];
  }

  /** The metadata offset up to which disk and leaderships follow the image; -1 at the beginning. */
  get appliedOffset(): bigint {
    return this.#appliedOffset;
  }

  onApplied(callback: (offset: bigint) => void): void {
    this.#onApplied = callback;
  }

  /** Takes over a new image; returns at once, the work is done in order. */
  apply(image: MetadataImage, delta: MetadataDelta): void {
    this.#image = image;
    if (!this.#hasBegun && this.#options.isOfThisLife?.(image) === false) return;
    const work = this.#hasBegun ? () => this.#carryOut(image, delta) : () => this.#begin(image);
    this.#hasBegun = true;
    this.#resignAtOnce(delta);
    this.#work = this.#work.then(work).catch((error: unknown) => this.#failed(error));
  }

  /**
   * After the broker has caught up with the cluster once: directories on disk whose topic is gone, or was made again under
   * another id, belong to topics that were deleted while this broker was down. They are removed.
   */
  removeDeletedTopics(): Promise<void> {
    this.#work = this.#work.then(() => this.#removeStrays()).catch((error: unknown) => this.#failed(error));
    return this.#work;
  }

  /**
   * The partition, when this broker leads it.
   * @param topicId of the topic that is meant, where that is known: data of another topic that had the name is never given (M3)
   * @throws KafkaError UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH
   */
  leader(topic: string, index: number, currentLeaderEpoch = -1, topicId?: string): Partition {
    const partition = this.#byName.get(topic)?.get(index);
    if (partition === undefined || (topicId !== undefined && partition.topicId !== topicId)) throw this.#absent(topic, index);
    partition.checkLeader(currentLeaderEpoch);
    return partition;
  }

  /** The local replica, leading or not, or undefined. */
  replica(topic: string, index: number): Partition | undefined {
    return this.#byName.get(topic)?.get(index);
  }

  /** All local replicas, by topic name and partition. */
  all(): Partition[] {
    const names = [...this.#byName.keys()].sort();
    return names.flatMap((name) => [...this.#byName.get(name)!.values()].sort((a, b) => a.index - b.index));
  }

  /** Ends all leaderships; waiting producers are told. The logs are closed by their directory. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    await this.#work;
    for (const partition of this.all()) partition.close(new KafkaError('NOT_LEADER_OR_FOLLOWER', 'this broker is shutting down'));
  }

  #absent(topic: string, index: number): KafkaError {
    const known = this.#image?.topics.byName(topic);
    const partition = known?.partitions[index];
    if (known === undefined || partition === undefined)
      return new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no partition ${index} of topic ${topic}`);
    if (this.#options.logDirectory.state === 'offline' && partition.replicas.includes(this.#options.nodeId)) {
      return new KafkaError('KAFKA_STORAGE_ERROR', `${topic}-${index} is on a directory of this broker that is offline`);
    }
    const unopened = this.#unopened.get(unopenedKey(known.id, index));
    if (unopened !== undefined) return unopened.failure;
    const leader = partition.leader === -1 ? 'has no leader at the moment' : `is led by broker ${partition.leader}`;
    return new KafkaError('NOT_LEADER_OR_FOLLOWER', `${topic}-${index} ${leader}`);
  }

  /** A leadership that is lost ends in the same moment in which this broker learns of it. */
  #resignAtOnce(delta: MetadataDelta): void {
    for (const topic of delta.topics.deleted) {
      for (const partition of this.#byName.get(topic.name)?.values() ?? []) {
        if (partition.topicId === topic.id) partition.resign();
      }
    }
    for (const { topic, partition: image } of delta.topics.changedPartitions) {
      if (image.leader === this.#options.nodeId) continue;
      const partition = this.#byName.get(topic.name)?.get(image.partition);
      if (partition?.topicId === topic.id) partition.resign();
    }
  }

  /** Opens every partition that this broker has, whatever it had before. */
  async #begin(image: MetadataImage): Promise<void> {
    if (this.#closed) return;
    await this.#applyMine(
      image.topics.all().flatMap((topic) => topic.partitions.map((partition) => ({ topic, partition }))),
      image,
    );
    this.#applied(image);
  }

  async #carryOut(image: MetadataImage, delta: MetadataDelta): Promise<void> {
    if (this.#closed) return;
    for (const topic of delta.topics.deleted) await this.#deleteTopic(topic);
    await this.#applyMine(delta.topics.changedPartitions, image);
    for (const { resource, name } of delta.configs) {
      if (resource === 'topic') this.#updateConfig(name, image);
      else if (resource === 'broker') for (const topic of this.#byName.keys()) this.#updateConfig(topic, image);
    }
    this.#applied(image);
  }

  #applied({ offset }: MetadataImage): void {
    this.#appliedOffset = offset;
    this.#onApplied(offset);
  }

  /** Side by side: the directory syncs of many partitions are shared. */
  async #applyMine(changes: readonly { topic: TopicImage; partition: PartitionImage }[], metadata: MetadataImage): Promise<void> {
    const mine = changes.filter(({ partition }) => partition.replicas.includes(this.#options.nodeId));
    await Promise.all(mine.map(({ topic, partition }) => this.#applyPartition(topic, partition, metadata)));
  }

  async #applyPartition(topic: TopicImage, image: PartitionImage, metadata: MetadataImage): Promise<void> {
    let partition: Partition;
    try {
      partition = await this.#openUnlessOpen(topic, image, metadata);
    } catch (error) {
      this.#unopened.set(unopenedKey(topic.id, image.partition), {
        topicId: topic.id,
        index: image.partition,
        failure: asKafkaError(error),
      });
      this.#options.logger.error(
        { topic: topic.name, partition: image.partition, error: String(error) },
        'a partition cannot be opened and stays offline',
      );
      return;
    }
    this.#unopened.delete(unopenedKey(topic.id, image.partition));
    await this.#lead(partition);
  }

  async #openUnlessOpen(topic: TopicImage, image: PartitionImage, metadata: MetadataImage): Promise<Partition> {
    const { logDirectory } = this.#options;
    if (logDirectory.state === 'offline') throw logDirectory.offlineReason;
    const found = this.#byName.get(topic.name)?.get(image.partition);
    if (found !== undefined && found.topicId === topic.id) return found;
    if (found !== undefined) await this.#deletePartition(found);
    return this.#open(topic, image, metadata);
  }

  /** Begins or goes on to lead, by the latest image: what it says may be newer than the change that is being applied (P11). */
  async #lead(partition: Partition): Promise<void> {
    const now = this.#image?.topics.byId(partition.topicId)?.partitions[partition.index];
    if (now?.leader !== this.#options.nodeId || partition.leaderEpoch === now.leaderEpoch) return;
    await partition.becomeLeader(now.leaderEpoch).catch((error: unknown) => {
      this.#options.logger.error({ partition: partition.name, error: String(error) }, 'cannot become leader');
    });
  }

  async #open(topic: TopicImage, image: PartitionImage, metadata: MetadataImage): Promise<Partition> {
    const log = await this.#openLog(topic, image, metadata);
    const partition = new Partition({
      topic: topic.name,
      topicId: topic.id,
      index: image.partition,
      log,
      clock: this.#options.clock,
      logger: this.#options.logger,
    });
    let partitions = this.#byName.get(topic.name);
    if (partitions === undefined) this.#byName.set(topic.name, (partitions = new Map()));
    partitions.set(image.partition, partition);
    return partition;
  }

  async #openLog(topic: TopicImage, image: PartitionImage, metadata: MetadataImage): Promise<PartitionLog> {
    const { logDirectory } = this.#options;
    const config = this.#options.logConfigOf(topic.name, metadata);
    const found = logDirectory.partition(topic.name, image.partition);
    if (found !== undefined && found.topicId === topic.id) {
      found.updateConfig(config);
      return found;
    }
    // A damaged log of this topic, or of nobody knows which, is kept for whoever can repair it; anything else under the name is of a topic that is gone.
    const damaged = this.#damaged(topic.name, image.partition);
    if (damaged !== undefined && (damaged.topicId ?? topic.id) === topic.id) throw damaged.failure;
    if (found !== undefined || damaged !== undefined) await logDirectory.deletePartition(topic.name, image.partition);
    return logDirectory.createPartition(topic.name, image.partition, topic.id, config);
  }

  #damaged(topic: string, index: number) {
    return this.#options.logDirectory.failedPartitions().find((failed) => failed.topic === topic && failed.partition === index);
  }

  async #deleteTopic(topic: TopicImage): Promise<void> {
    const { logDirectory } = this.#options;
    for (const [key, { topicId }] of this.#unopened) if (topicId === topic.id) this.#unopened.delete(key);
    for (const partition of [...(this.#byName.get(topic.name)?.values() ?? [])]) {
      if (partition.topicId === topic.id) await this.#deletePartition(partition);
    }
    for (const failed of logDirectory.failedPartitions()) {
      if (failed.topicId === topic.id) await logDirectory.deletePartition(failed.topic, failed.partition);
    }
  }

  async #deletePartition(partition: Partition): Promise<void> {
    partition.close(new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `${partition.name} was deleted`));
    const partitions = this.#byName.get(partition.topic);
    partitions?.delete(partition.index);
    if (partitions?.size === 0) this.#byName.delete(partition.topic);
    await this.#options.logDirectory.deletePartition(partition.topic, partition.index);
  }

  /** Room that was made on a full disk is used without an operator (S6). */
  #reopen(): void {
    const image = this.#image;
    if (image === undefined || this.#closed) return;
    for (const [key, { topicId, index, failure }] of this.#unopened) {
      if (!(failure instanceof NoSpaceError)) continue;
      this.#work = this.#work
        .then(async () => {
          const topic = this.#image?.topics.byId(topicId);
          const partition = topic?.partitions[index];
          if (this.#closed || !this.#unopened.has(key) || topic === undefined || partition === undefined) return;
          await this.#applyPartition(topic, partition, this.#image!);
        })
        .catch((error: unknown) => this.#failed(error));
    }
  }

  #updateConfig(topic: string, image: MetadataImage): void {
    const partitions = this.#byName.get(topic);
    if (partitions === undefined) return;
    const config = this.#options.logConfigOf(topic, image);
    for (const partition of partitions.values()) partition.log.updateConfig(config);
  }

  async #removeStrays(): Promise<void> {
    if (this.#strayChecked || this.#image === undefined || this.#closed) return;
    this.#strayChecked = true;
    const { logDirectory, nodeId, logger } = this.#options;
    const onDisk = [...logDirectory.partitions(), ...logDirectory.failedPartitions()];
    for (const { topic, partition, topicId } of onDisk) {
      // Without an id nobody can say whose it is.
      if (topic === metadataTopic || topicId === undefined) continue;
      const wanted = this.#image.topics.byId(topicId)?.partitions[partition];
      if (wanted?.replicas.includes(nodeId)) continue;
      logger.info({ partition: `${topic}-${partition}`, topicId }, 'removing a partition that was deleted while this broker was away');
      await logDirectory.deletePartition(topic, partition);
    }
  }

  #sweep(): void {
    for (const partitions of this.#byName.values()) {
      for (const partition of partitions.values()) if (partition.hasWaiters) partition.expireWaiters();
    }
  }

  #goOffline(error: unknown): void {
    const reason = new KafkaError('KAFKA_STORAGE_ERROR', 'the data directory of this broker is offline after a disk error', {
      cause: error,
    });
    for (const partition of this.all()) partition.close(reason);
    this.#byName.clear();
    this.#unopened.clear();
  }

  #failed(error: unknown): void {
    this.#options.logger.error({ error: String(error), stack: (error as Error)?.stack }, 'applying a metadata change failed');
    // With the directory offline nothing can be applied any more, and that is known.
    if (this.#options.logDirectory.state === 'online' && !this.#closed) this.#options.onBroken?.(error);
  }
}

function unopenedKey(topicId: string, index: number): string {
  return `${topicId}/${index}`;
}
