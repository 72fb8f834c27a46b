import type { ReplicaKey, Voter } from './types.ts';
import { keyOf, memberOf, sameReplica } from './voters.ts';

/** What a leader knows of one replica that fetches from it. */
export interface Progress {
  readonly replica: ReplicaKey;
  /** All below is durable there; undefined until its first good fetch of this epoch. */
  endOffset: bigint | undefined;
  /** Monotonic milliseconds. */
  lastFetchMs: number;
  previousFetchMs: number;
  /** When it last held all that the leader held, or had held at its fetch before. */
  lastCaughtUpMs: number;
  leaderEndAtLastFetch: bigint;
}

/** Observers beyond this many are served but not remembered. */
const mostObservers = 1000;
/** An observer that has not fetched for so long is forgotten. */
const observerTimeoutMs = 300_000;

/** All replicas that fetch from a leader, voters and observers. */
export class ReplicaProgress {
  readonly #known = new Map<string, Progress>();

  /** A replica asks for something, whether or not its log fits. */
  heardOf(replica: ReplicaKey, voters: readonly Voter[], now: number): void {
    const known = this.of(replica);
    if (known !== undefined) {
      known.previousFetchMs = known.lastFetchMs;
      known.lastFetchMs = now;
    } else if (replica.id >= 0 && (memberOf(voters, replica) !== undefined || this.#roomForObserver(voters, now))) {
      const fresh = { replica, endOffset: undefined, lastFetchMs: now, previousFetchMs: -1, lastCaughtUpMs: -1, leaderEndAtLastFetch: -1n };
      this.#known.set(keyOf(replica), fresh);
    }
  }

  /** Its log fits the leader's up to `fetchOffset`. */
  fetched(replica: ReplicaKey, fetchOffset: bigint, leaderEndOffset: bigint, now: number): void {
    const progress = this.of(replica);
    if (progress === undefined) return;
    if (fetchOffset >= leaderEndOffset) progress.lastCaughtUpMs = now;
    else if (progress.leaderEndAtLastFetch >= 0n && fetchOffset >= progress.leaderEndAtLastFetch)
      progress.lastCaughtUpMs = progress.previousFetchMs;
    progress.endOffset = fetchOffset;
    progress.leaderEndAtLastFetch = leaderEndOffset;
  }

  of(replica: ReplicaKey): Progress | undefined {
    return this.#known.get(keyOf(replica));
  }

  /** Those that fetch without being voters, in the order in which they came. */
  observers(voters: readonly Voter[], now: number): readonly Progress[] {
    return [...this.#known.values()].filter(
      (progress) => memberOf(voters, progress.replica) === undefined && now - progress.lastFetchMs < observerTimeoutMs,
    );
  }

  /**
   * The time at which the last of the `needed` most recent voters besides `self` fetched; replicas that never did count as of `since`.
   */
  quorumFetchedAt(voters: readonly Voter[], self: ReplicaKey, needed: number, since: number): number {
    if (needed <= 0) return Number.POSITIVE_INFINITY;
    const times = voters
      .filter((voter) => !sameReplica(voter, self))
      .map((voter) => Math.max(this.of(voter)?.lastFetchMs ?? since, since))
      .sort((a, b) => b - a);
    return times[needed - 1] ?? since;
  }

  #roomForObserver(voters: readonly Voter[], now: number): boolean {
    if (this.#known.size < mostObservers) return true;
    for (const [key, { replica, lastFetchMs }] of this.#known) {
      if (memberOf(voters, replica) === undefined && now - lastFetchMs >= observerTimeoutMs) this.#known.delete(key);
    }
    return this.#known.size < mostObservers;
  }
}
