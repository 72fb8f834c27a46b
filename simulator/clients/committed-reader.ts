import { placeOf, type TransactionHistory } from '../checkers/transaction-history.ts';
import { Violation } from '../violation.ts';
import { fetchBatches, type Isolation } from './batch-fetching.ts';
import type { SimulatedClient } from './simulated-client.ts';

interface Position {
  next: bigint;
  /** Of the leader that was asked last. */
  epoch: number;
  lastStableOffset: bigint;
}

/** Reads the partitions of some topics from their beginning and stays close behind the writers, with either isolation level. */
export class CommittedReader {
  readonly #client: SimulatedClient;
  readonly #history: TransactionHistory;
  readonly #isolation: Isolation;
  readonly #positions = new Map<string, Position>();

  constructor(client: SimulatedClient, history: TransactionHistory, isolation: Isolation) {
    this.#client = client;
    this.#history = history;
    this.#isolation = isolation;
  }

  async run(topics: readonly string[]): Promise<void> {
    while (!this.#client.stopped) {
      await this.#follow(this.#client.anyOf(topics));
      await this.#client.pause();
    }
  }

  async #follow(topic: string): Promise<void> {
    const found = await this.#client.find(topic);
    const partition = this.#client.random.below(found?.partitions.length ?? 1);
    const known = found?.partitions[partition];
    if (found === undefined || known?.leader === undefined) return;
    const place = placeOf(found.topicId, partition);
    let position = this.#positions.get(place);
    if (position === undefined) this.#positions.set(place, (position = { next: 0n, epoch: -1, lastStableOffset: -1n }));
    if (known.leaderEpoch < position.epoch) return;
    for (let rounds = 0; rounds < 4 && !this.#client.stopped; rounds++) {
      const at = { topicId: found.topicId, partition, fetchOffset: position.next, currentLeaderEpoch: known.leaderEpoch };
      const read = await fetchBatches(this.#client, known.leader, this.#isolation, at);
      if (read?.errorCode !== 'NONE') return;
      const { lastStableOffset } = read;
      if (position.epoch === known.leaderEpoch && lastStableOffset < position.lastStableOffset)
        throw new Violation(
          'T7',
          `${known.leader.host}: ${place}: the last stable offset falls from ${position.lastStableOffset} to ${lastStableOffset} in epoch ${known.leaderEpoch}`,
        );
      position.epoch = known.leaderEpoch;
      position.lastStableOffset = lastStableOffset;
      for (const { records, isAborted } of read.batches) {
        for (const { offset, value } of records) {
          if (this.#isolation === 'read_uncommitted') this.#history.readUncommitted(place, offset, value);
          else if (isAborted) this.#history.leftOut(place, offset, value);
          else this.#history.readCommitted(place, offset, value);
        }
      }
      if (this.#isolation === 'read_committed') this.#history.stable(place, lastStableOffset);
      position.next = read.nextOffset;
    }
  }
}
