import assert from 'node:assert/strict';
import type { Random } from '#platform';
import type { AllocateProducerIdsRequest, AllocateProducerIdsResponseInput } from '#protocol/apis/allocate-producer-ids.ts';
import type { AlterConfigsRequest, AlterConfigsResponseInput } from '#protocol/apis/alter-configs.ts';
import type { AlterPartitionRequest, AlterPartitionResponseInput } from '#protocol/apis/alter-partition.ts';
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponseInput,
} from '#protocol/apis/alter-partition-reassignments.ts';
import type { AssignReplicasToDirsRequest, AssignReplicasToDirsResponseInput } from '#protocol/apis/assign-replicas-to-dirs.ts';
import type { BrokerHeartbeatRequest, BrokerHeartbeatResponseInput } from '#protocol/apis/broker-heartbeat.ts';
import type { BrokerRegistrationRequest, BrokerRegistrationResponseInput } from '#protocol/apis/broker-registration.ts';
import type { CreatePartitionsRequest, CreatePartitionsResponseInput } from '#protocol/apis/create-partitions.ts';
import type { CreateTopicsRequest, CreateTopicsResponseInput } from '#protocol/apis/create-topics.ts';
import type { DeleteTopicsRequest, DeleteTopicsResponseInput } from '#protocol/apis/delete-topics.ts';
import type { ElectLeadersRequest, ElectLeadersResponseInput } from '#protocol/apis/elect-leaders.ts';
import type { IncrementalAlterConfigsRequest } from '#protocol/apis/incremental-alter-configs.ts';
import type {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponseInput,
} from '#protocol/apis/list-partition-reassignments.ts';
import type { UnregisterBrokerRequest, UnregisterBrokerResponseInput } from '#protocol/apis/unregister-broker.ts';
import type { UpdateFeaturesRequest, UpdateFeaturesResponseInput } from '#protocol/apis/update-features.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { EffectiveConfigs } from '../configs/effective-configs.ts';
import type { MetadataDelta } from '../image/delta.ts';
import type { MetadataImage } from '../image/image.ts';
import { ImageBuilder } from '../image/image-builder.ts';
import { collisionKey, mayCollide } from '../topic-names.ts';
import { allocateProducerIds } from './allocate-producer-ids.ts';
import { alterConfigs, incrementalAlterConfigs } from './alter-configs.ts';
import { alterPartition } from './alter-partition.ts';
import { alterPartitionReassignments } from './alter-partition-reassignments.ts';
import { assignReplicasToDirs } from './assign-replicas-to-dirs.ts';
import { bootstrapRecords } from './bootstrap-records.ts';
import { brokerHeartbeat } from './broker-heartbeat.ts';
import { createPartitions } from './create-partitions.ts';
import { createTopics } from './create-topics.ts';
import { deleteTopics } from './delete-topics.ts';
import { balanceLeaders, electLeaders } from './elect-leaders.ts';
import { fenceExpired, fenceVanished } from './fencing.ts';
import { listPartitionReassignments } from './list-partition-reassignments.ts';
import { registerBroker } from './register-broker.ts';
import { BrokerSessions } from './sessions.ts';
import { type ControllerSettings, type ControllerState, type Decision, defaultControllerSettings } from './state.ts';
import { unregisterBroker } from './unregister-broker.ts';
import { updateFeatures } from './update-features.ts';

export interface ControllerOptions {
  readonly clusterId: string;
  /** What was committed when this leadership began. */
  readonly image: MetadataImage;
  readonly leaderEpoch: number;
  readonly configs: EffectiveConfigs;
  readonly random: Random;
  readonly settings?: Partial<ControllerSettings>;
  /** Monotonic time: all brokers in service get a full session from here. */
  readonly now: number;
}

/**
 * The controller of one leadership: requests in, records and answers out. A decision changes nothing by itself; {@link apply} with its
 * records does, and is to be called as soon as they stand in the log, so that the next decision sees them although they are not yet
 * committed. When the leadership is lost the whole object is thrown away, and nothing that was not committed is left of it.
 */
export class Controller implements ControllerState {
  readonly clusterId: string;
  readonly configs: EffectiveConfigs;
  readonly random: Random;
  readonly settings: ControllerSettings;
  readonly sessions: BrokerSessions;
  readonly #leaderEpoch: number;
  /** The topics whose names could collide with another, by collision key. */
  readonly #collisions = new Map<string, Set<string>>();
  #image: MetadataImage;
  #nextOffset: bigint;
  #answeredOffset = -1n;

  constructor(options: ControllerOptions) {
    this.clusterId = options.clusterId;
    this.configs = options.configs;
    this.random = options.random;
    this.settings = { ...defaultControllerSettings, ...options.settings };
    this.sessions = new BrokerSessions(this.settings.sessionTimeoutMs);
    this.#leaderEpoch = options.leaderEpoch;
    this.#image = options.image;
    this.#nextOffset = options.image.offset + 1n;
    for (const topic of this.#image.topics.all()) this.#noteName(topic.name);
    for (const broker of this.#image.brokers.all()) if (!broker.fenced) this.sessions.begin(broker.id, broker.epoch, options.now);
  }

  get image(): MetadataImage {
    return this.#image;
  }

  get nextOffset(): bigint {
    return this.#nextOffset;
  }

  /** The log has grown by itself, with records that are not the controller's. */
  set nextOffset(offset: bigint) {
    assert(offset >= this.#nextOffset, `the log's end falls from ${this.#nextOffset} to ${offset}`);
    this.#nextOffset = offset;
  }

  get answeredOffset(): bigint {
    return this.#answeredOffset;
  }

  /** A client is being told that the topic change at this offset is done. */
  noteAnswered(offset: bigint): void {
    if (offset > this.#answeredOffset) this.#answeredOffset = offset;
  }

  collidingTopic(name: string): string | undefined {
    for (const other of this.#collisions.get(collisionKey(name)) ?? []) if (other !== name) return other;
    return undefined;
  }

  /** What this leadership has to write first. */
  bootstrap(): MetadataRecord[] {
    return bootstrapRecords(this);
  }

  createTopics(request: CreateTopicsRequest, version: number): Decision<CreateTopicsResponseInput> {
    return createTopics(this, request, version);
  }

  deleteTopics(request: DeleteTopicsRequest, version: number): Decision<DeleteTopicsResponseInput> {
    return deleteTopics(this, request, version);
  }

  createPartitions(request: CreatePartitionsRequest): Decision<CreatePartitionsResponseInput> {
    return createPartitions(this, request);
  }

  alterConfigs(request: AlterConfigsRequest): Decision<AlterConfigsResponseInput> {
    return alterConfigs(this, request);
  }

  incrementalAlterConfigs(request: IncrementalAlterConfigsRequest): Decision<AlterConfigsResponseInput> {
    return incrementalAlterConfigs(this, request);
  }

  registerBroker(request: BrokerRegistrationRequest, now: number): Decision<BrokerRegistrationResponseInput> {
    return registerBroker(this, request, now);
  }

  brokerHeartbeat(request: BrokerHeartbeatRequest, now: number): Decision<BrokerHeartbeatResponseInput> {
    return brokerHeartbeat(this, request, now);
  }

  alterPartition(request: AlterPartitionRequest, version: number): Decision<AlterPartitionResponseInput> {
    return alterPartition(this, request, version);
  }

  electLeaders(request: ElectLeadersRequest): Decision<ElectLeadersResponseInput> {
    return electLeaders(this, request);
  }

  alterPartitionReassignments(request: AlterPartitionReassignmentsRequest): Decision<AlterPartitionReassignmentsResponseInput> {
    return alterPartitionReassignments(this, request);
  }

  listPartitionReassignments(request: ListPartitionReassignmentsRequest): Decision<ListPartitionReassignmentsResponseInput> {
    return listPartitionReassignments(this, request);
  }

  assignReplicasToDirs(request: AssignReplicasToDirsRequest): Decision<AssignReplicasToDirsResponseInput> {
    return assignReplicasToDirs(this, request);
  }

  unregisterBroker(request: UnregisterBrokerRequest): Decision<UnregisterBrokerResponseInput> {
    return unregisterBroker(this, request);
  }

  allocateProducerIds(request: AllocateProducerIdsRequest): Decision<AllocateProducerIdsResponseInput> {
    return allocateProducerIds(this, request);
  }

  updateFeatures(request: UpdateFeaturesRequest): Decision<UpdateFeaturesResponseInput> {
    return updateFeatures(this, request);
  }

  /** Those who were silent for a session go out of service. */
  fenceExpired(now: number): MetadataRecord[] {
    return fenceExpired(this, now);
  }

  /** Leaderships go back to the preferred replicas that can lead, if that is wanted. */
  balanceLeaders(): MetadataRecord[] {
    return this.configs.broker(this.#image, 'auto.leader.rebalance.enable')?.trim().toLowerCase() === 'true' ? balanceLeaders(this) : [];
  }

  /** One that is known to be gone goes out of service without waiting for its session to end. */
  fenceVanished(brokerId: number, brokerEpoch: bigint): MetadataRecord[] {
    return fenceVanished(this, brokerId, brokerEpoch);
  }

  /** When the first session of a broker in service ends; undefined when none is in service. */
  nextExpiry(): number | undefined {
    const ends = this.#image.brokers.all().flatMap((broker) => (broker.fenced ? [] : [this.sessions.expiryOf(broker.id) ?? 0]));
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /**
   * The only writer of lasting state: the records stand in the log now.
   * @param lastOffset of the last of them
   */
  apply(records: readonly MetadataRecord[], lastOffset: bigint, now: number): void {
    const builder = new ImageBuilder(this.#image);
    for (const record of records) builder.apply(record);
    const { image, delta } = builder.finish({ offset: lastOffset, leaderEpoch: this.#leaderEpoch, timestamp: this.#image.timestamp });
    this.#image = image;
    this.nextOffset = lastOffset + 1n;
    this.#follow(delta, now);
  }

  #follow(delta: MetadataDelta, now: number): void {
    for (const topic of delta.topics.deleted) this.#collisions.get(collisionKey(topic.name))?.delete(topic.name);
    for (const topic of delta.topics.created) this.#noteName(topic.name);
    for (const { id, before, after } of delta.brokers) {
      if (after === undefined) this.sessions.end(id);
      else if (before?.epoch !== after.epoch) this.sessions.begin(id, after.epoch, now);
      else if (after.fenced && !before.fenced) this.sessions.end(id);
    }
  }

  #noteName(name: string): void {
    if (!mayCollide(name)) return;
    const key = collisionKey(name);
    const names = this.#collisions.get(key);
    if (names === undefined) this.#collisions.set(key, new Set([name]));
    else names.add(name);
  }
}
