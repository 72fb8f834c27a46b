import type { RaftContext, RaftState } from './context.ts';
import type { RaftAnswer, RaftRequest, ReplicaKey } from './types.ts';
import { askForVotes, Votes } from './votes.ts';

/** Has voted for itself in an epoch of its own making, and asks the others to do the same. */
export class Candidate implements RaftState {
  readonly name = 'candidate';
  readonly leader = undefined;
  readonly votedFor: ReplicaKey;
  readonly admitsPreVote = true;
  readonly #context: RaftContext;
  readonly #votes: Votes;
  #endAt: number;

  constructor(context: RaftContext) {
    this.#context = context;
    this.votedFor = { id: context.self.id, directoryId: context.self.directoryId };
    this.#votes = new Votes(context);
    this.#endAt = context.electionDeadline();
  }

  /** Called once this is the node's state and its vote for itself is on its way to the disk. */
  start(): void {
    if (this.#votes.isWon) this.#context.become.leader(this.#votes.granting);
    else askForVotes(this.#context, this, this.#votes, false);
  }

  deadline(): number {
    return this.#endAt;
  }

  tick(): void {
    if (this.#context.now >= this.#endAt) this.#context.become.prospective();
  }

  answered(request: RaftRequest, answer: RaftAnswer): void {
    if (request.type !== 'vote' || request.preVote || answer.type !== 'vote') return;
    this.#votes.count(request.voter, answer);
    const { become, config, now, random } = this.#context;
    if (this.#votes.isWon) become.leader(this.#votes.granting);
    // Split votes: waiting for different times breaks the tie.
    else if (this.#votes.isLost) this.#endAt = Math.min(this.#endAt, now + 1 + random.below(config.electionBackoffMaxMs));
  }

  failed(): void {}

  flushed(): void {}

  leave(): void {}
}
