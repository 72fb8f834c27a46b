import type { EpochEntry } from './checkpoint-files.ts';

/**
 * Which leader epoch wrote which part of a log: for every epoch its first offset, both rising. Derived from the batches, kept in
 * `leader-epoch-checkpoint`.
 */
export class EpochCache {
  #entries: EpochEntry[] = [];
  /** Differs from the file. */
  dirty = false;

  constructor(entries: readonly EpochEntry[] = []) {
    for (const { epoch, startOffset } of entries) this.assign(epoch, startOffset);
    this.dirty = false;
  }

  get entries(): readonly EpochEntry[] {
    return this.#entries;
  }

  /** The highest epoch, or undefined in an empty cache. */
  get latestEpoch(): number | undefined {
    return this.#entries.at(-1)?.epoch;
  }

  /** Notes that `epoch` begins at `startOffset`; one that is not above the latest is already known. */
  assign(epoch: number, startOffset: bigint): void {
    const last = this.#entries.at(-1);
    if (epoch < 0 || (last && epoch <= last.epoch)) return;
    // An epoch that wrote nothing before the next one began has no part in the log.
    while (this.#entries.length > 0 && this.#entries.at(-1)!.startOffset >= startOffset) this.#entries.pop();
    this.#entries.push({ epoch, startOffset });
    this.dirty = true;
  }

  /** The epoch that wrote `offset`, or undefined when that lies before the first known. */
  epochOf(offset: bigint): number | undefined {
    return this.#entries.findLast((entry) => entry.startOffset <= offset)?.epoch;
  }

  /**
   * Where `epoch` ends, as OffsetForLeaderEpoch wants it: the largest known epoch not above the asked one, and the first offset after
   * it. An epoch before all known ones ends where the first known begins. Undefined for an epoch above all known ones.
   */
  endOffsetFor(epoch: number, logEndOffset: bigint): { leaderEpoch: number; endOffset: bigint } | undefined {
    if (epoch < 0 || this.latestEpoch === undefined) return undefined;
    if (epoch === this.latestEpoch) return { leaderEpoch: epoch, endOffset: logEndOffset };
    const higher = this.#entries.find((entry) => entry.epoch > epoch);
    if (!higher) return undefined;
    const floor = this.#entries.findLast((entry) => entry.epoch <= epoch);
    return { leaderEpoch: floor?.epoch ?? epoch, endOffset: higher.startOffset };
  }

  /** Forgets epochs that begin at or after `offset`. */
  truncateFromEnd(offset: bigint): void {
    const kept = this.#entries.filter((entry) => entry.startOffset < offset);
    if (kept.length === this.#entries.length) return;
    this.#entries = kept;
    this.dirty = true;
  }

  /** Forgets epochs that end at or before `offset`; the one that holds `offset` then starts there. */
  truncateFromStart(offset: bigint): void {
    const holder = this.#entries.findLastIndex((entry) => entry.startOffset <= offset);
    if (holder < 0 || (holder === 0 && this.#entries[0]!.startOffset === offset)) return;
    const kept = this.#entries.slice(holder);
    kept[0] = { epoch: kept[0]!.epoch, startOffset: offset };
    this.#entries = kept;
    this.dirty = true;
  }

  clear(): void {
    this.dirty ||= this.#entries.length > 0;
    this.#entries = [];
  }
}
