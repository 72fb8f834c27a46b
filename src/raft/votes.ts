import type { Address } from '#platform';
import type { RaftContext } from './context.ts';
import { isSameAddress } from './formation.ts';
import type { ReplicaKey, VoteAnswer, Voter } from './types.ts';
import { keyOf, memberOf, sameReplica } from './voters.ts';

/** Counts the votes of one election. The electorate stands still while it runs. */
export class Votes {
  readonly electors: readonly Voter[];
  readonly #quorum: number;
  readonly #named: readonly Address[];
  readonly #haveMoved: boolean;
  readonly #granted = new Map<string, Voter>();
  readonly #denied = new Set<string>();
  /** At how many of its places an elector is not. */
  readonly #absent = new Map<string, number>();

  constructor(context: RaftContext) {
    this.electors = context.electors();
    this.#quorum = context.quorumSize();
    this.#named = context.formation.addresses;
    const others = this.electors.filter((elector) => !sameReplica(elector, context.self));
    this.#haveMoved = others.some(({ address }) => !this.#named.some((named) => isSameAddress(named, address)));
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

  /**
   * Where an elector may be: where the voters' record says, and where one of them is not named there any more, as when all came back at other addresses, at each that --peers names.
   * Whoever else is found there says so, and that is all: a request names whom it is for.
   */
  placesOf({ address }: Voter): readonly Address[] {
    if (!this.#haveMoved) return [address];
    return [address, ...this.#named.filter((named) => !isSameAddress(named, address))];
  }

  count(voter: ReplicaKey, answer: VoteAnswer): void {
    const elector = memberOf(this.electors, voter);
    if (elector === undefined) return;
    const key = keyOf(voter);
    if (answer.error === 'NONE' && answer.granted) {
      this.#granted.set(key, elector);
      return;
    }
    if (answer.error === 'INVALID_VOTER_KEY') {
      const absent = (this.#absent.get(key) ?? 0) + 1;
      this.#absent.set(key, absent);
      if (absent < this.placesOf(elector).length) return;
    }
    this.#denied.add(key);
  }
}

/** Asks every other elector for its vote, or whether it would give one. */
export function askForVotes(context: RaftContext, state: Parameters<RaftContext['send']>[0], votes: Votes, preVote: boolean): void {
  for (const elector of votes.electors) {
    if (sameReplica(elector, context.self)) continue;
    for (const place of votes.placesOf(elector)) {
      context.send(state, place, {
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
}
