import type { Address } from '#platform';
import type { RaftContext, RaftState } from './context.ts';
import type { RaftAnswer, RaftRequest, ReplicaKey } from './types.ts';
import { sameReplica } from './voters.ts';

/** Knows an epoch, but no leader of it: looks for one, votes for others, and stands when its time is up. */
export class Unattached implements RaftState {
  readonly name = 'unattached';
  readonly leader = undefined;
  readonly votedFor: ReplicaKey | undefined;
  readonly admitsPreVote = true;
  readonly #context: RaftContext;
  readonly #standAt: number;
  #seekAt: number;
  #seeking = false;

  constructor(context: RaftContext, votedFor: ReplicaKey | undefined, standAt: number) {
    this.#context = context;
    this.votedFor = votedFor;
    this.#standAt = standAt;
    this.#seekAt = context.now + context.random.below(Math.max(1, context.config.retryBackoffMs));
  }

  /** When this node stands for election; Infinity for an observer, and for a blank broker that has not found enough others. */
  get standAt(): number {
    const context = this.#context;
    if (!context.mayStand) return Number.POSITIVE_INFINITY;
    return context.isBlank ? Math.max(this.#standAt, context.formation.standAt()) : this.#standAt;
  }

  deadline(): number {
    const seekAt = this.#seeking || this.#places().length === 0 ? Number.POSITIVE_INFINITY : this.#seekAt;
    return Math.min(this.standAt, seekAt);
  }

  tick(): void {
    const context = this.#context;
    if (context.now >= this.standAt) context.become.prospective();
    else if (!this.#seeking && context.now >= this.#seekAt) this.#seek();
  }

  answered(_request: RaftRequest, _answer: RaftAnswer, _from: Address): void {
    // Whoever leads has become known from the answer's standing, before this was called.
    this.#lookLater();
  }

  failed(): void {
    this.#lookLater();
  }

  flushed(): void {}

  leave(): void {}

  #lookLater(): void {
    this.#seeking = false;
    this.#seekAt = this.#context.now + this.#context.config.retryBackoffMs;
  }

  /** A fetch to anyone shows who leads: the leader serves it, others name the leader. */
  #seek(): void {
    const context = this.#context;
    const places = this.#places();
    const place = places[context.random.below(Math.max(1, places.length))];
    if (place === undefined) return;
    this.#seeking = true;
    context.send(this, place, {
      type: 'fetch',
      clusterId: context.clusterId ?? null,
      replica: context.self,
      epoch: context.election.epoch,
      fetchOffset: context.log.flushedOffset,
      lastFetchedEpoch: context.log.lastEpoch,
      highWatermark: context.highWatermark,
      maxWaitMs: 0,
    });
  }

  #places(): readonly Address[] {
    const context = this.#context;
    if (context.isBlank) return [];
    const voters = context.voters.latest.filter((voter) => !sameReplica(voter, context.self)).map((voter) => voter.address);
    return [...voters, ...context.formation.addresses];
  }
}
