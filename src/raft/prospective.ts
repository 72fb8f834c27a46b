import type { KnownLeader, RaftContext, RaftState } from './context.ts';
import type { RaftAnswer, RaftRequest, ReplicaKey } from './types.ts';
import { askForVotes, Votes } from './votes.ts';

/**
 * Would stand for election if it could win (KIP-996): asks the others whether they would vote for it, and raises no epoch. So a
 * broker that was cut off does not unseat a leader whom everyone else follows.
 */
export class Prospective implements RaftState {
  readonly name = 'prospective';
  readonly leader: KnownLeader | undefined;
  readonly votedFor: ReplicaKey | undefined;
  readonly admitsPreVote = true;
  readonly #context: RaftContext;
  readonly #votes: Votes;
  readonly #giveUpAt: number;

  constructor(context: RaftContext, leader: KnownLeader | undefined, votedFor: ReplicaKey | undefined) {
    this.#context = context;
    this.leader = leader;
    this.votedFor = votedFor;
    this.#votes = new Votes(context);
    this.#giveUpAt = context.electionDeadline();
  }

  /** Called once this is the node's state. */
  start(): void {
    if (this.#votes.isWon) this.#context.become.candidate();
    else askForVotes(this.#context, this, this.#votes, true);
  }

  deadline(): number {
    return this.#giveUpAt;
  }

  tick(): void {
    if (this.#context.now >= this.#giveUpAt) this.#giveUp(this.#context.now);
  }

  answered(request: RaftRequest, answer: RaftAnswer): void {
    if (request.type !== 'vote' || answer.type !== 'vote') return;
    this.#votes.count(request.voter, answer);
    if (this.#votes.isWon) this.#context.become.candidate();
    else if (this.#votes.isLost) this.#giveUp(this.#context.electionDeadline());
  }

  failed(): void {
    // The one who was asked may be back within moments; the deadline decides.
  }

  flushed(): void {}

  leave(): void {}

  /** The old leader may be alive after all: ask it again. Otherwise wait for another's turn, or try again. */
  #giveUp(standAt: number): void {
    const { become, election } = this.#context;
    if (this.leader?.address !== undefined) become.follower(election.epoch, { id: this.leader.id, address: this.leader.address });
    else become.unattached(election.epoch, standAt);
  }
}
