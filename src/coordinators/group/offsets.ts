import { zeroUuid } from '#protocol';
import type { OffsetCommitValueInput } from '#protocol/stored/offset-commit-value.ts';
import type { RecordPlace, TransactionEnd } from '../runtime/index.ts';
import type { OffsetRecord } from './records.ts';

/** How far a group has read in a partition. */
export interface CommittedOffset {
  readonly offset: bigint;
  /** Of the last record read; -1 when the client did not say. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  /** Milliseconds since 1970. */
  readonly commitTimestamp: bigint;
  /** -1 leaves it to offsets.retention.minutes. */
  readonly expireTimestamp: bigint;
  /** Of the topic that was read; all zeros in a record of an older broker, which did not say. */
  readonly topicId: string;
  /** Where the record stands that says so. */
  readonly recordOffset: bigint;
}

export type OffsetsOfGroup = ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>;

interface Pending {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly committed: CommittedOffset;
}

const none: OffsetsOfGroup = new Map();

/**
 * The committed offsets of all groups of a partition, and those that wait for the end of the transaction they belong to. Changed by
 * records alone.
 */
export class Offsets {
  readonly #byGroup = new Map<string, Map<string, Map<number, CommittedOffset>>>();
  readonly #pending = new Map<bigint, Pending[]>();
  /** How many open transactions have an offset for it. */
  readonly #unstable = new Map<string, number>();

  get(group: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#byGroup.get(group)?.get(topic)?.get(partition);
  }

  of(group: string): OffsetsOfGroup {
    return this.#byGroup.get(group) ?? none;
  }

  get groups(): Iterable<string> {
    return this.#byGroup.keys();
  }

  /** Whether an open transaction may change it (KIP-447). */
  isUnstable(group: string, topic: string, partition: number): boolean {
    return this.#unstable.has(keyOf(group, topic, partition));
  }

  /** Partitions of a group that only an open transaction knows of. */
  pendingOf(group: string): { readonly topic: string; readonly partition: number }[] {
    return [...this.#pending.values()].flat().filter((pending) => pending.group === group);
  }

  replay({ key: { group, topic, partition }, value }: OffsetRecord, { offset, producerId }: RecordPlace): void {
    if (value === null) {
      this.#forget(group, topic, partition);
      return;
    }
    const committed = committedOffset(value, offset);
    if (producerId < 0n) {
      this.#remember(group, topic, partition, committed);
      return;
    }
    const pending = this.#pending.get(producerId) ?? [];
    pending.push({ group, topic, partition, committed });
    this.#pending.set(producerId, pending);
    const name = keyOf(group, topic, partition);
    this.#unstable.set(name, (this.#unstable.get(name) ?? 0) + 1);
  }

  /** @returns the groups whose offsets have changed */
  replayTransactionEnd({ producerId, committed: isCommitted }: TransactionEnd): Set<string> {
    const changed = new Set<string>();
    for (const { group, topic, partition, committed } of this.#pending.get(producerId) ?? []) {
      const name = keyOf(group, topic, partition);
      const others = this.#unstable.get(name)! - 1;
      if (others === 0) this.#unstable.delete(name);
      else this.#unstable.set(name, others);
      if (!isCommitted) continue;
      // A commit outside of the transaction that came after its own is the newer one.
      const now = this.get(group, topic, partition);
      if (now !== undefined && now.recordOffset > committed.recordOffset) continue;
      this.#remember(group, topic, partition, committed);
      changed.add(group);
    }
    this.#pending.delete(producerId);
    return changed;
  }

  #remember(group: string, topic: string, partition: number, committed: CommittedOffset): void {
    let topics = this.#byGroup.get(group);
    if (topics === undefined) this.#byGroup.set(group, (topics = new Map()));
    let partitions = topics.get(topic);
    if (partitions === undefined) topics.set(topic, (partitions = new Map()));
    partitions.set(partition, committed);
  }

  #forget(group: string, topic: string, partition: number): void {
    const topics = this.#byGroup.get(group);
    const partitions = topics?.get(topic);
    if (topics === undefined || partitions === undefined) return;
    partitions.delete(partition);
    if (partitions.size === 0) topics.delete(topic);
    if (topics.size === 0) this.#byGroup.delete(group);
  }
}

export function offsetTombstone(group: string, topic: string, partition: number): OffsetRecord {
  return { kind: 'offset', key: { group, topic, partition }, value: null };
}

function committedOffset(value: OffsetCommitValueInput, recordOffset: bigint): CommittedOffset {
  const { offset, leaderEpoch = -1, metadata, commitTimestamp, expireTimestamp = -1n, topicId = zeroUuid } = value;
  return { offset, leaderEpoch, metadata, commitTimestamp, expireTimestamp, topicId, recordOffset };
}

function keyOf(group: string, topic: string, partition: number): string {
  return `${topic}/${partition}/${group}`;
}
