import type { Partition } from './partition.ts';
import { type FetcherOptions, ReplicaFetcher } from './replica-fetcher.ts';

/** One fetcher for each leader that a replica here follows. */
export class ReplicaFetchers {
  readonly #options: FetcherOptions;
  readonly #byLeader = new Map<number, ReplicaFetcher>();
  readonly #leaderOf = new Map<Partition, number>();

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** The partition follows another leader, or in another epoch, or no one any more. */
  follow(partition: Partition): void {
    const leaderId = partition.following?.leaderId;
    const before = this.#leaderOf.get(partition);
    if (before !== undefined && before !== leaderId) this.#leave(partition, before);
    if (leaderId === undefined) return;
    let fetcher = this.#byLeader.get(leaderId);
    if (fetcher === undefined) this.#byLeader.set(leaderId, (fetcher = new ReplicaFetcher(leaderId, this.#options)));
    this.#leaderOf.set(partition, leaderId);
    fetcher.add(partition);
  }

  forget(partition: Partition): void {
    const leaderId = this.#leaderOf.get(partition);
    if (leaderId !== undefined) this.#leave(partition, leaderId);
  }

  close(): void {
    for (const fetcher of this.#byLeader.values()) fetcher.close();
    this.#byLeader.clear();
    this.#leaderOf.clear();
  }

  #leave(partition: Partition, leaderId: number): void {
    this.#leaderOf.delete(partition);
    const fetcher = this.#byLeader.get(leaderId);
    fetcher?.remove(partition);
    if (fetcher?.isIdle) {
      fetcher.close();
      this.#byLeader.delete(leaderId);
    }
  }
}
