import type { TransactionHistory } from '../checkers/transaction-history.ts';
import { fetchBatches } from './batch-fetching.ts';
import { CoordinatorLink, groupKey } from './coordinator-link.ts';
import { readOffsets } from './offset-reading.ts';
import type { SimulatedClient } from './simulated-client.ts';
import { AbortableError, FencedError, type TransactionalProducer } from './transactional-producer.ts';

export interface CopierTopics {
  readonly from: string;
  readonly to: string;
  readonly partitions: number;
}

/** What a copy says of where it comes from. */
export const copyOf = /^[^:]+:\d+:copy of (\d+)@(\d+)$/;

/** Consume, transform, produce: copies the committed records of its partitions, and commits how far it has read in the same transaction. */
export class Copier {
  readonly group: string;
  readonly #client: SimulatedClient;
  readonly #history: TransactionHistory;
  readonly #producer: TransactionalProducer;
  readonly #topics: CopierTopics;
  readonly #link: CoordinatorLink;
  /** The partitions that are its own: nobody else of the group reads them. */
  readonly #own: readonly number[];
  readonly #positions = new Map<number, bigint>();

  constructor(options: {
    client: SimulatedClient;
    history: TransactionHistory;
    producer: TransactionalProducer;
    topics: CopierTopics;
    group: string;
    own: readonly number[];
  }) {
    this.group = options.group;
    this.#client = options.client;
    this.#history = options.history;
    this.#producer = options.producer;
    this.#topics = options.topics;
    this.#own = options.own;
    this.#link = new CoordinatorLink(options.client, groupKey, options.group);
  }

  async run(): Promise<void> {
    while (!this.#client.stopped && this.#own.length > 0) {
      try {
        if (!this.#producer.isStarted) {
          await this.#producer.start();
          this.#positions.clear();
        }
        await this.#copy(this.#client.anyOf(this.#own));
      } catch (error) {
        if (!(error instanceof FencedError)) throw error;
        this.#producer.leave();
      }
      await this.#client.pause();
    }
  }

  async #copy(partition: number): Promise<void> {
    const { from, to } = this.#topics;
    const found = await this.#client.find(from);
    const leader = found?.partitions[partition]?.leader;
    if (found === undefined || leader === undefined) return;
    const position = this.#positions.get(partition) ?? (await this.#committed(found.topicId, partition));
    if (position === undefined) return;
    const read = await fetchBatches(this.#client, leader, 'read_committed', { topicId: found.topicId, partition, fetchOffset: position });
    if (read?.errorCode !== 'NONE' || read.nextOffset === position) return;
    const records = read.batches.flatMap((batch) => (batch.isAborted ? [] : batch.records));
    const transaction = this.#producer.begin();
    // Whatever becomes of it, how far it has come is what is committed.
    this.#positions.delete(partition);
    try {
      const copies = records.map(({ offset }, index) => `${transaction.id}:${index}:copy of ${partition}@${offset}`);
      if (copies.length > 0) await this.#producer.send(to, partition, copies);
      await this.#producer.sendOffsets({ group: this.group, topic: from, offsets: new Map([[partition, read.nextOffset]]) });
      if (this.#client.random.below(12) === 0) return this.#producer.leave();
      const outcome = await this.#producer.end(this.#client.random.below(6) > 0);
      if (outcome === 'committed') this.#positions.set(partition, read.nextOffset);
    } catch (error) {
      if (!(error instanceof AbortableError)) throw error;
      await this.#producer.end(false);
    }
  }

  async #committed(topicId: string, partition: number): Promise<bigint | undefined> {
    const wanted = { group: this.group, topic: this.#topics.from, topicId, partitions: [partition] };
    const found = await readOffsets(this.#link, this.#history.offsets, wanted);
    const offset = found instanceof Map ? (found.get(partition) as bigint) : undefined;
    return offset === undefined || offset >= 0n ? offset : 0n;
  }
}
