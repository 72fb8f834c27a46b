import assert from 'node:assert/strict';
import type { ErrorName } from '#protocol';
import type { RaftContext } from './context.ts';
import { isSameAddress } from './formation.ts';
import type { Leader } from './leader.ts';
import type { AddVoterMessage, RaftRequest, RemoveVoterMessage, ReplicaKey, UpdateVoterMessage, Voter } from './types.ts';
import { inIdOrder, memberOf, sameReplica } from './voters.ts';

type Kind = 'addVoter' | 'removeVoter' | 'updateVoter';

/** How long a removal or an update may take to be committed before its sender is told that it is unknown. */
const changeTimeoutMs = 5000;

interface Pending {
  readonly kind: Kind;
  readonly requestId: number | undefined;
  readonly voters: readonly Voter[];
  /** The voter that must catch up before the record is written. */
  readonly waitsFor: ReplicaKey | undefined;
  readonly deadline: number;
  readonly ackWhenCommitted: boolean;
  /** Of the record, once written. */
  offset: bigint | undefined;
}

/** Changes of the voter set on its leader: one at a time, each committed before the next (R12, KIP-853). */
export class VoterChanges {
  readonly #context: RaftContext;
  readonly #leader: Leader;
  #pending: Pending | undefined;

  constructor(context: RaftContext, leader: Leader) {
    this.#context = context;
    this.#leader = leader;
  }

  /** Why no change may start now; undefined when one may. */
  get obstacle(): string | undefined {
    const { highWatermark, voters } = this.#context;
    if (!this.#leader.isEstablished) return 'The leader has not committed a record of its epoch yet.';
    if (this.#pending !== undefined || voters.latestOffset >= highWatermark) return 'Another change of the voters is not committed yet.';
    return undefined;
  }

  request(requestId: number, request: RaftRequest): void {
    if (request.type === 'addVoter') this.#add(requestId, request);
    else if (request.type === 'removeVoter') this.#remove(requestId, request);
    else if (request.type === 'updateVoter') this.#update(requestId, request);
  }

  /** Makes a caught-up replica a voter, without anyone having asked. */
  join(voter: Voter): void {
    if (this.obstacle !== undefined) return;
    const voters = inIdOrder([...this.#context.voters.latest, voter]);
    this.#start({ kind: 'addVoter', requestId: undefined, voters, waitsFor: voter, ackWhenCommitted: true }, changeTimeoutMs);
  }

  /** A replica fetched: perhaps the one that is waited for. */
  progressed(): void {
    const pending = this.#pending;
    if (pending === undefined || pending.offset !== undefined) return;
    if (pending.waitsFor === undefined || this.isCaughtUp(pending.waitsFor)) this.#write(pending);
  }

  /** Does this replica hold all that was written until a moment ago, flushed? */
  isCaughtUp(replica: ReplicaKey): boolean {
    const { config, log, now } = this.#context;
    const progress = this.#leader.progress.of(replica);
    if (progress?.endOffset === undefined || now - progress.lastFetchMs > config.fetchTimeoutMs) return false;
    return (
      progress.endOffset >= log.endOffset || (progress.lastCaughtUpMs >= 0 && now - progress.lastCaughtUpMs <= config.fetchMaxWaitMs * 2)
    );
  }

  /** The high watermark rose. */
  committed(): void {
    const pending = this.#pending;
    if (pending?.offset === undefined || pending.offset >= this.#context.highWatermark) return;
    this.#pending = undefined;
    if (pending.ackWhenCommitted) this.#answer(pending.requestId, pending.kind, 'NONE', null);
  }

  deadline(): number {
    if (this.#pending !== undefined) return this.#pending.deadline;
    return this.#isToUpdateItself ? this.#context.now : Number.POSITIVE_INFINITY;
  }

  tick(): void {
    const pending = this.#pending;
    if (this.#isToUpdateItself) {
      this.#start(this.#updateOf(this.#context.self, undefined), changeTimeoutMs);
      return;
    }
    if (pending === undefined || this.#context.now < pending.deadline) return;
    this.#pending = undefined;
    const why =
      pending.offset === undefined ? 'The voter did not catch up in time.' : 'The change is written but was not committed in time.';
    this.#answer(pending.requestId, pending.kind, 'REQUEST_TIMED_OUT', why);
  }

  /** The leadership ends. */
  leave(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) this.#answer(pending.requestId, pending.kind, 'NOT_LEADER_OR_FOLLOWER', null);
  }

  #add(requestId: number, { ackWhenCommitted, timeoutMs, voter }: AddVoterMessage): void {
    const { voters } = this.#context;
    if (this.obstacle !== undefined) {
      this.#answer(requestId, 'addVoter', 'REQUEST_TIMED_OUT', this.obstacle);
      return;
    }
    if (voters.latest.some(({ id }) => id === voter.id)) {
      this.#answer(requestId, 'addVoter', 'DUPLICATE_VOTER', `A voter with the id ${voter.id} exists.`);
      return;
    }
    const set = inIdOrder([...voters.latest, voter]);
    this.#start({ kind: 'addVoter', requestId, voters: set, waitsFor: voter, ackWhenCommitted }, timeoutMs);
  }

  #remove(requestId: number, { voter }: RemoveVoterMessage): void {
    const { voters } = this.#context;
    if (this.obstacle !== undefined) {
      this.#answer(requestId, 'removeVoter', 'REQUEST_TIMED_OUT', this.obstacle);
      return;
    }
    if (memberOf(voters.latest, voter) === undefined) {
      this.#answer(requestId, 'removeVoter', 'VOTER_NOT_FOUND', null);
      return;
    }
    if (voters.latest.length === 1) {
      this.#answer(requestId, 'removeVoter', 'INVALID_REQUEST', 'The only voter cannot be removed.');
      return;
    }
    const set = voters.latest.filter((member) => !sameReplica(member, voter));
    this.#start({ kind: 'removeVoter', requestId, voters: set, waitsFor: undefined, ackWhenCommitted: true }, changeTimeoutMs);
  }

  #update(requestId: number, { voter }: UpdateVoterMessage): void {
    const { voters } = this.#context;
    if (this.obstacle !== undefined) {
      this.#answer(requestId, 'updateVoter', 'REQUEST_TIMED_OUT', this.obstacle);
      return;
    }
    const member = memberOf(voters.latest, voter);
    if (member === undefined) {
      this.#answer(requestId, 'updateVoter', 'VOTER_NOT_FOUND', null);
      return;
    }
    if (isSameAddress(member.address, voter.address)) {
      this.#answer(requestId, 'updateVoter', 'NONE', null);
      return;
    }
    this.#start(this.#updateOf(voter, requestId), changeTimeoutMs);
  }

  #updateOf(voter: Voter, requestId: number | undefined): Omit<Pending, 'deadline' | 'offset'> {
    const voters = this.#context.voters.latest.map((other) => (sameReplica(other, voter) ? voter : other));
    return { kind: 'updateVoter', requestId, voters, waitsFor: undefined, ackWhenCommitted: true };
  }

  /** The leader itself is reached elsewhere than its record says: followers tell it of theirs, and it has nobody to tell. */
  get #isToUpdateItself(): boolean {
    if (this.obstacle !== undefined) return false;
    const { self, voters } = this.#context;
    const recorded = memberOf(voters.latest, self);
    return recorded !== undefined && !isSameAddress(recorded.address, self.address);
  }

  #start(change: Omit<Pending, 'deadline' | 'offset'>, timeoutMs: number): void {
    this.#pending = { ...change, deadline: this.#context.now + timeoutMs, offset: undefined };
    this.progressed();
  }

  #write(pending: Pending): void {
    const { election, log, voters, highWatermark } = this.#context;
    assert(voters.latestOffset < highWatermark, 'R12: a second change of the voters before the first is committed');
    pending.offset = log.endOffset;
    voters.append(pending.offset, pending.voters);
    this.#context.emit({ type: 'appendControl', epoch: election.epoch, records: [{ type: 'voters', voters: pending.voters }] });
    this.#leader.appended();
    if (!pending.ackWhenCommitted) this.#answer(pending.requestId, pending.kind, 'NONE', null);
  }

  #answer(requestId: number | undefined, type: Kind, error: ErrorName, message: string | null): void {
    if (requestId === undefined) return;
    const answer = { type, ...this.#context.standing(error, this.#leader.leader), message };
    this.#context.emit({ type: 'respond', requestId, answer });
  }
}
