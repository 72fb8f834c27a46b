import type { Address } from '#platform';
import type { Found } from '../checkers/record-history.ts';
import { placeOf, type TransactionHistory } from '../checkers/transaction-history.ts';
import { judgeLog } from '../checkers/transaction-log.ts';
import { type FetchedBatch, fetchBatches, type Isolation } from './batch-fetching.ts';
import type { SimulatedClient } from './simulated-client.ts';

/** Reads whole partitions, all that is in them and what readers of committed records are given, and compares both with what the clients know. */
export class TransactionVerifier {
  readonly #client: SimulatedClient;
  readonly #history: TransactionHistory;
  #last = '';

  constructor(client: SimulatedClient, history: TransactionHistory) {
    this.#client = client;
    this.#history = history;
  }

  /** Why a partition could not be read until now. */
  get last(): string {
    return this.#last;
  }

  /** Gives all that readers of committed records see. All transactions are taken to have ended. */
  async verify(topic: string, topicId: string, partition: number): Promise<Found[]> {
    const place = placeOf(topicId, partition);
    const raw = await this.#readAll(topic, topicId, partition, 'read_uncommitted');
    const { all, visible } = judgeLog(`${topic}-${partition}`, raw, (value) => this.#history.writer(value));
    this.#history.checkOrder(place, all);
    const shown = await this.#readAll(topic, topicId, partition, 'read_committed');
    for (const { records, isAborted } of shown) {
      for (const { offset, value } of records) {
        if (isAborted) this.#history.leftOut(place, offset, value);
        else this.#history.readCommitted(place, offset, value);
      }
    }
    // What the broker leaves out has to be what its markers say.
    const given = shown.flatMap(({ records, isAborted }) => (isAborted ? [] : records));
    this.#history.checkShown(place, new Set(visible.map(({ value }) => value)), new Set(given.map(({ value }) => value)));
    return given;
  }

  async #readAll(topic: string, topicId: string, partition: number, isolation: Isolation): Promise<FetchedBatch[]> {
    for (;;) {
      const leader = (await this.#client.find(topic))?.partitions[partition]?.leader;
      this.#last = leader === undefined ? 'no leader' : `the leader ${leader.host} gives no records`;
      const found = leader === undefined ? undefined : await this.#readFrom(leader, topicId, partition, isolation);
      if (found !== undefined) return found;
      await this.#client.pause();
    }
  }

  async #readFrom(leader: Address, topicId: string, partition: number, isolation: Isolation): Promise<FetchedBatch[] | undefined> {
    const batches: FetchedBatch[] = [];
    for (let next = 0n; ; ) {
      const read = await fetchBatches(this.#client, leader, isolation, { topicId, partition, fetchOffset: next, maxWaitMs: 0 });
      if (read?.errorCode !== 'NONE') return undefined;
      batches.push(...read.batches);
      next = read.nextOffset;
      if (next >= read.highWatermark) return batches;
    }
  }
}
