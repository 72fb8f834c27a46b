/** How far one follower has come, as its leader sees it by its fetches in this leader epoch. */
export class FollowerProgress {
  /** The offset that it fetches: everything before it is on its disk. -1 before its first fetch. */
  logEndOffset = -1n;
  logStartOffset = -1n;
  /** Of the incarnation that fetched last; -1 before. */
  brokerEpoch = -1n;
  /** Monotonic time at which it last had everything that the leader had. */
  #caughtUpAt: number;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  /** Where the leader's log ended at its last fetch. */
  #leaderEndAtFetch = -1n;

  /** @param now a leadership begins: whoever is in sync counts as caught up */
  constructor(now: number) {
    this.#caughtUpAt = now;
  }

  fetched(fetch: { fetchOffset: bigint; logStartOffset: bigint; brokerEpoch: bigint }, leaderLogEndOffset: bigint, now: number): void {
    if (fetch.fetchOffset >= leaderLogEndOffset) this.#caughtUpAt = now;
    // It now asks for what follows on all that there was at its last fetch: at that time it had everything, so to say.
    else if (fetch.fetchOffset >= this.#leaderEndAtFetch && this.#fetchedAt > this.#caughtUpAt) this.#caughtUpAt = this.#fetchedAt;
    this.#fetchedAt = now;
    this.#leaderEndAtFetch = leaderLogEndOffset;
    this.logEndOffset = fetch.fetchOffset;
    this.logStartOffset = fetch.logStartOffset;
    this.brokerEpoch = fetch.brokerEpoch;
  }

  /** Has it had all of the log at some moment of the last `lagMs`? */
  isCaughtUp(leaderLogEndOffset: bigint, now: number, lagMs: number): boolean {
    return this.lagMs(leaderLogEndOffset, now) <= lagMs;
  }

  /** How long ago it last had all of the log; 0 while it has. */
  lagMs(leaderLogEndOffset: bigint, now: number): number {
    return this.logEndOffset >= leaderLogEndOffset ? 0 : now - this.#caughtUpAt;
  }
}
