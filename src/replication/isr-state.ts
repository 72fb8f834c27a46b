import assert from 'node:assert/strict';

/** The in-sync replicas as the controller has them, and the number of that state. */
export interface CommittedIsr {
  readonly isr: readonly number[];
  readonly partitionEpoch: number;
}

/** A replica by its id and the incarnation that fetched; an epoch of -1 is not checked by the controller. */
export interface InSyncReplica {
  readonly brokerId: number;
  readonly brokerEpoch: bigint;
}

/** Another in-sync set that this leader has asked the controller for. */
export interface IsrProposal {
  readonly leaderEpoch: number;
  /** Of the state that it would change. */
  readonly partitionEpoch: number;
  readonly isr: readonly InSyncReplica[];
}

/**
 * The in-sync set of a leader. While a change is on its way nobody here knows which set is in force: a record counts as committed only when
 * both agree ({@link maximal}), because the controller may elect from either (P4; KIP-497).
 */
export class IsrState {
  #committed: CommittedIsr;
  #proposal: IsrProposal | undefined;
  #maximal: readonly number[];

  constructor(committed: CommittedIsr) {
    this.#committed = committed;
    this.#maximal = committed.isr;
  }

  get isr(): readonly number[] {
    return this.#committed.isr;
  }

  get partitionEpoch(): number {
    return this.#committed.partitionEpoch;
  }

  /** What the controller was asked for and has not answered for certain. */
  get proposal(): IsrProposal | undefined {
    return this.#proposal;
  }

  /** Everybody who is in sync, or may be. */
  get maximal(): readonly number[] {
    return this.#maximal;
  }

  propose(leaderEpoch: number, isr: readonly InSyncReplica[]): IsrProposal {
    assert(this.#proposal === undefined, 'one change of the in-sync set at a time');
    const proposal = { leaderEpoch, partitionEpoch: this.#committed.partitionEpoch, isr };
    this.#proposal = proposal;
    this.#maximal = [...new Set([...this.#committed.isr, ...isr.map(({ brokerId }) => brokerId)])];
    return proposal;
  }

  /** The controller's state, by its answer or by the metadata log. @returns whether it was news; an older state, or the same, is not */
  commit(committed: CommittedIsr): boolean {
    if (committed.partitionEpoch <= this.#committed.partitionEpoch) return false;
    this.#committed = committed;
    this.#settle();
    return true;
  }

  /** The controller has refused the proposal for certain, and no try of it can have been carried out. */
  withdraw(): void {
    this.#settle();
  }

  #settle(): void {
    this.#proposal = undefined;
    this.#maximal = this.#committed.isr;
  }
}
