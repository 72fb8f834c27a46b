import { isInternalTopic } from '#metadata';
import { type CrashMode, SimulatedWorld } from '#platform';
import { buildRecordBatch, type ErrorName } from '#protocol';
import { alterPartitionReassignments } from '#protocol/apis/alter-partition-reassignments.ts';
import { initProducerId } from '#protocol/apis/init-producer-id.ts';
import { produce } from '#protocol/apis/produce.ts';
import type { Partition } from '#replication';
import { RecordHistory } from '../checkers/record-history.ts';
import { compareReplicas, notConverged } from '../checkers/replica-sets.ts';
import { Watchers } from '../checkers/watchers.ts';
import { fetchFrom } from '../clients/fetching.ts';
import { exchange, type HttpResponse } from '../clients/http-exchange.ts';
import { Looker } from '../clients/looker.ts';
import { SimulatedClient } from '../clients/simulated-client.ts';
import { askToCreate } from '../clients/topic-requests.ts';
import { port, SimulatedCluster, timelineLogger } from '../simulated-cluster.ts';
import { Timeline } from '../timeline.ts';

const patienceMs = 60_000;

export interface ScenarioOptions {
  readonly brokers: number;
  readonly properties?: Readonly<Record<string, string>>;
  readonly racks?: readonly string[];
  readonly seeds?: number;
  /** What was acknowledged may be gone in the end; what is there is judged all the same. */
  readonly mayLose?: boolean;
  /** Partitions stay as they are in the end: what has happened to them cannot be healed. */
  readonly endsBroken?: boolean;
  /** Records are written in transactions: the scenario judges them itself. */
  readonly isTransactional?: boolean;
}

export interface Produced {
  readonly errorCode: ErrorName;
  readonly offset: bigint;
}

/** A cluster as scenarios see it: acts that take virtual time are awaited, everything else happens at once. Hosts are called broker-1, broker-2 and so on. */
export class ScenarioCluster {
  readonly world: SimulatedWorld;
  readonly timeline: Timeline;
  readonly cluster: SimulatedCluster;
  readonly history: RecordHistory;
  readonly #options: ScenarioOptions;
  readonly #client: SimulatedClient;
  readonly #looker: Looker;
  readonly #sequences = new Map<string, number>();
  #producerId = -1n;

  constructor(seed: number, options: ScenarioOptions) {
    this.#options = options;
    const mayLose = options.mayLose ?? false;
    this.world = new SimulatedWorld({ seed, log: (name) => timelineLogger(name, () => this.timeline, 'warn') });
    this.timeline = new Timeline(() => this.world.nowMs);
    const watchers = new Watchers({ timeline: this.timeline, mayLose, cluster: () => this.cluster });
    this.history = new RecordHistory({ mayLose, committed: watchers.committed });
    this.cluster = new SimulatedCluster({
      world: this.world,
      brokers: Array.from({ length: options.brokers }, (_, index) => ({ rack: options.racks?.[index] ?? null, startMs: 0 })),
      timeline: this.timeline,
      ...(options.properties === undefined ? {} : { properties: options.properties }),
      observers: watchers.observers,
    });
    this.#client = new SimulatedClient(this.world, 'client', this.cluster.addresses);
    this.#looker = new Looker(this.#client, this.history);
  }

  get names(): readonly string[] {
    return this.cluster.names;
  }

  async form(): Promise<void> {
    // Node loads what is imported in its own time, which must not happen in the middle of ours.
    await import('../../src/http/application.ts');
    for (const name of this.names) this.cluster.start(name);
    await this.untilReady();
  }

  /** Everything is healed, and has to be as it was promised. */
  async conclude(): Promise<void> {
    this.heal();
    await this.untilReady();
    if (this.#options.endsBroken) return;
    await this.until(
      () => notConverged(this.cluster) === undefined,
      () => notConverged(this.cluster) ?? '',
    );
    compareReplicas(this.cluster);
    if (this.#options.isTransactional) return;
    for (const { name, id, partitions } of this.cluster.latestImage!.topics.all()) {
      if (isInternalTopic(name)) continue;
      for (const { partition } of partitions) {
        const { logStartOffset, records } = await this.readAll(name, partition);
        this.history.checkFinal(id, partition, logStartOffset, records);
      }
    }
  }

  close(): void {
    this.cluster.close();
  }

  // Waiting

  pass(ms: number): Promise<void> {
    return this.cluster.run({ forMs: ms });
  }

  async until(holds: () => boolean, otherwise: () => string = () => `${holds}`, withinMs = patienceMs): Promise<void> {
    await this.cluster.run({ forMs: withinMs, until: holds });
    if (!holds()) throw new Error(`after ${withinMs / 1000} s still not: ${otherwise()}`);
  }

  untilReady(): Promise<void> {
    const isReady = (name: string) => this.cluster.broker(name)?.readiness().ready ?? false;
    return this.until(
      () => this.names.filter((name) => this.cluster.isUp(name)).every(isReady),
      () => 'all brokers are ready',
    );
  }

  /** Lets the world go on until the promise is settled. */
  async finish<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.until(
      () => settled,
      () => 'an answer has come',
    );
    return promise;
  }

  // Topics and records

  async createTopic(
    name: string,
    options: { partitions?: number; replicationFactor?: number; configs?: Record<string, string> } = {},
  ): Promise<string> {
    const { partitions = 1, replicationFactor = this.#options.brokers, configs = {} } = options;
    return this.finish(askToCreate(this.#client, { name, partitions, replicationFactor, configs }));
  }

  /** Asks for other replicas of partition 0, and waits until only they have it. */
  async reassign(name: string, replicas: readonly number[]): Promise<void> {
    const topics = [{ name, partitions: [{ partitionIndex: 0, replicas: [...replicas] }] }];
    const isDone = () => {
      const now = this.image(name);
      return (
        now.addingReplicas.length === 0 && now.replicas.length === replicas.length && replicas.every((id) => now.replicas.includes(id))
      );
    };
    while (!isDone()) {
      await this.finish(this.#client.ask(this.#client.anyBroker(), alterPartitionReassignments, { timeoutMs: 3000, topics }));
      await this.pass(500);
    }
  }

  /** Sends a value until it is acknowledged with acks=all; as an idempotent producer, so that it is there once. */
  async produce(topic: string, value: string, partition = 0): Promise<bigint> {
    return this.finish(this.#produce(topic, value, partition));
  }

  /** One try, without a sequence, at a broker that is named. Undefined: no answer came. */
  async tryToProduce(
    to: string,
    topic: string,
    value: string,
    options: { acks?: 1 | -1; timeoutMs?: number; partition?: number } = {},
  ): Promise<Produced | undefined> {
    const { acks = -1, timeoutMs = 2000, partition = 0 } = options;
    const { id } = this.cluster.latestImage!.topics.byName(topic)!;
    const beyond = this.history.attempt(id, partition, value);
    const records = buildRecordBatch({ records: [{ value: Buffer.from(value) }], timestamp: this.#client.clock.now() });
    const request = {
      transactionalId: null,
      acks,
      timeoutMs,
      topicData: [{ topicId: id, partitionData: [{ index: partition, records }] }],
    };
    const response = await this.finish(this.#client.ask({ host: to, port }, produce, request, { timeoutMs: timeoutMs + 2000 }));
    const answer = response?.responses[0]?.partitionResponses[0];
    if (answer?.errorCode === 'NONE' && acks === -1) this.history.acknowledge(id, partition, answer.baseOffset, value, beyond);
    return answer === undefined ? undefined : { errorCode: answer.errorCode, offset: answer.baseOffset };
  }

  /** The record at an offset, from whoever leads, as soon as it is to be seen: a new leader learns only from its followers what is committed. */
  async consume(topic: string, offset: bigint): Promise<string> {
    for (;;) {
      const leader = this.leaderOf(topic);
      const value = leader === '' ? undefined : await this.lookAt(leader, topic, offset);
      if (value !== undefined) return value;
      await this.pass(50);
    }
  }

  /** What a broker, leading or following, shows at an offset at this moment; undefined when that is nothing. */
  async lookAt(from: string, topic: string, offset: bigint, partition = 0): Promise<string | undefined> {
    const topicId = this.cluster.latestImage!.topics.byName(topic)!.id;
    const at = { topicId, partition, fetchOffset: offset, rackId: 'elsewhere' };
    const found = await this.finish(fetchFrom(this.#client, { host: from, port }, at));
    for (const record of found?.records ?? []) this.history.read(topicId, partition, record.offset, record.value);
    return found?.records[0]?.value;
  }

  /** All that there is, from whoever leads. */
  readAll(topic: string, partition = 0) {
    return this.finish(this.#readAll(topic, partition));
  }

  http(to: string, request: { method: 'GET' | 'POST'; path: string; body?: string }): Promise<HttpResponse | undefined> {
    return exchange(this.#client.platform, { host: to, port }, request);
  }

  // What is so

  /** The host that leads, as the newest metadata say; '' while nobody does. */
  leaderOf(topic: string, partition = 0): string {
    return this.cluster.nameOf(this.image(topic, partition).leader) ?? '';
  }

  followersOf(topic: string): string[] {
    const { replicas, leader } = this.image(topic);
    return replicas.filter((id) => id !== leader).map((id) => this.cluster.nameOf(id)!);
  }

  image(topic: string, partition = 0) {
    return this.cluster.latestImage!.topics.byName(topic)!.partitions[partition]!;
  }

  /** The copy that a broker has. */
  copy(name: string, topic: string, partition = 0): Partition {
    return this.cluster.broker(name)!.partitions.replica(topic, partition)!;
  }

  // Faults

  crash(name: string): void {
    this.cluster.kill(name);
  }

  cutPower(name: string, mode: CrashMode = 'strict'): void {
    this.cluster.cutPower(name, mode);
  }

  start(name: string): void {
    this.cluster.start(name);
  }

  /** Nothing passes between these brokers any more; clients still reach both. */
  cut(one: string, other: string): void {
    this.timeline.note(`* ${one} =x= ${other}`);
    this.world.network.cut(one, other);
  }

  /** Cut off from all other brokers; clients still reach it. */
  cutOff(name: string): void {
    for (const other of this.names) if (other !== name) this.cut(name, other);
  }

  heal(): void {
    this.timeline.note('* all is healed');
    this.world.network.healAll();
    for (const name of this.names) {
      const node = this.world.node(name);
      node.disk.setSlowness(1);
      node.disk.clearFailures();
      if (node.isPaused) node.resume();
      if (!this.cluster.isUp(name)) this.cluster.start(name);
    }
  }

  async #produce(topic: string, value: string, partition: number): Promise<bigint> {
    while (this.#producerId < 0n) {
      const response = await this.#client.ask(this.#client.anyBroker(), initProducerId, { transactionalId: null, transactionTimeoutMs: 0 });
      if (response?.errorCode === 'NONE') this.#producerId = response.producerId;
    }
    let beyond: bigint | undefined;
    for (;;) {
      const found = await this.#client.find(topic);
      const leader = found?.partitions[partition]?.leader;
      if (found !== undefined && leader !== undefined) {
        beyond ??= this.history.attempt(found.topicId, partition, value);
        const key = `${found.topicId}/${partition}`;
        const baseSequence = this.#sequences.get(key) ?? 0;
        const records = buildRecordBatch({
          records: [{ value: Buffer.from(value) }],
          timestamp: this.#client.clock.now(),
          producerId: this.#producerId,
          producerEpoch: 0,
          baseSequence,
        });
        const topicData = [{ topicId: found.topicId, partitionData: [{ index: partition, records }] }];
        const response = await this.#client.ask(leader, produce, { transactionalId: null, acks: -1, timeoutMs: 2000, topicData });
        const answer = response?.responses[0]?.partitionResponses[0];
        if (answer?.errorCode === 'NONE') {
          this.#sequences.set(key, baseSequence + 1);
          this.history.acknowledge(found.topicId, partition, answer.baseOffset, value, beyond);
          return answer.baseOffset;
        }
      }
      await this.#client.pause();
    }
  }

  async #readAll(topic: string, partition: number) {
    for (;;) {
      const known = await this.#client.find(topic);
      const leader = known?.partitions[partition]?.leader;
      const found = leader === undefined ? undefined : await this.#looker.readAll(leader, known!.topicId, partition);
      if (found !== undefined) return found;
      await this.#client.pause();
    }
  }
}
