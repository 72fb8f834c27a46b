/** What the tests of this folder share: a host whose time and disk are simulated, and metadata that is committed batch by batch. Not part of the program. */
import { encodeRecord, initialMetadataVersion, MetadataLoader } from '#metadata';
import { type Platform, SimulatedWorld, silentLogger } from '#platform';
import { batchesIn, buildRecordBatch, KafkaError, type RecordBatchInput } from '#protocol';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { defaultLogConfig, type LogConfig, LogDirectory, type PartitionLog } from '#storage';
import type { Leadership } from './leader.ts';
import { Partition, type PartitionHost } from './partition.ts';
import type { IsolationLevel, Wanted } from './read-log.ts';
import { ReplicaManager, type ReplicaManagerOptions } from './replica-manager.ts';
import { TopicTraffic } from './topic-traffic.ts';

export const ordersId = 'b3JkZXJzLW9yZGVycy1vcg';
export const ordersAgainId = 'b3JkZXJzLWFnYWluLW9yZA';
export const billsId = 'YmlsbHMtYmlsbHMtYmlsbA';
export const nodeId = 1;

/** The id of the data directory that a broker registers. */
export function directoryOf(brokerId: number): string {
  return Buffer.from(`directory-${brokerId}-----`.slice(0, 16)).toString('base64url');
}

/** A leadership of the only replica. */
export function alone(leaderEpoch: number): Leadership {
  return { leaderEpoch, replicas: [nodeId], isr: [nodeId], partitionEpoch: leaderEpoch };
}

export class Host {
  readonly world: SimulatedWorld;
  directory!: LogDirectory;

  private constructor(seed: number) {
    this.world = new SimulatedWorld({ seed });
  }

  static async start(options: { seed?: number; config?: Partial<LogConfig> } = {}): Promise<Host> {
    const host = new Host(options.seed ?? 1);
    await host.openDirectory(options.config);
    return host;
  }

  get platform(): Platform {
    return this.world.node('broker').platform;
  }

  /** For faults. */
  get disk() {
    return this.world.node('broker').disk;
  }

  async openDirectory(config: Partial<LogConfig> = {}): Promise<LogDirectory> {
    this.directory = await this.done(LogDirectory.open({ platform: this.platform, path: '/data', config }));
    return this.directory;
  }

  /** A partition that this broker leads in epoch 1. */
  async leader(config: Partial<LogConfig> = {}): Promise<Partition> {
    const partition = await this.replica(config);
    await this.done(partition.becomeLeader(alone(1)));
    return partition;
  }

  /** A partition that nobody has told to lead. */
  async replica(config: Partial<LogConfig> = {}): Promise<Partition> {
    const log = await this.done(this.directory.createPartition('orders', 0, ordersId, { ...defaultLogConfig, ...config }));
    return this.partitionOver(log);
  }

  partitionOver(log: PartitionLog, host: Partial<PartitionHost> = {}): Partition {
    return new Partition({ topic: 'orders', topicId: ordersId, index: log.partition, log, host: { ...this.partitionHost(), ...host } });
  }

  /** A broker on which nothing else goes on: everybody may join, one replica is enough, and nobody answers for in-sync sets. */
  partitionHost(): PartitionHost {
    return {
      nodeId,
      brokerEpoch: () => 1n,
      mayJoin: () => true,
      minInsyncReplicas: () => 1,
      replicaLagTimeMaxMs: 10_000,
      clock: this.platform.clock,
      traffic: new TopicTraffic(),
      logger: silentLogger,
      proposeIsr: () => {},
      allowsUncleanLeaders: () => false,
    };
  }

  manager(config: Partial<LogConfig> = {}, options: Partial<ReplicaManagerOptions> = {}): ReplicaManager {
    const nobody = () => new Promise<never>(() => {});
    return new ReplicaManager({
      directoryId: directoryOf(nodeId),
      peers: { fetch: nobody, alterPartition: nobody, assignReplicasToDirs: nobody },
      fetcherSettings: { maxWaitMs: 500, maxBytes: 1 << 20, maxResponseBytes: 10 << 20, backoffMs: 100 },
      replicaLagTimeMaxMs: 10_000,
      brokerEpoch: () => 1n,
      minInsyncReplicasOf: () => 1,
      allowsUncleanLeaders: () => false,
      ...options,
      nodeId,
      logDirectory: this.directory,
      clock: this.platform.clock,
      logger: silentLogger,
      logConfigOf: (topic, image) => {
        const retentionMs = image.configs.of('topic', topic).get('retention.ms');
        return { ...defaultLogConfig, ...config, ...(retentionMs === undefined ? {} : { retentionMs: Number(retentionMs) }) };
      },
    });
  }

  /** Lets virtual time pass until the promise is settled. */
  done<T>(promise: Promise<T>): Promise<T> {
    return this.world.finish(promise);
  }

  pass(ms: number): Promise<unknown> {
    return this.world.run({ forMs: ms });
  }
}

/** Whether a promise has been settled so far, and how. */
export class Observed<T> {
  state: 'waiting' | 'resolved' | 'rejected' = 'waiting';
  error: unknown;

  constructor(promise: Promise<T> | undefined) {
    promise?.then(
      () => {
        this.state = 'resolved';
      },
      (error: unknown) => {
        this.state = 'rejected';
        this.error = error;
      },
    );
  }

  get errorName(): string | undefined {
    return this.error instanceof KafkaError ? this.error.errorName : undefined;
  }
}

export class Metadata {
  readonly loader: MetadataLoader;
  #offset = -1n;

  constructor(host: Host, followers: readonly ReplicaManager[]) {
    this.loader = new MetadataLoader({ clock: host.platform.clock, log: silentLogger });
    for (const manager of followers) this.loader.onImage((image, delta) => manager.apply(image, delta));
  }

  get offset(): bigint {
    return this.#offset;
  }

  commit(...records: MetadataRecord[]): void {
    const baseOffset = this.#offset + 1n;
    this.#offset += BigInt(records.length);
    this.loader.handleCommit({
      baseOffset,
      lastOffset: this.#offset,
      leaderEpoch: 1,
      appendTimestamp: 0,
      records: records.map((record, index) => ({
        offset: baseOffset + BigInt(index),
        value: encodeRecord(record, initialMetadataVersion),
      })),
    });
  }
}

export function batchOf(texts: readonly string[], options: Partial<RecordBatchInput> = {}): Buffer {
  return buildRecordBatch({ records: texts.map((value) => ({ value })), timestamp: Date.UTC(2026, 0, 1), ...options });
}

/** `offset:text` of each record. */
export function textsOf(batches: Buffer): string[] {
  return [...batchesIn(batches)].flatMap((batch) => Array.from(batch.records(), (record) => `${record.offset}:${record.value}`));
}

/** As much as there is from an offset on. */
export function reading(fetchOffset: bigint, isolationLevel: IsolationLevel = 'read_uncommitted'): Wanted {
  return { fetchOffset, maxBytes: 1_000_000, atLeastOne: true, isolationLevel };
}
