import type { Address } from '#platform';
import type { RaftContext } from './context.ts';
import type { Leader } from './leader.ts';
import type { RaftAnswer, ReplicaKey, VoteMessage } from './types.ts';
import type { VoterChanges } from './voter-changes.ts';
import { keyOf } from './voters.ts';

const lookMs = 250;
/** A replica that was found at no named address is looked for again after this time. */
const lookAgainMs = 5000;

/**
 * Makes voters of the brokers that were named at formation but were absent then, once they have caught up. The leader sees an
 * observer fetch and asks at the named addresses whether it sits there: a request for a pre-vote that names the observer and its
 * directory is answered with INVALID_VOTER_KEY by anybody else, and with a plain no by the one it is for.
 */
export class AutoJoin {
  readonly #context: RaftContext;
  readonly #leader: Leader;
  readonly #changes: VoterChanges;
  readonly #lookedAt = new Map<string, number>();
  #nextLook: number;

  constructor(context: RaftContext, leader: Leader, changes: VoterChanges) {
    this.#context = context;
    this.#leader = leader;
    this.#changes = changes;
    this.#nextLook = context.now + lookMs;
  }

  deadline(): number {
    return this.#context.formation.isOpen ? this.#nextLook : Number.POSITIVE_INFINITY;
  }

  tick(): void {
    const context = this.#context;
    if (context.now < this.#nextLook) return;
    this.#nextLook = context.now + lookMs;
    if (!context.formation.isOpen || this.#changes.obstacle !== undefined) return;
    const candidate = this.#leader.progress
      .observers(context.voters.latest, context.now)
      .map(({ replica }) => replica)
      .find((replica) => this.#mayJoin(replica) && context.now >= (this.#lookedAt.get(keyOf(replica)) ?? 0));
    if (candidate === undefined) return;
    this.#lookedAt.set(keyOf(candidate), context.now + lookAgainMs);
    for (const address of context.formation.addresses) this.#ask(address, candidate);
  }

  /** The answer to the question whether `request.voter` sits at `from`. */
  answered(request: VoteMessage, answer: RaftAnswer, from: Address): void {
    if (answer.type !== 'vote' || answer.error !== 'NONE' || !this.#context.formation.isOpen || !this.#mayJoin(request.voter)) return;
    this.#changes.join({ ...request.voter, address: from });
  }

  #mayJoin(replica: ReplicaKey): boolean {
    const { latest } = this.#context.voters;
    return latest.every(({ id }) => id !== replica.id) && this.#changes.isCaughtUp(replica);
  }

  #ask(address: Address, replica: ReplicaKey): void {
    const { clusterId, election, log, self } = this.#context;
    this.#context.send(this.#leader, address, {
      type: 'vote',
      clusterId: clusterId ?? null,
      epoch: election.epoch,
      candidate: { id: self.id, directoryId: self.directoryId },
      voter: { id: replica.id, directoryId: replica.directoryId },
      lastEpoch: log.lastEpoch,
      lastOffset: log.endOffset,
      preVote: true,
    });
  }
}
