import { AssertionError } from 'node:assert/strict';
import {
  lostDirectory,
  type MetadataDelta,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
  unassignedDirectory,
} from '#metadata';
import type { Clock, Logger, Timer } from '#platform';
import { asKafkaError, KafkaError } from '#protocol';
import type { AlterPartitionRequestInput, AlterPartitionResponse } from '#protocol/apis/alter-partition.ts';
import type { AssignReplicasToDirsRequestInput, AssignReplicasToDirsResponse } from '#protocol/apis/assign-replicas-to-dirs.ts';
import type { FetchRequestInput, FetchResponse } from '#protocol/apis/fetch.ts';
import { DamagedLogError, type LogConfig, type LogDirectory, NoSpaceError } from '#storage';
import { DirectoryAssignments } from './directory-assignments.ts';
import { IsrChanges } from './isr-changes.ts';
import { LocalLogs } from './local-logs.ts';
import { Partition, type PartitionHost } from './partition.ts';
import type { FetcherSettings } from './replica-fetcher.ts';
import { ReplicaFetchers } from './replica-fetchers.ts';
import { TopicTraffic } from './topic-traffic.ts';

const sweepMs = 250;
/** How often partitions for which the disk had no room are tried again. */
const reopenMs = 1000;

/** What replicas of other brokers and the controller are asked. All of it rejects with NetworkError or KafkaError. */
export interface ReplicationPeers {
  fetch(leaderId: number, request: FetchRequestInput, lane: number): Promise<FetchResponse>;
  alterPartition(request: AlterPartitionRequestInput): Promise<AlterPartitionResponse>;
  assignReplicasToDirs(request: AssignReplicasToDirsRequestInput): Promise<AssignReplicasToDirsResponse>;
}

export interface ReplicaManagerOptions {
  readonly nodeId: number;
  /** The id of the data directory, as this broker registers it. */
  readonly directoryId: string;
  readonly logDirectory: LogDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly peers: ReplicationPeers;
  readonly fetcherSettings: FetcherSettings;
  readonly replicaLagTimeMaxMs: number;
  /** Of this incarnation; -1 while it is not registered. */
  readonly brokerEpoch: () => bigint;
  /** How a topic's log behaves, by the configuration in force. */
  readonly logConfigOf: (topic: string, image: MetadataImage) => LogConfig;
  /** min.insync.replicas in force for a topic. */
  readonly minInsyncReplicasOf: (topic: string, partition: number, image: MetadataImage) => number;
  /** unclean.leader.election.enable */
  readonly allowsUncleanLeaders: (topic: string, image: MetadataImage) => boolean;
  /**
   * Does the image know of this broker's present life? Until then a broker reads again what was long ago: leaderships in epochs that are over, and topics
   * whose names belong to others by now, with logs that lie on this disk. Without this function it always does.
   */
  readonly isOfThisLife?: (image: MetadataImage) => boolean;
  /** A change of metadata could not be applied for no reason that is known, or an invariant did not hold: this broker must not go on as if nothing had happened. */
  readonly onBroken?: (error: unknown) => void;
}

export type LeadershipListener = (partition: Partition, leaderEpoch: number | undefined) => void;

/** A replica that should be here and whose log cannot be used. */
interface Unopened {
  readonly topicId: string;
  readonly index: number;
  readonly failure: KafkaError;
}

/**
 * Brings the replicas on this broker's disk in line with the cluster's metadata and finds them for requests. It begins with the first image that is of
 * this broker's present life, taken as a whole; from there it goes change by change and in order.
 * A change counts as applied ({@link appliedOffset}) only when the disk and the leaderships are as it says: this is what the
 * broker reports to the controller, and what creating a topic waits for.
 */
export class ReplicaManager {
  readonly #options: ReplicaManagerOptions;
  readonly #logs: LocalLogs;
  readonly #fetchers: ReplicaFetchers;
  readonly #isrChanges: IsrChanges;
  readonly #assignments: DirectoryAssignments;
  readonly #byName = new Map<string, Map<number, Partition>>();
  readonly #traffic = new Map<string, TopicTraffic>();
  /** By {@link replicaKey}. */
  readonly #unopened = new Map<string, Unopened>();
  readonly #timers: Timer[];
  #image: MetadataImage | undefined;
  #appliedOffset = -1n;
  #work: Promise<void> = Promise.resolve();
  #onApplied: (offset: bigint) => void = () => {};
  readonly #leadershipListeners: LeadershipListener[] = [];
  #strayChecked = false;
  /** The first image of this life has come. */
  #hasBegun = false;
  #closed = false;

  constructor(options: ReplicaManagerOptions) {
    this.#options = options;
    const { nodeId, brokerEpoch, clock, logger, peers, logDirectory } = options;
    this.#logs = new LocalLogs(options);
    this.#isrChanges = new IsrChanges({ nodeId, brokerEpoch, clock, logger, send: (request) => peers.alterPartition(request) });
    this.#assignments = new DirectoryAssignments({
      nodeId,
      brokerEpoch,
      clock,
      logger,
      send: (request) => peers.assignReplicasToDirs(request),
    });
    this.#fetchers = new ReplicaFetchers({
      nodeId,
      brokerEpoch,
      clock,
      logger,
      settings: options.fetcherSettings,
      send: (leaderId, request, lane) => peers.fetch(leaderId, request, lane),
      onFailed: (partition, error) => this.#replicaFailed(partition, error),
      onBroken: (error) => this.#failed(error),
    });
    logDirectory.onOffline((error) => this.#goOffline(error));
    this.#timers = [clock.every(sweepMs, () => this.#sweep()), clock.every(reopenMs, () => this.#reopen())];
  }

  /** The metadata offset up to which disk and leaderships follow the image; -1 at the beginning. */
  get appliedOffset(): bigint {
    return this.#appliedOffset;
  }

  onApplied(callback: (offset: bigint) => void): void {
    this.#onApplied = callback;
  }

  /** Tells of every leadership of this broker: the epoch in which one begins or goes on, undefined when it has ended. */
  onLeadership(listener: LeadershipListener): void {
    this.#leadershipListeners.push(listener);
  }

  /** Takes over a new image; returns at once, the work is done in order. */
  apply(image: MetadataImage, delta: MetadataDelta): void {
    this.#image = image;
    if (!this.#hasBegun && this.#options.isOfThisLife?.(image) === false) return;
    const work = this.#hasBegun ? () => this.#carryOut(image, delta) : () => this.#begin(image);
    this.#hasBegun = true;
    this.#reactAtOnce(delta);
    this.#work = this.#work.then(work).catch((error: unknown) => this.#failed(error));
  }

  /**
   * After the broker has caught up with the cluster once: directories on disk whose topic is gone, or was made again under
   * another id, belong to topics that were deleted while this broker was down. They are removed.
   */
  removeDeletedTopics(): Promise<void> {
    this.#work = this.#work
      .then(async () => {
        if (this.#strayChecked || this.#image === undefined || this.#closed) return;
        this.#strayChecked = true;
        await this.#logs.deleteStrays(this.#image);
      })
      .catch((error: unknown) => this.#failed(error));
    return this.#work;
  }

  /**
   * The partition, when this broker leads it.
   * @param topicId of the topic that is meant, where that is known: data of another topic that had the name is never given (M3)
   * @throws KafkaError UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH
   */
  leader(topic: string, index: number, currentLeaderEpoch = -1, topicId?: string): Partition {
    const partition = this.#find(topic, index, topicId);
    partition.checkLeader(currentLeaderEpoch);
    return partition;
  }

  /** The partition, when this broker leads or follows it: for readers that take a follower (KIP-392). @throws KafkaError as {@link leader} */
  readable(topic: string, index: number, currentLeaderEpoch = -1, topicId?: string): Partition {
    const partition = this.#find(topic, index, topicId);
    partition.checkReplica(currentLeaderEpoch);
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

  /** Replicas that should be here and cannot be used: damaged, or their disk was full when they were to be opened. */
  get unusableReplicas(): number {
    return this.#unopened.size;
  }

  /** What went in and out, by the name of the topic. Of topics that are gone nothing is told. */
  get traffic(): ReadonlyMap<string, TopicTraffic> {
    return this.#traffic;
  }

  /** Ends all leaderships; waiting producers are told. The logs are closed by their directory. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#fetchers.close();
    this.#isrChanges.close();
    this.#assignments.close();
    await this.#work;
    for (const partition of this.all()) partition.close(new KafkaError('NOT_LEADER_OR_FOLLOWER', 'this broker is shutting down'));
  }

  #find(topic: string, index: number, topicId: string | undefined): Partition {
    const partition = this.#byName.get(topic)?.get(index);
    if (partition === undefined || (topicId !== undefined && partition.topicId !== topicId)) throw this.#absent(topic, index);
    return partition;
  }

  #absent(topic: string, index: number): KafkaError {
    const known = this.#image?.topics.byName(topic);
    const partition = known?.partitions[index];
    if (known === undefined || partition === undefined)
      return new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no partition ${index} of topic ${topic}`);
    if (this.#options.logDirectory.state === 'offline' && partition.replicas.includes(this.#options.nodeId)) {
      return new KafkaError('KAFKA_STORAGE_ERROR', `${topic}-${index} is on a directory of this broker that is offline`);
    }
    const unopened = this.#unopened.get(replicaKey(known.id, index));
    if (unopened !== undefined) return unopened.failure;
    const leader = partition.leader === -1 ? 'has no leader at the moment' : `is led by broker ${partition.leader}`;
    return new KafkaError('NOT_LEADER_OR_FOLLOWER', `${topic}-${index} ${leader}`);
  }

  /** A leadership that is lost ends in the same moment in which this broker learns of it; and nothing that is open waits for the disk of others. */
  #reactAtOnce(delta: MetadataDelta): void {
    for (const topic of delta.topics.deleted) {
      for (const partition of this.#byName.get(topic.name)?.values() ?? []) {
        if (partition.topicId === topic.id) this.#retire(partition);
      }
    }
    for (const { topic, partition: image } of delta.topics.changedPartitions) {
      const partition = this.#byName.get(topic.name)?.get(image.partition);
      if (partition?.topicId === topic.id) void this.#takeRole(partition);
    }
  }

  #retire(partition: Partition): void {
    partition.resign();
    this.#fetchers.forget(partition);
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
    for (const { topic, partition } of delta.topics.changedPartitions) await this.#deleteIfMovedAway(topic, partition);
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
    const key = replicaKey(topic.id, image.partition);
    let partition: Partition;
    try {
      partition = await this.#openUnlessOpen(topic, image, metadata);
    } catch (thrown) {
      const failure = asKafkaError(thrown);
      const isNews = this.#unopened.get(key)?.failure !== failure;
      this.#unopened.set(key, { topicId: topic.id, index: image.partition, failure });
      if (failure instanceof DamagedLogError) this.#assignments.assign(topic.id, image.partition, lostDirectory);
      if (isNews)
        this.#options.logger.error(
          { topic: topic.name, partition: image.partition, error: failure.message },
          'a partition cannot be opened and stays offline',
        );
      return;
    }
    this.#unopened.delete(key);
    this.#noteDirectory(topic, image);
    await this.#takeRole(partition);
  }

  async #openUnlessOpen(topic: TopicImage, image: PartitionImage, metadata: MetadataImage): Promise<Partition> {
    const found = this.#byName.get(topic.name)?.get(image.partition);
    if (found !== undefined && found.topicId === topic.id) return found;
    if (found !== undefined) await this.#deletePartition(found);
    const mayStartAnew = directoryOf(image, this.#options.nodeId) === lostDirectory && !this.#mayBeElected(image);
    const log = await this.#logs.open(topic, image, metadata, mayStartAnew);
    const partition = new Partition({
      topic: topic.name,
      topicId: topic.id,
      index: image.partition,
      log,
      host: this.#hostOf(topic.name, image.partition),
    });
    let partitions = this.#byName.get(topic.name);
    if (partitions === undefined) this.#byName.set(topic.name, (partitions = new Map()));
    partitions.set(image.partition, partition);
    return partition;
  }

  #hostOf(topic: string, index: number): PartitionHost {
    const { nodeId, brokerEpoch, replicaLagTimeMaxMs, clock, logger, minInsyncReplicasOf, allowsUncleanLeaders } = this.#options;
    return {
      nodeId,
      brokerEpoch,
      replicaLagTimeMaxMs,
      clock,
      logger,
      traffic: this.#trafficOf(topic),
      mayJoin: (brokerId, epoch) => this.#mayJoin(brokerId, epoch),
      minInsyncReplicas: () => (this.#image === undefined ? 1 : minInsyncReplicasOf(topic, index, this.#image)),
      allowsUncleanLeaders: () => this.#image !== undefined && allowsUncleanLeaders(topic, this.#image),
      proposeIsr: (partition, proposal) => this.#isrChanges.propose(partition, proposal),
      leadershipChanged: (partition, leaderEpoch) => {
        for (const listener of this.#leadershipListeners) listener(partition, leaderEpoch);
      },
    };
  }

  #trafficOf(topic: string): TopicTraffic {
    let traffic = this.#traffic.get(topic);
    if (traffic === undefined) this.#traffic.set(topic, (traffic = new TopicTraffic()));
    return traffic;
  }

  /** One that fetches without saying as which incarnation could be a former one. */
  #mayJoin(brokerId: number, brokerEpoch: bigint): boolean {
    const broker = this.#image?.brokers.get(brokerId);
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown && broker.epoch === brokerEpoch;
  }

  #mayBeElected({ isr, elr, leader }: PartitionImage): boolean {
    const { nodeId } = this.#options;
    return leader === nodeId || isr.includes(nodeId) || elr.includes(nodeId);
  }

  /**
   * The controller must know in which directory a replica lies, or it does not let it lead. One that may be elected as it is, and lies elsewhere by the metadata, is on a
   * disk that was replaced: what it holds is not what it was elected for, and it must not be taken for that.
   */
  #noteDirectory(topic: TopicImage, image: PartitionImage): void {
    const { directoryId } = this.#options;
    const known = directoryOf(image, this.#options.nodeId);
    if (known === directoryId) this.#assignments.settled(topic.id, image.partition);
    else if (known === unassignedDirectory || !this.#mayBeElected(image)) this.#assignments.assign(topic.id, image.partition, directoryId);
  }

  /** Leads, follows or neither, by the latest image: what it says may be newer than the change that is being applied (P11). */
  async #takeRole(partition: Partition): Promise<void> {
    if (partition.isClosed) return;
    const { nodeId, logger } = this.#options;
    const now = this.#image?.topics.byId(partition.topicId)?.partitions[partition.index];
    if (now === undefined || now.leader === -1 || !now.replicas.includes(nodeId)) {
      this.#retire(partition);
      return;
    }
    try {
      partition.log.checkEpoch(now.leaderEpoch);
    } catch (error) {
      this.#replicaFailed(partition, asKafkaError(error));
      return;
    }
    if (now.leader === nodeId) {
      this.#fetchers.forget(partition);
      await partition.becomeLeader(now).catch((error: unknown) => {
        if (error instanceof AssertionError) this.#failed(error);
        else logger.error({ partition: partition.name, error: String(error) }, 'cannot become leader');
      });
    } else if (partition.following?.leaderId !== now.leader || partition.following.leaderEpoch !== now.leaderEpoch) {
      partition.becomeFollower({ leaderId: now.leader, leaderEpoch: now.leaderEpoch });
      this.#fetchers.follow(partition);
    }
  }

  async #deleteTopic(topic: TopicImage): Promise<void> {
    for (const [key, { topicId }] of this.#unopened) if (topicId === topic.id) this.#unopened.delete(key);
    for (const partition of [...(this.#byName.get(topic.name)?.values() ?? [])]) {
      if (partition.topicId === topic.id) await this.#deletePartition(partition);
    }
    await this.#logs.deleteDamaged(topic);
    if (!this.#byName.has(topic.name)) this.#traffic.delete(topic.name);
  }

  /** A reassignment has moved the replica to another broker. */
  async #deleteIfMovedAway(topic: TopicImage, image: PartitionImage): Promise<void> {
    if (image.replicas.includes(this.#options.nodeId)) return;
    this.#unopened.delete(replicaKey(topic.id, image.partition));
    const partition = this.#byName.get(topic.name)?.get(image.partition);
    if (partition?.topicId === topic.id) await this.#deletePartition(partition);
    await this.#logs.deleteDamaged(topic, image.partition);
  }

  async #deletePartition(partition: Partition): Promise<void> {
    this.#assignments.settled(partition.topicId, partition.index);
    this.#drop(partition, new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `${partition.name} was deleted`));
    await this.#logs.delete(partition.topic, partition.index);
  }

  #drop(partition: Partition, reason: KafkaError): void {
    partition.close(reason);
    this.#fetchers.forget(partition);
    const partitions = this.#byName.get(partition.topic);
    if (partitions?.get(partition.index) !== partition) return;
    partitions.delete(partition.index);
    if (partitions.size === 0) this.#byName.delete(partition.topic);
  }

  /** The replica's log cannot be used any more. When it is damaged the controller is told, so that others lead, and it can be fetched anew from them (S3). */
  #replicaFailed(partition: Partition, failure: KafkaError): void {
    // One that has closed itself, as its log could not be flushed, is still among them: nobody has told the controller yet.
    if (this.replica(partition.topic, partition.index) !== partition) return;
    this.#options.logger.error({ partition: partition.name, error: failure.message }, 'a replica cannot be used any more and is offline');
    this.#drop(partition, failure);
    const { topicId, index } = partition;
    this.#unopened.set(replicaKey(topicId, index), { topicId, index, failure });
    if (failure instanceof DamagedLogError) this.#assignments.assign(topicId, index, lostDirectory);
  }

  /** Room that was made on a full disk is used without an operator (S6). */
  #reopen(): void {
    const image = this.#image;
    if (image === undefined || this.#closed) return;
    for (const [key, { topicId, index, failure }] of this.#unopened) {
      const topic = image.topics.byId(topicId);
      const mayWork = failure instanceof NoSpaceError || (topic !== undefined && this.#options.allowsUncleanLeaders(topic.name, image));
      if (!mayWork || failure instanceof DamagedLogError) continue;
      this.#work = this.#work
        .then(async () => {
          const now = this.#image?.topics.byId(topicId);
          const partition = now?.partitions[index];
          if (this.#closed || !this.#unopened.has(key) || now === undefined || partition === undefined) return;
          await this.#applyPartition(now, partition, this.#image!);
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

  #sweep(): void {
    for (const partitions of [...this.#byName.values()]) {
      for (const partition of [...partitions.values()]) {
        const { failure } = partition.log;
        if (failure instanceof DamagedLogError) this.#replicaFailed(partition, failure);
        else partition.tick();
      }
    }
  }

  #goOffline(error: unknown): void {
    const reason = new KafkaError('KAFKA_STORAGE_ERROR', 'the data directory of this broker is offline after a disk error', {
      cause: error,
    });
    for (const partition of this.all()) this.#drop(partition, reason);
    this.#unopened.clear();
  }

  #failed(error: unknown): void {
    this.#options.logger.error({ error: String(error), stack: (error as Error)?.stack }, 'applying a metadata change failed');
    // With the directory offline nothing can be applied any more, and that is known.
    if (this.#options.logDirectory.state === 'online' && !this.#closed) this.#options.onBroken?.(error);
  }
}

function replicaKey(topicId: string, index: number): string {
  return `${topicId}/${index}`;
}

/** In which of the broker's directories its replica lies, by the metadata. */
function directoryOf({ replicas, directories }: PartitionImage, brokerId: number): string {
  return directories[replicas.indexOf(brokerId)] ?? unassignedDirectory;
}
