import assert from 'node:assert/strict';
import type { ReplicaKey, Voter } from './types.ts';

/** The directory id that stands for "not known". */
export const zeroDirectoryId = 'AAAAAAAAAAAAAAAAAAAAAA';

/** The smallest number of members that is more than half. */
export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

export function sameReplica(a: ReplicaKey, b: ReplicaKey): boolean {
  return a.id === b.id && a.directoryId === b.directoryId;
}

/** A text that is equal exactly for equal replicas. */
export function keyOf(replica: ReplicaKey): string {
  return `${replica.id}:${replica.directoryId}`;
}

/** The member of a set that is this replica, or undefined. */
export function memberOf(voters: readonly Voter[], replica: ReplicaKey): Voter | undefined {
  return voters.find((voter) => sameReplica(voter, replica));
}

/** The members in id order, as they stand in a record. */
export function inIdOrder(voters: readonly Voter[]): readonly Voter[] {
  return [...voters].sort((a, b) => a.id - b.id);
}

/**
 * The voter sets that a log brought, by offset. The newest one counts as soon as it is appended; truncation brings the one before
 * it back.
 */
export class VoterHistory {
  #sets: { readonly offset: bigint; readonly voters: readonly Voter[] }[] = [];

  /** The set in force; empty while the log holds none. */
  get latest(): readonly Voter[] {
    return this.#sets.at(-1)?.voters ?? [];
  }

  /** The set before the one in force; empty when it is not remembered. */
  get previous(): readonly Voter[] {
    return this.#sets.at(-2)?.voters ?? [];
  }

  /** Has a later set taken the founding one's place? Only a leader that knew the founding to be committed writes one. */
  get hasChanged(): boolean {
    return this.#sets.length > 1 || this.#sets[0]?.offset === -1n;
  }

  /** Offset of the record that brought the set in force; -1 when it came with a snapshot or there is none. */
  get latestOffset(): bigint {
    return this.#sets.at(-1)?.offset ?? -1n;
  }

  /** The set that founded the cluster; undefined when the log begins after it. */
  get founding(): readonly Voter[] | undefined {
    const first = this.#sets[0];
    return first === undefined || first.offset === -1n ? undefined : first.voters;
  }

  /** The set in force for the log up to, not including, `endOffset`. */
  asOf(endOffset: bigint): readonly Voter[] {
    return this.#sets.findLast((set) => set.offset < endOffset)?.voters ?? [];
  }

  append(offset: bigint, voters: readonly Voter[]): void {
    assert(offset > this.latestOffset, `voters at ${offset} after voters at ${this.latestOffset}`);
    this.#sets.push({ offset, voters });
  }

  truncateTo(endOffset: bigint): void {
    this.#sets = this.#sets.filter((set) => set.offset < endOffset);
  }

  /** Starts again with the set that a snapshot holds. */
  reset(voters: readonly Voter[]): void {
    this.#sets = [{ offset: -1n, voters }];
  }
}
