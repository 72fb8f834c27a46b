/**
 * What the tests of this folder share: the dispatcher and all its handlers over real partitions on a simulated disk, with metadata that is
 * committed batch by batch and fakes for controller and raft. Requests and answers go through their bytes. Not part of the program.
 */
import {
  type ControllerService,
  EffectiveConfigs,
  encodeRecord,
  initialMetadataVersion,
  type MetadataImage,
  MetadataLoader,
} from '#metadata';
import { newTopic } from '#metadata/testing.ts';
import { type Address, type Logger, type Platform, SimulatedWorld } from '#platform';
import {
  type Api,
  batchesIn,
  buildRecordBatch,
  decodeResponse,
  encodeRequest,
  KafkaError,
  type RecordBatchInput,
  type RequestInput,
  type ResponseOf,
  withDefaults,
} from '#protocol';
import { type WriteTxnMarkersRequestInput, type WriteTxnMarkersResponse, writeTxnMarkers } from '#protocol/apis/write-txn-markers.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { Raft } from '#raft';
import { type Partition, ReplicaManager, type ReplicationPeers } from '#replication';
import { LogDirectory } from '#storage';
import type { Answer, ClientConnection } from '#transport';
import type { Services } from './context.ts';
import { LedPartition } from './coordinator-log.ts';
import { Coordinators } from './coordinators.ts';
import { Dispatcher, type DispatcherOptions } from './dispatcher.ts';
import { FetchSessions } from './fetch-sessions.ts';
import { Groups } from './groups.ts';
import type { Handler } from './handler.ts';
import { allHandlers } from './handlers/index.ts';
import { offsetsTopic } from './internal-topics.ts';
import { ProducerIds } from './producer-ids.ts';
import type { TransactionQuestion } from './transaction-verifier.ts';
import { startTransactions } from './transactions.ts';
import { VanishedBrokers } from './vanished-brokers.ts';

export const nodeId = 1;
export const clusterId = 'the-cluster-the-cluste';
export const ordersId = 'b3JkZXJzLW9yZGVycy1vcg';
export const ordersAgainId = 'b3JkZXJzLWFnYWluLW9yZA';
export const billsId = 'YmlsbHMtYmlsbHMtYmlsbA';
export const startMs = Date.UTC(2026, 0, 1);

/** A client's connection that a test may end. */
export class FakeClient implements ClientConnection {
  readonly id = 1;
  readonly remote: Address = { host: '10.0.0.7', port: 51000 };
  readonly local: Address = { host: '127.0.0.1', port: 9092 };
  trusted = false;
  closed = false;
  clientSoftware?: { name: string; version: string };
  readonly closeCallbacks: (() => void)[] = [];

  onClose(callback: () => void): void {
    this.closeCallbacks.push(callback);
  }

  leave(): void {
    this.closed = true;
    for (const callback of this.closeCallbacks.splice(0)) callback();
  }
}

/** Keeps what is logged as a warning or an error. */
export function recordingLog(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const keep = (_fields: object, message: string): void => {
    lines.push(message);
  };
  const log: Logger = { debug() {}, info() {}, warn: keep, error: keep, child: () => log };
  return { log, lines };
}

export interface TestBrokerOptions {
  readonly properties?: Readonly<Record<string, string>>;
  readonly clusterId?: string | undefined;
  readonly controller?: Partial<Record<keyof ControllerService, unknown>>;
  readonly raft?: Partial<Record<keyof Raft, unknown>>;
  readonly allocate?: () => Promise<{ first: bigint; length: number }>;
  readonly peers?: Partial<ReplicationPeers>;
}

export class TestBroker {
  readonly world = new SimulatedWorld({ seed: 1 });
  readonly platform: Platform;
  readonly lines: string[];
  readonly client = new FakeClient();
  /** Requests to the controller that this broker made itself. */
  readonly sent: { api: string; request: unknown }[] = [];
  /** What the controller answers to them. */
  onSend: (api: Api, request: unknown) => Promise<unknown> = async () => ({ topics: [] });
  /** Frames that were passed on, and what happens to them. */
  readonly forwarded: Buffer[] = [];
  onForward: (frame: Buffer) => Promise<Buffer> = () => new Promise(() => {});
  /** What the coordinator of a transaction says of a partition. */
  onTransaction: (question: TransactionQuestion) => Promise<void> = async () => {
    throw new KafkaError('COORDINATOR_NOT_AVAILABLE');
  };
  /** What happens to markers that this broker's coordinator sends: without a word against it they are written here. */
  onMarkers: (brokerId: number, request: WriteTxnMarkersRequestInput) => Promise<WriteTxnMarkersResponse> = async (_, request) =>
    withDefaults(
      writeTxnMarkers.response,
      await this.dispatcher.dispatchLocal(writeTxnMarkers, withDefaults(writeTxnMarkers.request, request) as never),
    ) as never;
  isFormed = true;
  controllerId = 2;
  readonly loader: MetadataLoader;
  readonly logDirectory: LogDirectory;
  readonly partitions: ReplicaManager;
  readonly groups: Groups;
  readonly services: Services;
  readonly dispatcher: Dispatcher;
  readonly #log: Logger;
  #offset = -1n;
  #correlationId = 0;

  private constructor(options: TestBrokerOptions, world: SimulatedWorld, logDirectory: LogDirectory) {
    this.world = world;
    this.logDirectory = logDirectory;
    const { log, lines } = recordingLog();
    this.#log = log;
    this.lines = lines;
    this.platform = { ...world.node('broker').platform, log };
    const { clock, random } = this.platform;
    const configs = new EffectiveConfigs({ nodeId, properties: new Map(Object.entries(options.properties ?? {})) });
    this.loader = new MetadataLoader({ clock, log });
    const nobody = () => new Promise<never>(() => {});
    this.partitions = new ReplicaManager({
      nodeId,
      directoryId: ordersId,
      peers: { fetch: nobody, alterPartition: nobody, assignReplicasToDirs: nobody, ...options.peers },
      fetcherSettings: { maxWaitMs: 500, maxBytes: 1 << 20, maxResponseBytes: 10 << 20, backoffMs: 100 },
      replicaLagTimeMaxMs: 10_000,
      brokerEpoch: () => 1n,
      minInsyncReplicasOf: (topic, partition, image) => configs.minInsyncReplicas(image, topic, partition),
      allowsUncleanLeaders: () => false,
      logDirectory,
      clock,
      logger: log,
      logConfigOf: (topic, image) => configs.logConfig(image, topic),
    });
    this.loader.onImage((image, delta) => this.partitions.apply(image, delta));
    let nextBlock = 0n;
    const allocate =
      options.allocate ??
      (async () => {
        nextBlock += 1000n;
        return { first: nextBlock, length: 1000 };
      });
    const broker = this;
    const coordinators = new Coordinators(this.partitions);
    this.groups = new Groups({ clock, logger: log, random, configs, coordinators, image: () => this.image });
    this.loader.onImage((image, delta) => this.groups.apply(image, delta));
    const producerIds = new ProducerIds(allocate);
    this.services = {
      nodeId,
      clusterId: 'clusterId' in options ? options.clusterId : clusterId,
      get image() {
        return broker.image;
      },
      configs,
      partitions: this.partitions,
      logDirectory,
      controller: { isActive: true, ...options.controller } as unknown as ControllerService,
      raft: { ...options.raft } as unknown as Raft,
      coordinators,
      groups: this.groups,
      producerIds,
      fetchSessions: new FetchSessions({ random, now: () => clock.monotonic() }),
      vanishedBrokers: new VanishedBrokers({
        nodeId,
        network: this.platform.network,
        clock,
        log,
        image: () => this.image,
        addressOf: (id) => this.image.brokers.get(id)?.endpoints[0],
        controller: { isActive: false, brokerVanished() {} },
      }),
      transactionVerifier: { ask: (question) => this.onTransaction(question) },
      transactions: startTransactions({
        clock,
        log,
        image: () => this.image,
        configs,
        coordinators,
        producerIds,
        sendMarkers: (brokerId, request) => this.onMarkers(brokerId, request),
        onBroken: (error) => {
          throw error;
        },
      }),
      underWay: new Set(),
      clock,
      random,
      log,
      addressOf: (id) => this.image.brokers.get(id)?.endpoints[0],
      get controllerId() {
        return broker.controllerId;
      },
      freeBytes: () => 123_456,
      sendToController: async <A extends Api>(api: A, request: RequestInput<A>) => {
        this.sent.push({ api: api.name, request });
        return (await this.onSend(api, request)) as ResponseOf<A>;
      },
    };
    this.dispatcher = this.dispatcherOver(allHandlers(() => this.dispatcher));
  }

  /** A broker 1 that knows the brokers 1, 2 and 3, of which 3 is fenced. */
  static async start(options: TestBrokerOptions = {}): Promise<TestBroker> {
    const world = new SimulatedWorld({ seed: 1, wallStartMs: startMs });
    const { platform } = world.node('broker');
    const broker = new TestBroker(options, world, await world.finish(LogDirectory.open({ platform, path: '/data' })));
    broker.commit(
      registered(1),
      registered(2, { rack: 'b' }),
      registered(3, { fenced: true }),
      ...['metadata.version', 'transaction.version'].map(
        (name, level): MetadataRecord => ({
          name: 'FeatureLevelRecord',
          value: { name, featureLevel: level === 0 ? initialMetadataVersion : 0 },
        }),
      ),
    );
    await broker.applied();
    return broker;
  }

  get image(): MetadataImage {
    return this.loader.image;
  }

  get disk() {
    return this.world.node('broker').disk;
  }

  /** A dispatcher with other handlers and the same services. */
  dispatcherOver(handlers: readonly Handler[], more: Pick<DispatcherOptions, 'onBroken'> = {}): Dispatcher {
    return new Dispatcher({
      ...more,
      handlers,
      services: this.services,
      log: this.#log,
      isFormed: () => this.isFormed,
      forward: (frame) => {
        this.forwarded.push(Buffer.from(frame));
        return this.onForward(frame);
      },
    });
  }

  /** The offset of the last committed record. */
  get offset(): bigint {
    return this.#offset;
  }

  commit(...records: MetadataRecord[]): void {
    this.commitEncoded(records.map((record) => encodeRecord(record, initialMetadataVersion)));
  }

  commitEncoded(values: readonly Buffer[]): void {
    const baseOffset = this.#offset + 1n;
    this.#offset += BigInt(values.length);
    this.loader.handleCommit({
      baseOffset,
      lastOffset: this.#offset,
      leaderEpoch: 1,
      appendTimestamp: 0,
      records: values.map((value, index) => ({ offset: baseOffset + BigInt(index), value })),
    });
  }

  /** Waits until the partitions follow the metadata. */
  async applied(): Promise<void> {
    await this.world.run({ forMs: 10_000, until: () => this.partitions.appliedOffset === this.#offset });
  }

  /** Makes a topic whose partitions are each led by one broker, and waits until it can be used. */
  async topic(name: string, topicId: string, leaders: readonly number[] = [nodeId]): Promise<void> {
    this.commit(...newTopic(name, topicId, leaders));
    await this.applied();
  }

  leader(topic = 'orders', partition = 0): Partition {
    return this.partitions.leader(topic, partition);
  }

  /** All leaderships of coordinators' topics begin again, with what is in the log. */
  leadAgain(): void {
    for (const partition of this.partitions.all()) {
      if (partition.topic !== offsetsTopic.name || partition.leaderEpoch === undefined) continue;
      this.groups.runtime.leads(partition.index, partition.leaderEpoch, new LedPartition(partition));
    }
  }

  /** Appends to orders-0 and waits until it is committed. */
  async write(...batches: readonly Buffer[]): Promise<void> {
    for (const batch of batches) await this.done(this.leader().append(batch, -1, 60_000).committed!);
  }

  /** Sends a request and gives the bytes of the answer without looking at them. */
  dispatch<A extends Api>(api: A, version: number, request: RequestInput<A>, client: ClientConnection = this.client): Answer {
    const frame = Buffer.concat(encodeRequest(api, version, { correlationId: ++this.#correlationId, clientId: 'test' }, request));
    return this.dispatcher.dispatch(frame.subarray(4), client);
  }

  /** Sends a request; time passes until its answer is there. */
  async ask<A extends Api>(api: A, version: number, request: RequestInput<A>, client?: ClientConnection): Promise<ResponseOf<A>> {
    const answer = await this.done(Promise.resolve(this.dispatch(api, version, request, client)));
    return decodeAnswer(api, version, answer);
  }

  done<T>(promise: Promise<T>): Promise<T> {
    return this.world.finish(promise);
  }

  pass(ms: number): Promise<unknown> {
    return this.world.run({ forMs: ms });
  }
}

export function decodeAnswer<A extends Api>(api: A, version: number, answer: Awaited<Answer>): ResponseOf<A> {
  if (answer === null || answer === 'close') throw new Error(`no answer but ${answer}`);
  const bytes = Buffer.concat(answer);
  if (bytes.readInt32BE(0) !== bytes.length - 4) throw new Error('the frame has not the length that it says');
  return decodeResponse(api, version, bytes.subarray(4)).response;
}

export function versionsOf(handler: Handler): number[] {
  const { min, max } = handler.versions;
  return Array.from({ length: max - min + 1 }, (_, i) => min + i);
}

export function registered(brokerId: number, options: { fenced?: boolean; rack?: string } = {}): MetadataRecord {
  return {
    name: 'RegisterBrokerRecord',
    value: {
      brokerId,
      isMigratingZkBroker: false,
      incarnationId: ordersId,
      brokerEpoch: BigInt(brokerId),
      endPoints: [{ name: 'PLAINTEXT', host: 'localhost', port: 8079 + brokerId, securityProtocol: 0 }],
      features: [],
      rack: options.rack ?? null,
      fenced: options.fenced ?? false,
      inControlledShutdown: false,
      logDirs: [],
      cordonedLogDirs: null,
    },
  };
}

export function fenced(id: number): MetadataRecord {
  return { name: 'FenceBrokerRecord', value: { id, epoch: BigInt(id) } };
}

export function batchOf(texts: readonly string[], options: Partial<RecordBatchInput> = {}): Buffer {
  return buildRecordBatch({ records: texts.map((value) => ({ value })), timestamp: startMs, ...options });
}

/** `offset:text` of each record. */
export function textsOf(batches: Buffer | null): string[] {
  return [...batchesIn(batches ?? Buffer.alloc(0))].flatMap((batch) =>
    Array.from(batch.records(), (record) => `${record.offset}:${record.value}`),
  );
}
