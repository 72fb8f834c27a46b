/** For tests: a controller without a log, whose decisions are applied at once. */
import { SeededRandom } from '#platform';
import type { AlterPartitionRequest } from '#protocol/apis/alter-partition.ts';
import type { BrokerHeartbeatResponseInput } from '#protocol/apis/broker-heartbeat.ts';
import type { BrokerRegistrationRequest } from '#protocol/apis/broker-registration.ts';
import type { CreateTopicsRequest, CreateTopicsResponseInput } from '#protocol/apis/create-topics.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { EffectiveConfigs } from '../configs/effective-configs.ts';
import { supportedFeatures } from '../features.ts';
import { emptyImage, type MetadataImage } from '../image/image.ts';
import { idOf } from '../testing.ts';
import { Controller } from './controller.ts';
import type { ControllerSettings, Decision } from './state.ts';

export const clusterId = 'a-cluster';

/** Like expect, for what is looked at a million times. */
export function must(holds: boolean, what: string, where: () => unknown): void {
  const plain = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  if (!holds) throw new Error(`${what}: ${JSON.stringify(where(), plain)}`);
}

export function registration(
  brokerId: number,
  incarnation = 1,
  changes: Partial<BrokerRegistrationRequest> = {},
): BrokerRegistrationRequest {
  return {
    brokerId,
    clusterId,
    incarnationId: idOf(brokerId * 100 + incarnation),
    listeners: [{ name: 'PLAINTEXT', host: 'localhost', port: 8079 + brokerId, securityProtocol: 0 }],
    features: supportedFeatures.map(({ name, minVersion, maxVersion }) => ({
      name,
      minSupportedVersion: minVersion,
      maxSupportedVersion: maxVersion,
    })),
    rack: null,
    isMigratingZkBroker: false,
    logDirs: [idOf(5000 + brokerId)],
    previousBrokerEpoch: -1n,
    ...changes,
  };
}

export function newTopic(
  name: string,
  changes: Partial<CreateTopicsRequest['topics'][number]> = {},
): CreateTopicsRequest['topics'][number] {
  return { name, numPartitions: 3, replicationFactor: 1, assignments: [], configs: [], ...changes };
}

export interface AlterPartitionChanges {
  readonly brokerId?: number;
  readonly topicId?: string;
  readonly partitionIndex?: number;
  readonly leaderEpoch?: number;
  readonly partitionEpoch?: number;
  readonly leaderRecoveryState?: number;
  /** The epochs of members that are not those registered. */
  readonly epochs?: ReadonlyMap<number, bigint>;
  readonly version?: number;
}

/** Brokers 1, 2 and 3, and the topic orders with one partition on all of them: min.insync.replicas is 2 unless configs say otherwise. */
export function replicated(configs: Record<string, string> = {}): TestCluster {
  const cluster = new TestCluster().startBrokers(1, 2, 3);
  const given = Object.entries(configs).map(([name, value]) => ({ name, value }));
  cluster.createTopics([newTopic('orders', { numPartitions: 1, replicationFactor: 3, configs: given })]);
  return cluster;
}

export class TestCluster {
  readonly records: MetadataRecord[] = [];
  readonly configs: EffectiveConfigs;
  readonly settings: Partial<ControllerSettings>;
  now = 0;
  leaderEpoch = 1;
  controller: Controller;

  constructor(options: { settings?: Partial<ControllerSettings>; properties?: Record<string, string> } = {}) {
    this.settings = options.settings ?? {};
    this.configs = new EffectiveConfigs({ nodeId: 1, properties: new Map(Object.entries(options.properties ?? {})) });
    this.controller = this.#newController(emptyImage);
    this.carryOut({ records: this.controller.bootstrap(), response: undefined });
  }

  get image(): MetadataImage {
    return this.controller.image;
  }

  /** Appends and applies what was decided. */
  carryOut<R>({ records, response }: Decision<R>): R {
    this.records.push(...records);
    if (records.length > 0) this.controller.apply(records, BigInt(this.records.length - 1), this.now);
    return response;
  }

  /** Another controller takes over with all that was decided. */
  failOver(): void {
    this.takeOver(this.image);
  }

  /** Another controller takes over with what was committed. */
  takeOver(image: MetadataImage): void {
    this.leaderEpoch++;
    this.controller = this.#newController(image);
  }

  register(brokerId: number, incarnation = 1, changes: Partial<BrokerRegistrationRequest> = {}) {
    return this.carryOut(this.controller.registerBroker(registration(brokerId, incarnation, changes), this.now));
  }

  /** A heartbeat of the registered incarnation; it has applied everything unless `changes` say otherwise. */
  heartbeat(
    brokerId: number,
    changes: {
      currentMetadataOffset?: bigint;
      wantFence?: boolean;
      wantShutDown?: boolean;
      brokerEpoch?: bigint;
      offlineLogDirs?: string[];
    } = {},
  ): BrokerHeartbeatResponseInput {
    const request = {
      brokerId,
      brokerEpoch: this.image.brokers.get(brokerId)?.epoch ?? -1n,
      currentMetadataOffset: this.image.offset,
      wantFence: false,
      wantShutDown: false,
      offlineLogDirs: [],
      cordonedLogDirs: null,
      ...changes,
    };
    return this.carryOut(this.controller.brokerHeartbeat(request, this.now));
  }

  /** Registers the brokers and puts them into service. */
  startBrokers(...ids: readonly number[]): this {
    for (const id of ids) {
      this.register(id);
      this.heartbeat(id);
    }
    return this;
  }

  /** Lets time pass; the brokers named go on reporting, the others are silent. */
  pass(ms: number, ...alive: readonly number[]): void {
    for (let passed = 0; passed < ms; passed += 500) {
      this.now += 500;
      for (const id of alive) this.heartbeat(id);
      this.carryOut({ records: this.controller.fenceExpired(this.now), response: undefined });
    }
  }

  createTopics(
    topics: CreateTopicsRequest['topics'],
    options: { validateOnly?: boolean; version?: number } = {},
  ): CreateTopicsResponseInput['topics'] {
    const request = { topics, timeoutMs: 1000, validateOnly: options.validateOnly ?? false };
    return this.carryOut(this.controller.createTopics(request, options.version ?? 7)).topics;
  }

  /** The row of the answer for a topic's first partition; null stops a move. */
  reassign(topic: string, replicas: readonly number[] | null, allowReplicationFactorChange = true) {
    const partitions = [{ partitionIndex: 0, replicas: replicas === null ? null : [...replicas] }];
    const request = { timeoutMs: 1000, allowReplicationFactorChange, topics: [{ name: topic, partitions }] };
    return this.carryOut(this.controller.alterPartitionReassignments(request)).responses[0]!.partitions[0]!;
  }

  /** The row of the answer for a topic's first partition. */
  elect(topic: string, type: 'preferred' | 'unclean' = 'preferred') {
    const request = {
      electionType: type === 'preferred' ? 0 : 1,
      topicPartitions: [{ topic, partitions: [0] }],
      timeoutMs: 1000,
    };
    return this.carryOut(this.controller.electLeaders(request)).replicaElectionResults[0]!.partitionResult[0]!;
  }

  /** A broker says where its replica of a topic's first partition lies. Returns the error code of that. */
  assign(brokerId: number, topic: string, directory: string): string {
    const brokerEpoch = this.image.brokers.get(brokerId)!.epoch;
    const topics = [{ topicId: this.image.topics.byName(topic)!.id, partitions: [{ partitionIndex: 0 }] }];
    const request = { brokerId, brokerEpoch, directories: [{ id: directory, topics }] };
    const { errorCode, directories } = this.carryOut(this.controller.assignReplicasToDirs(request));
    return directories[0]?.topics[0]?.partitions[0]?.errorCode ?? errorCode;
  }

  /** Sets a config of a topic, or of all brokers where the topic is ''. */
  configure(topic: string, name: string, value: string) {
    const resource = topic === '' ? { resourceType: 4, resourceName: '' } : { resourceType: 2, resourceName: topic };
    const resources = [{ ...resource, configs: [{ name, configOperation: 0, value }] }];
    return this.carryOut(this.controller.incrementalAlterConfigs({ resources, validateOnly: false })).responses[0]!;
  }

  /** What the leader of a topic's first partition asks for, knowing all, unless `changes` say otherwise. */
  alterPartitionRequest(topic: string, isr: readonly number[], changes: AlterPartitionChanges = {}): AlterPartitionRequest {
    const { id } = this.image.topics.byName(topic)!;
    const partition = this.partition(topic);
    const brokerId = changes.brokerId ?? partition.leader;
    const epochOf = (member: number) => changes.epochs?.get(member) ?? this.image.brokers.get(member)?.epoch ?? -1n;
    return {
      brokerId,
      brokerEpoch: this.image.brokers.get(brokerId)?.epoch ?? -1n,
      topics: [
        {
          topicId: changes.topicId ?? id,
          partitions: [
            {
              partitionIndex: changes.partitionIndex ?? 0,
              leaderEpoch: changes.leaderEpoch ?? partition.leaderEpoch,
              newIsr: changes.version === 2 ? [...isr] : [],
              newIsrWithEpochs: changes.version === 2 ? [] : isr.map((member) => ({ brokerId: member, brokerEpoch: epochOf(member) })),
              leaderRecoveryState: changes.leaderRecoveryState ?? 0,
              partitionEpoch: changes.partitionEpoch ?? partition.partitionEpoch,
            },
          ],
        },
      ],
    };
  }

  /** The row of its answer. */
  alterPartition(topic: string, isr: readonly number[], changes: AlterPartitionChanges = {}) {
    const request = this.alterPartitionRequest(topic, isr, changes);
    return this.carryOut(this.controller.alterPartition(request, changes.version ?? 3)).topics[0]!.partitions[0]!;
  }

  /** The first partition of a topic. */
  partition(topic: string) {
    return this.partitions(topic)[0]!;
  }

  partitions(topic: string) {
    return this.image.topics.byName(topic)?.partitions ?? [];
  }

  leaders(topic: string): number[] {
    return this.partitions(topic).map(({ leader }) => leader);
  }

  #newController(image: MetadataImage): Controller {
    return new Controller({
      clusterId,
      image,
      leaderEpoch: this.leaderEpoch,
      configs: this.configs,
      random: new SeededRandom(`controller ${this.leaderEpoch}`),
      settings: this.settings,
      now: this.now,
    });
  }
}
