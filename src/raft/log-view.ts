import type { PartitionLog } from '#storage';
import type { SnapshotStore } from './snapshot-store.ts';
import type { EpochEnd, LogView, SnapshotId } from './types.ts';

/** The metadata log and its snapshots, as the core sees them. */
export class PartitionLogView implements LogView {
  readonly #log: PartitionLog;
  readonly #snapshots: SnapshotStore;

  constructor(log: PartitionLog, snapshots: SnapshotStore) {
    this.#log = log;
    this.#snapshots = snapshots;
  }

  get startOffset(): bigint {
    return this.#log.logStartOffset;
  }

  get endOffset(): bigint {
    return this.#log.logEndOffset;
  }

  get flushedOffset(): bigint {
    return this.#log.flushedOffset;
  }

  get lastEpoch(): number {
    return this.#log.lastEpoch ?? this.epochBeforeStart;
  }

  get epochBeforeStart(): number {
    if (this.startOffset === 0n) return 0;
    const snapshot = this.#snapshots.ids.findLast(({ endOffset }) => endOffset === this.startOffset);
    return snapshot?.epoch ?? this.latestSnapshot?.epoch ?? 0;
  }

  get latestSnapshot(): SnapshotId | undefined {
    return this.#snapshots.latest;
  }

  endOffsetForEpoch(epoch: number): EpochEnd {
    const entries = this.#log.epochEntries;
    const index = entries.findLastIndex((entry) => entry.epoch <= epoch);
    const entry = entries[index];
    if (entry === undefined) return { epoch: this.epochBeforeStart, endOffset: this.startOffset };
    return { epoch: entry.epoch, endOffset: entries[index + 1]?.startOffset ?? this.endOffset };
  }

  partialSnapshotSize(id: SnapshotId): number {
    return this.#snapshots.partialSize(id);
  }
}
