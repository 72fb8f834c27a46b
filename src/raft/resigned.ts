import type { RaftContext, RaftState } from './context.ts';
import type { EndQuorumEpochMessage, ReplicaKey, Voter } from './types.ts';

/** Has led this epoch and does so no longer; votes for nobody else in it, and makes way for the others for a while. */
export class Resigned implements RaftState {
  readonly name = 'resigned';
  readonly leader = undefined;
  readonly votedFor: ReplicaKey;
  readonly admitsPreVote = true;
  readonly #context: RaftContext;
  readonly #endAt: number;
  #unanswered = 0;

  /** @param forever the node shuts down: it waits for its end in this state */
  constructor(context: RaftContext, forever: boolean) {
    this.#context = context;
    this.votedFor = { id: context.self.id, directoryId: context.self.directoryId };
    this.#endAt = forever ? Number.POSITIVE_INFINITY : context.electionDeadline();
  }

  deadline(): number {
    return this.#endAt;
  }

  tick(): void {
    const { become, election, now } = this.#context;
    if (now >= this.#endAt) become.unattached(election.epoch);
  }

  /** Tells the other voters, so that they need not find out by waiting. */
  handOver(voters: readonly Voter[], message: EndQuorumEpochMessage): void {
    for (const voter of voters) {
      this.#unanswered++;
      this.#context.send(this, voter.address, message);
    }
  }

  /** How many voters have not answered to that. */
  get unanswered(): number {
    return this.#unanswered;
  }

  answered(): void {
    this.#unanswered--;
  }

  failed(): void {
    this.#unanswered--;
  }

  flushed(): void {}

  leave(): void {}
}
