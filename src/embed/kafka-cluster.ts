import { type ClusterClock, NodeDisk } from '#platform';
import { listTransactions } from '#protocol/apis/list-transactions.ts';
import { BrokerHandle } from './broker-handle.ts';
import type { DirectCluster } from './direct-cluster.ts';
import type { EmbeddedBroker } from './embedded-broker.ts';
import type { Fault, Injection } from './fault.ts';
import type { Faults } from './faults.ts';
import { moveLeader } from './move-leader.ts';
import { OptionError, type Topics } from './options.ts';
import { type ProducedRecord, produceRecords } from './produce-records.ts';
import { type RecordsOptions, readRecords } from './read-records.ts';
import type { ProduceRecord, ReadRecord } from './record.ts';
import { bringBack, startAnew, untilServing } from './reset.ts';
import type { SeenFilter, SeenRequest } from './seen-requests.ts';
import { type DataDirectory, type SnapshotManifest, writeSnapshot } from './snapshot.ts';
import { createTopics, deleteTopics } from './topics.ts';
import { WaitFor } from './wait-for.ts';
import { waitUntil } from './waiting.ts';

/** What a cluster is made of. */
export interface ClusterParts {
  readonly brokers: readonly EmbeddedBroker[];
  readonly direct: DirectCluster;
  readonly clock: ClusterClock;
  readonly faults: Faults;
  readonly topics: Topics;
  readonly data: readonly DataDirectory[];
  readonly isKept: boolean;
  /** For a snapshot. */
  addresses(id: number): SnapshotManifest['brokers'][number]['addresses'];
  /** Keeps the process alive while it is open. */
  readonly anchor: { ref(): void; unref(): void; close(): void };
  /** What is left to be removed at the end. */
  readonly temporaryDirectory: string | undefined;
}

const patienceMs = 10_000;
const beingEnded = ['PrepareCommit', 'PrepareAbort'];

/** A Kafka cluster within this process. Made by {@link startCluster}; ended by {@link close}, or at the end of the scope by `await using`. */
export class KafkaCluster implements AsyncDisposable {
  /** Waits for what is to come, instead of for some time. */
  readonly waitFor: WaitFor;
  readonly #parts: ClusterParts;
  readonly #handles: readonly BrokerHandle[];
  #closing: Promise<void> | undefined;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    this.waitFor = new WaitFor(parts.direct);
    const hooks = {
      changed: () => {
        for (const broker of parts.brokers) broker.reviewLinks();
      },
      untilServing: () =>
        untilServing(
          parts.direct,
          parts.brokers.filter(({ isReachable }) => isReachable),
          patienceMs,
        ),
    };
    this.#handles = parts.brokers.map((broker) => new BrokerHandle(broker, hooks));
  }

  /** Addresses of all brokers, separated by commas: what clients call bootstrap servers. */
  get bootstrap(): string {
    return this.brokers.join(',');
  }

  /** The same as a list, as kafkajs and others take it. */
  get brokers(): string[] {
    return this.#handles.map(({ address }) => address);
  }

  /** Of each broker, in the order of their ids. */
  get ports(): number[] {
    return this.#parts.brokers.map(({ address }) => address.port);
  }

  /** The HTTP API, served by every broker; this is the first one's. */
  get httpUrl(): string {
    return `http://${this.brokers[0]}`;
  }

  /** The brokers' wall time, in milliseconds since 1970: see {@link advanceTime}. */
  now(): number {
    return this.#parts.clock.now();
  }

  /** @throws OptionError when there is none of this id */
  broker(id: number): BrokerHandle {
    const found = this.#handles.find((handle) => handle.id === id);
    if (found === undefined)
      throw new OptionError('broker', id, `there are the brokers ${this.#handles.map((handle) => handle.id).join(', ')}`);
    return found;
  }

  /** Every broker serves them when the promise resolves. @throws KafkaError */
  createTopics(topics: Topics): Promise<void> {
    return createTopics(this.#parts.direct, topics);
  }

  /** Topics that are not there are fine. @throws KafkaError */
  deleteTopics(...names: string[]): Promise<void> {
    return deleteTopics(this.#parts.direct, names);
  }

  /** Writes records without a client; they are committed when the promise resolves. @returns where they are, in their order. @throws KafkaError */
  produce(topic: string, records: ProduceRecord | readonly ProduceRecord[]): Promise<ProducedRecord[]> {
    return produceRecords(this.#parts.direct, topic, Array.isArray(records) ? records : [records as ProduceRecord]);
  }

  /**
   * Reads records without a client and without a group. With `n` or `until` it waits for them; without, it gives what there is.
   * @throws TimeoutError that says what was there; KafkaError when there is no such topic
   */
  records(topic: string, options: RecordsOptions = {}): Promise<ReadRecord[]> {
    return readRecords(this.#parts.direct, topic, options);
  }

  /** Lets requests fail, be late, or get no answer. `using` ends it with its scope. @throws OptionError */
  inject(fault: Fault): Injection {
    return this.#parts.faults.inject(fault);
  }

  /** What clients have asked the brokers since the start, or the last {@link reset}. */
  requests(filter: SeenFilter = {}): SeenRequest[] {
    return this.#parts.faults.seen(filter);
  }

  /** Makes a broker the leader of a partition; resolves when every broker knows. @throws KafkaError, TimeoutError */
  moveLeader(topic: string, partition: number, broker: number): Promise<void> {
    this.broker(broker);
    return moveLeader(this.#parts.direct, this.waitFor, topic, partition, broker);
  }

  /**
   * Moves the brokers' wall time on, and has them do what it makes due: retention and compaction, offsets and transactional ids that expire, transactions that take too
   * long. Leases, sessions and waits run on monotonic time and do not notice.
   */
  async advanceTime(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new OptionError('advanceTime', ms, 'time goes on only', 'Say a number of milliseconds from 0 on');
    const { clock, brokers, direct } = this.#parts;
    clock.aheadMs += ms;
    await Promise.all(brokers.map(({ broker, isReachable }) => (isReachable ? broker?.runMaintenance() : undefined)));
    await waitUntil(clock, 'transactions that took too long to be aborted', async () => {
      for (const { id } of direct.up) {
        const { transactionStates } = await direct.send(id, listTransactions, { stateFilters: beingEnded, producerIdFilters: [] });
        if (transactionStates.length > 0)
          return transactionStates.map((each) => `${each.transactionalId}: ${each.transactionState}`).join(', ');
      }
      return { found: true };
    });
  }

  /**
   * Between two tests: brokers are brought back, faults taken away, requests seen are forgotten, time is that of the host again, and of topics, groups, transactions and
   * changed settings only the topics that the cluster was started with are left, empty.
   */
  async reset(): Promise<void> {
    const { brokers, clock, direct, faults, topics } = this.#parts;
    faults.clear();
    clock.aheadMs = 0;
    for (const broker of brokers) broker.isolate('none');
    await bringBack(direct, brokers);
    await startAnew(direct, brokers, topics);
  }

  /**
   * Writes all that the brokers have into a directory, for {@link ClusterOptions.fromSnapshot}. One that is there is replaced.
   * @throws OptionError when there is something else; DiskError
   */
  async snapshot(directory: string): Promise<void> {
    const { brokers, clock, data, addresses } = this.#parts;
    await Promise.all(brokers.map(({ broker }) => broker?.checkpoint()));
    const manifest = { brokers: brokers.map(({ id }) => ({ id, addresses: addresses(id) })), aheadMs: clock.aheadMs };
    writeSnapshot(directory, manifest, data);
  }

  /** From now on the process may end while the cluster runs. Clients that are connected keep it alive by themselves. */
  unref(): this {
    this.#parts.anchor.unref();
    return this;
  }

  /** The opposite of {@link unref}. */
  ref(): this {
    this.#parts.anchor.ref();
    return this;
  }

  /** Ends all brokers and closes everything. In memory at once; on disk in good order. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { anchor, brokers, isKept, temporaryDirectory } = this.#parts;
    this.#parts.faults.clear();
    anchor.ref();
    try {
      for (const broker of brokers) broker.heal();
      if (isKept) await Promise.allSettled(brokers.map((broker) => broker.stop()));
      await Promise.all(brokers.map((broker) => broker.kill()));
      if (temporaryDirectory !== undefined) new NodeDisk().removeDirectory(temporaryDirectory);
    } finally {
      this.#parts.clock.close();
      anchor.close();
    }
  }
}
