import { isInternalTopic } from '#metadata';
import type { Address } from '#platform';
import { openTransaction } from '../checkers/open-transactions.ts';
import type { Found } from '../checkers/record-history.ts';
import { TransactionHistory } from '../checkers/transaction-history.ts';
import { fetchBatches } from '../clients/batch-fetching.ts';
import { CoordinatorLink, groupKey } from '../clients/coordinator-link.ts';
import { readOffsets } from '../clients/offset-reading.ts';
import { SimulatedClient } from '../clients/simulated-client.ts';
import { TransactionVerifier } from '../clients/transaction-verifier.ts';
import { TransactionalProducer } from '../clients/transactional-producer.ts';
import { port } from '../simulated-cluster.ts';
import type { ScenarioCluster } from './scenario-cluster.ts';

/** A request that was overheard, to be sent again. */
export interface Overheard {
  readonly from: string;
  readonly to: Address;
  readonly apiKey: number;
  readonly bytes: Buffer;
}

type TopicOptions = Parameters<ScenarioCluster['createTopic']> extends [string, ...infer Rest] ? Rest : never;

/** What scenarios of transactions need beside a cluster: producers, what became of their transactions, and requests that come late. */
export class TransactionBench {
  readonly history = new TransactionHistory();
  readonly overheard: Overheard[] = [];
  readonly #cluster: ScenarioCluster;
  readonly #client: SimulatedClient;

  constructor(cluster: ScenarioCluster) {
    this.#cluster = cluster;
    this.#client = this.client('verifier');
    cluster.world.network.intercept = (from, to, bytes) => {
      if (bytes.length > 12 && bytes.readInt32BE(0) === bytes.length - 4)
        this.overheard.push({ from: from.host, to, apiKey: bytes.readInt16BE(4), bytes });
    };
  }

  /** A bench on a cluster with a topic `orders`. */
  static async withOrders(cluster: ScenarioCluster, ...options: TopicOptions): Promise<TransactionBench> {
    const bench = new TransactionBench(cluster);
    await cluster.createTopic('orders', ...options);
    return bench;
  }

  client(name: string): SimulatedClient {
    return new SimulatedClient(this.#cluster.world, name, this.#cluster.cluster.addresses);
  }

  /** A producer that has started. */
  async producer(
    transactionalId: string,
    options: { version?: 1 | 2; timeoutMs?: number; host?: string } = {},
  ): Promise<TransactionalProducer> {
    const { version = 2, timeoutMs = 60_000, host = transactionalId } = options;
    const producer = new TransactionalProducer({ client: this.client(host), history: this.history, transactionalId, version, timeoutMs });
    await this.#cluster.finish(producer.start());
    return producer;
  }

  /** Begins a transaction and writes one record. Gives its value. */
  async write(producer: TransactionalProducer, topic = 'orders', partition = 0): Promise<string> {
    const value = `${producer.begin().id}:0:`;
    await this.#cluster.finish(producer.send(topic, partition, [value]));
    return value;
  }

  end(producer: TransactionalProducer, committed: boolean): Promise<'committed' | 'aborted'> {
    return this.#cluster.finish(producer.end(committed));
  }

  /** One whole transaction of one record. */
  async transaction(producer: TransactionalProducer, committed = true, topic = 'orders', partition = 0): Promise<string> {
    const value = await this.write(producer, topic, partition);
    await this.end(producer, committed);
    return value;
  }

  /** The host that coordinates a transactional id, or a group. */
  coordinatorOf(topic: '__transaction_state' | '__consumer_offsets'): string {
    return this.#cluster.leaderOf(topic);
  }

  /** Sends requests once more, as they were. */
  sendAgain(requests: readonly Overheard[]): void {
    for (const { to, bytes } of requests) {
      const connection = this.#cluster.world.node('replayer').platform.network.connect(to);
      connection.onData(() => {});
      connection.onClose(() => {});
      connection.write([bytes]);
    }
  }

  /** T7: until nothing is open any more. */
  untilStable(withinMs?: number): Promise<void> {
    return this.#cluster.until(
      () => openTransaction(this.#cluster.cluster) === undefined,
      () => `a transaction is open: ${openTransaction(this.#cluster.cluster)}`,
      withinMs,
    );
  }

  /** What readers of committed records see in the end, of all topics; it has to be what the clients were told. */
  async visible(): Promise<string[]> {
    await this.untilStable();
    const found: Found[] = [];
    const verifier = new TransactionVerifier(this.#client, this.history);
    for (const { name, id, partitions } of this.#cluster.cluster.latestImage!.topics.all()) {
      if (isInternalTopic(name)) continue;
      for (const { partition } of partitions) found.push(...(await this.#cluster.finish(verifier.verify(name, id, partition))));
    }
    const values = found.map(({ value }) => value);
    this.history.checkFinal(new Set(values));
    return values;
  }

  /** What a reader of committed records is given from an offset on, by one fetch. */
  async readFrom(topic: string, fetchOffset: bigint): Promise<string[]> {
    const { id: topicId } = this.#cluster.cluster.latestImage!.topics.byName(topic)!;
    const leader = { host: this.#cluster.leaderOf(topic), port };
    const at = { topicId, partition: 0, fetchOffset, maxWaitMs: 0 };
    const read = await this.#cluster.finish(fetchBatches(this.#client, leader, 'read_committed', at));
    return read!.batches.flatMap(({ isAborted, records }) => (isAborted ? [] : records.map(({ value }) => value)));
  }

  /** How far a group has committed, when that is certain; -1n when it has not. */
  committedOffset(group: string, topic = 'orders', partition = 0): Promise<bigint> {
    const { id: topicId } = this.#cluster.cluster.latestImage!.topics.byName(topic)!;
    const link = new CoordinatorLink(this.#client, groupKey, group);
    const read = async (): Promise<bigint> => {
      for (;;) {
        const found = await readOffsets(link, this.history.offsets, { group, topic, topicId, partitions: [partition] });
        if (found instanceof Map) return found.get(partition) as bigint;
        await this.#client.pause();
      }
    };
    return this.#cluster.finish(read());
  }
}
