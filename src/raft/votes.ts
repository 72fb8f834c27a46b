import type { RaftContext } from './context.ts';
import type { ReplicaKey, VoteAnswer, Voter } from './types.ts';
import { keyOf, memberOf, sameReplica } from './voters.ts';

/** Counts the votes of one election. The electorate stands still while it runs. */
export class Votes {
  readonly electors: readonly Voter[];
  readonly #quorum: number;
  readonly #granted = new Map<string, Voter>();
  readonly #denied = new Set<string>();

  constructor(context: RaftContext) {
    this.electors = context.electors();
    this.#quorum = context.quorumSize();
    const self = this.electors.find((elector) => sameReplica(elector, context.self));
    if (self !== undefined) this.#granted.set(keyOf(self), self);
  }

  get isWon(): boolean {
    return this.#granted.size >= this.#quorum;
  }

  /** Can those who have not said no still make a quorum? */
  get isLost(): boolean {
    return this.electors.length - this.#denied.size < this.#quorum;
  }

  get granting(): readonly Voter[] {
    return [...this.#granted.values()];
  }

  count(voter: ReplicaKey, answer: VoteAnswer): void {
    const elector = memberOf(this.electors, voter);
    if (elector === undefined) return;
    if (answer.error === 'NONE' && answer.granted) this.#granted.set(keyOf(voter), elector);
    else this.#denied.add(keyOf(voter));
  }
}

/** Asks every other elector for its vote, or whether it would give one. */
export function askForVotes(context: RaftContext, state: Parameters<RaftContext['send']>[0], votes: Votes, preVote: boolean): void {
  for (const elector of votes.electors) {
    if (sameReplica(elector, context.self)) continue;
    context.send(state, elector.address, {
      type: 'vote',
      clusterId: context.clusterId ?? null,
      epoch: context.election.epoch,
      candidate: { id: context.self.id, directoryId: context.self.directoryId },
      voter: { id: elector.id, directoryId: elector.directoryId },
      lastEpoch: context.log.lastEpoch,
      lastOffset: context.log.endOffset,
      preVote,
    });
  }
}
