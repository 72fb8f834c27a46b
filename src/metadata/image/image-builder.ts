import assert from 'node:assert/strict';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { PartitionChangeRecord } from '#protocol/stored/partition-change-record.ts';
import type { PartitionRecord } from '#protocol/stored/partition-record.ts';
import { type ConfigChange, compareImages, configKey, type MetadataDelta, type Touched, touchedByEither } from './delta.ts';
import { unassignedDirectory } from './directory-ids.ts';
import {
  type BrokerImage,
  type Brokers,
  type Configs,
  configResourceOf,
  emptyImage,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
  type Topics,
} from './image.ts';
import { keep } from './kept-records.ts';

/** Where in the log an image stands. */
export interface LogPosition {
  readonly offset: bigint;
  readonly leaderEpoch: number;
  readonly timestamp: number;
}

/** A topic that is being changed: its list of partitions belongs to the builder. */
interface OpenTopic {
  readonly name: string;
  readonly id: string;
  readonly partitions: PartitionImage[];
}

/**
 * Makes the next image out of one image and the records that follow it. The cost is that of what changes. A record that does not
 * fit what came before it (a partition of an unknown topic, say) is a broken log: an assertion fails and nothing goes on from there.
 */
export class ImageBuilder {
  readonly #before: MetadataImage;
  readonly #openTopics = new Map<string, OpenTopic>();
  readonly #topicIds = new Set<string>();
  readonly #brokerIds = new Set<number>();
  readonly #changedConfigs = new Map<string, ConfigChange>();
  #topics: Topics;
  #brokers: Brokers;
  #configs: Configs;
  #features: ReadonlyMap<string, number>;
  #nextProducerId: bigint;
  #kept: MetadataImage['kept'];

  constructor(before: MetadataImage = emptyImage) {
    this.#before = before;
    this.#topics = before.topics as Topics;
    this.#brokers = before.brokers as Brokers;
    this.#configs = before.configs as Configs;
    this.#features = before.features;
    this.#nextProducerId = before.nextProducerId;
    this.#kept = before.kept;
  }

  /** Takes in the next record of the log. */
  apply(record: MetadataRecord): void {
    switch (record.name) {
      case 'TopicRecord':
        this.#createTopic(record.value.name, record.value.topicId);
        break;
      case 'PartitionRecord':
        this.#setPartition(record.value);
        break;
      case 'PartitionChangeRecord':
        this.#changePartition(record.value);
        break;
      case 'RemoveTopicRecord':
        this.#removeTopic(record.value.topicId);
        break;
      case 'ClearElrRecord':
        this.#clearElr(record.value.topicName);
        break;
      case 'ConfigRecord':
        this.#setConfig(record.value.resourceType, record.value.resourceName, record.value.name, record.value.value);
        break;
      case 'RegisterBrokerRecord': {
        const { value } = record;
        this.#setBroker({
          id: value.brokerId,
          epoch: value.brokerEpoch,
          incarnationId: value.incarnationId,
          endpoints: value.endPoints.map(({ name, host, port, securityProtocol }) => ({ name, host, port, securityProtocol })),
          features: value.features.map((feature) => ({
            name: feature.name,
            min: feature.minSupportedVersion,
            max: feature.maxSupportedVersion,
          })),
          rack: value.rack,
          fenced: value.fenced,
          inControlledShutdown: value.inControlledShutdown,
          isMigratingZkBroker: value.isMigratingZkBroker,
          directories: value.logDirs,
          cordonedDirectories: value.cordonedLogDirs,
        });
        break;
      }
      case 'UnregisterBrokerRecord':
        this.#broker(record.value.brokerId, record.value.brokerEpoch);
        this.#brokers = this.#brokers.without(record.value.brokerId);
        break;
      case 'FenceBrokerRecord':
        this.#setBroker({ ...this.#broker(record.value.id, record.value.epoch), fenced: true });
        break;
      case 'UnfenceBrokerRecord':
        this.#setBroker({ ...this.#broker(record.value.id, record.value.epoch), fenced: false });
        break;
      case 'BrokerRegistrationChangeRecord': {
        const { value } = record;
        const broker = this.#broker(value.brokerId, value.brokerEpoch);
        this.#setBroker({
          ...broker,
          fenced: value.fenced === 0 ? broker.fenced : value.fenced === 1,
          inControlledShutdown: value.inControlledShutdown === 0 ? broker.inControlledShutdown : value.inControlledShutdown === 1,
          directories: value.logDirs.length === 0 ? broker.directories : value.logDirs,
          cordonedDirectories: value.cordonedLogDirs ?? broker.cordonedDirectories,
        });
        break;
      }
      case 'FeatureLevelRecord':
        this.#setFeature(record.value.name, record.value.featureLevel);
        break;
      case 'ProducerIdsRecord':
        assert(
          record.value.nextProducerId >= this.#nextProducerId,
          `the next producer id falls from ${this.#nextProducerId} to ${record.value.nextProducerId}`,
        );
        this.#nextProducerId = record.value.nextProducerId;
        break;
      case 'NoOpRecord':
      case 'BeginTransactionRecord':
      case 'EndTransactionRecord':
      case 'AbortTransactionRecord':
        break;
      default: {
        const kept = keep(this.#kept, record);
        assert(kept !== undefined, `the metadata log holds a ${record.name}, which is not understood`);
        this.#kept = kept;
      }
    }
  }

  /** The image after the records given so far. */
  build(position: LogPosition): MetadataImage {
    for (const { name, id, partitions } of this.#openTopics.values()) {
      const count = partitions.reduce((sum) => sum + 1, 0); // reduce passes over holes
      assert(count === partitions.length, `topic ${name} has ${count} partitions, numbered up to ${partitions.length - 1}`);
      this.#topics = this.#topics.with({ name, id, partitions: [...partitions] });
    }
    this.#openTopics.clear();
    return {
      offset: position.offset,
      leaderEpoch: position.leaderEpoch,
      timestamp: position.timestamp,
      topics: this.#topics,
      brokers: this.#brokers,
      configs: this.#configs,
      features: this.#features,
      nextProducerId: this.#nextProducerId,
      kept: this.#kept,
    };
  }

  /** What may differ between the image that it began with and the one it makes. */
  get touched(): Touched {
    return { topicIds: this.#topicIds, brokerIds: this.#brokerIds, configs: this.#changedConfigs };
  }

  /** The image after the records given so far, and how it differs from the one before them. */
  finish(position: LogPosition): { image: MetadataImage; delta: MetadataDelta } {
    const image = this.build(position);
    return { image, delta: compareImages(this.#before, image, this.touched) };
  }

  #createTopic(name: string, id: string): void {
    assert(this.#topics.byId(id) === undefined && !this.#openTopics.has(id), `topic id ${id} is given twice`);
    const same = this.#topics.byName(name);
    assert(same === undefined, `topic ${name} is made a second time, as ${id}, while ${same?.id} exists`);
    const topic: OpenTopic = { name, id, partitions: [] };
    this.#topicIds.add(id);
    this.#openTopics.set(id, topic);
    this.#topics = this.#topics.with(topic);
  }

  #removeTopic(id: string): void {
    const topic = this.#topics.byId(id);
    assert(topic !== undefined, `a topic ${id} is removed that does not exist`);
    this.#topicIds.add(id);
    this.#openTopics.delete(id);
    this.#topics = this.#topics.without(topic);
    if (this.#configs.of('topic', topic.name).size > 0) this.#putConfigs('topic', topic.name, new Map());
  }

  #open(id: string): OpenTopic {
    const open = this.#openTopics.get(id);
    if (open !== undefined) return open;
    const topic: TopicImage | undefined = this.#topics.byId(id);
    assert(topic !== undefined, `a partition names the topic ${id}, which does not exist`);
    const opened: OpenTopic = { name: topic.name, id, partitions: [...topic.partitions] };
    this.#topicIds.add(id);
    this.#openTopics.set(id, opened);
    return opened;
  }

  #setPartition(value: PartitionRecord): void {
    const topic = this.#open(value.topicId);
    assert(value.partitionId >= 0, `${topic.name} has a partition ${value.partitionId}`);
    topic.partitions[value.partitionId] = {
      partition: value.partitionId,
      replicas: value.replicas,
      directories: value.directories.length === value.replicas.length ? value.directories : value.replicas.map(() => unassignedDirectory),
      isr: value.isr,
      elr: value.eligibleLeaderReplicas ?? [],
      lastKnownElr: value.lastKnownElr ?? [],
      addingReplicas: value.addingReplicas,
      removingReplicas: value.removingReplicas,
      leader: value.leader,
      leaderEpoch: value.leaderEpoch,
      partitionEpoch: value.partitionEpoch,
      leaderRecoveryState: value.leaderRecoveryState,
    };
  }

  #changePartition(value: PartitionChangeRecord): void {
    const topic = this.#open(value.topicId);
    const partition = topic.partitions[value.partitionId];
    assert(partition !== undefined, `${topic.name}-${value.partitionId} is changed and does not exist`);
    topic.partitions[value.partitionId] = changedPartition(partition, value);
  }

  #clearElr(topicName: string): void {
    const topics = topicName === '' ? this.#topics.all() : [this.#topics.byName(topicName)].filter((topic) => topic !== undefined);
    for (const { id } of topics) {
      const topic = this.#open(id);
      for (const [index, partition] of topic.partitions.entries()) {
        if (partition.elr.length + partition.lastKnownElr.length === 0) continue;
        topic.partitions[index] = { ...partition, elr: [], lastKnownElr: [], partitionEpoch: partition.partitionEpoch + 1 };
      }
    }
  }

  #setConfig(resourceType: number, name: string, key: string, value: string | null): void {
    const resource = configResourceOf(resourceType);
    assert(resource !== undefined, `the metadata log holds a config of resource type ${resourceType}, which is not understood`);
    const values = new Map(this.#configs.of(resource, name));
    if (value === null) values.delete(key);
    else values.set(key, value);
    this.#putConfigs(resource, name, values);
  }

  #putConfigs(resource: ConfigChange['resource'], name: string, values: ReadonlyMap<string, string>): void {
    this.#changedConfigs.set(configKey(resource, name), { resource, name });
    this.#configs = this.#configs.with(resource, name, values);
  }

  #broker(id: number, epoch: bigint): BrokerImage {
    const broker = this.#brokers.get(id);
    assert(
      broker !== undefined && broker.epoch === epoch,
      `broker ${id} of epoch ${epoch} is changed, the one registered has epoch ${broker?.epoch}`,
    );
    this.#brokerIds.add(id);
    return broker;
  }

  #setBroker(broker: BrokerImage): void {
    this.#brokerIds.add(broker.id);
    this.#brokers = this.#brokers.with(broker);
  }

  #setFeature(name: string, level: number): void {
    const features = new Map(this.#features);
    if (level === 0) features.delete(name);
    else features.set(name, level);
    this.#features = new Map([...features].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** The partition after a change: what the record leaves out stays; a leader that is named, even the same, begins a leader epoch. */
export function changedPartition(partition: PartitionImage, change: PartitionChangeRecord): PartitionImage {
  const replicas = change.replicas ?? partition.replicas;
  return {
    partition: partition.partition,
    replicas,
    directories: change.directories ?? directoriesOf(replicas, partition),
    isr: change.isr ?? partition.isr,
    elr: change.eligibleLeaderReplicas ?? partition.elr,
    lastKnownElr: change.lastKnownElr ?? partition.lastKnownElr,
    addingReplicas: change.addingReplicas ?? partition.addingReplicas,
    removingReplicas: change.removingReplicas ?? partition.removingReplicas,
    leader: change.leader === noLeaderChange ? partition.leader : change.leader,
    leaderEpoch: change.leader === noLeaderChange ? partition.leaderEpoch : partition.leaderEpoch + 1,
    partitionEpoch: partition.partitionEpoch + 1,
    leaderRecoveryState: change.leaderRecoveryState === -1 ? partition.leaderRecoveryState : change.leaderRecoveryState,
  };
}

/** What the leader field of a change says when the leader stays. */
export const noLeaderChange = -2;

function directoriesOf(replicas: readonly number[], partition: PartitionImage): readonly string[] {
  if (replicas === partition.replicas) return partition.directories;
  return replicas.map((replica) => partition.directories[partition.replicas.indexOf(replica)] ?? unassignedDirectory);
}

/** The image that a list of records adds up to. */
export function foldRecords(
  records: Iterable<MetadataRecord>,
  position: Partial<LogPosition> = {},
  before: MetadataImage = emptyImage,
): MetadataImage {
  const builder = new ImageBuilder(before);
  for (const record of records) builder.apply(record);
  return builder.build({ offset: before.offset, leaderEpoch: before.leaderEpoch, timestamp: before.timestamp, ...position });
}

/** The image that a snapshot holds, and how it differs from the one before: for a broker that has fallen behind the log's start. */
export function replaceBySnapshot(
  before: MetadataImage,
  records: Iterable<MetadataRecord>,
  position: LogPosition,
): { image: MetadataImage; delta: MetadataDelta } {
  const image = foldRecords(records, position);
  return { image, delta: compareImages(before, image, touchedByEither(before, image)) };
}
