import type { BatchInfo, EpochEnd, LogView, SnapshotId, Voter } from '../types.ts';

/** A batch as the simulation keeps it; `content` is unique per batch that a leader made. */
export interface SimulatedBatch extends BatchInfo {
  readonly content: string;
}

export interface SimulatedSnapshot extends SnapshotId {
  readonly voters: readonly Voter[];
}

/** What is on one simulated disk of the log. */
export interface DurableLog {
  startOffset: bigint;
  batches: readonly SimulatedBatch[];
  snapshot: SimulatedSnapshot | undefined;
}

/** A log in memory with a durable part; what is not flushed may be lost by a crash. */
export class SimulatedLog implements LogView {
  startOffset: bigint;
  batches: SimulatedBatch[];
  snapshot: SimulatedSnapshot | undefined;
  flushedOffset: bigint;
  readonly partial = new Map<string, number>();
  #durable: readonly SimulatedBatch[];
  #flushes: { target: bigint }[] = [];
  #lies = false;

  constructor(disk: DurableLog) {
    this.startOffset = disk.startOffset;
    this.batches = [...disk.batches];
    this.#durable = disk.batches;
    this.snapshot = disk.snapshot;
    this.flushedOffset = this.endOffset;
  }

  get endOffset(): bigint {
    const last = this.batches.at(-1);
    return last === undefined ? this.startOffset : last.lastOffset + 1n;
  }

  get lastEpoch(): number {
    return this.batches.at(-1)?.epoch ?? this.epochBeforeStart;
  }

  get epochBeforeStart(): number {
    return this.startOffset > 0n ? (this.snapshot?.epoch ?? 0) : 0;
  }

  get latestSnapshot(): SnapshotId | undefined {
    return this.snapshot;
  }

  partialSnapshotSize(id: SnapshotId): number {
    return this.partial.get(`${id.endOffset}-${id.epoch}`) ?? 0;
  }

  endOffsetForEpoch(epoch: number): EpochEnd {
    const last = this.batches.findLast((batch) => batch.epoch <= epoch);
    if (last !== undefined) return { epoch: last.epoch, endOffset: last.lastOffset + 1n };
    return { epoch: this.epochBeforeStart, endOffset: this.startOffset };
  }

  /** The batches from an offset on. */
  from(offset: bigint, most = Number.POSITIVE_INFINITY): SimulatedBatch[] {
    const first = this.batches.findLastIndex((batch) => batch.baseOffset < offset) + 1;
    return this.batches.slice(first, first + most);
  }

  /** Would a crash at this moment leave this batch? */
  isDurable({ content, lastOffset }: SimulatedBatch): boolean {
    return lastOffset < this.flushedOffset && this.#durable.findLast((batch) => batch.content === content) !== undefined;
  }

  append(batch: SimulatedBatch): void {
    this.batches.push(batch);
  }

  truncate(offset: bigint): void {
    this.batches = this.batches.filter((batch) => batch.lastOffset < offset);
    if (this.flushedOffset > this.endOffset) this.flushedOffset = this.endOffset;
    for (const flush of this.#flushes) if (flush.target > this.endOffset) flush.target = this.endOffset;
  }

  /**
   * Starts a flush of all that is there; call the result when the disk is done.
   * @param keepsNothing a lie: nothing of it survives a crash
   */
  flush(keepsNothing = false): () => void {
    const flush = { target: this.endOffset };
    this.#flushes.push(flush);
    return () => {
      this.#flushes = this.#flushes.filter((other) => other !== flush);
      if (flush.target > this.flushedOffset) this.flushedOffset = flush.target;
      this.#lies ||= keepsNothing;
      if (keepsNothing) return;
      this.#durable = this.batches.slice(0, this.batches.findLastIndex((batch) => batch.lastOffset < this.flushedOffset) + 1);
    };
  }

  /** Forgets all before the snapshot, as the shell does when one was made here. */
  cutPrefix(snapshot: SimulatedSnapshot): void {
    this.snapshot = snapshot;
    this.startOffset = snapshot.endOffset;
    this.batches = this.batches.filter((batch) => batch.baseOffset >= snapshot.endOffset);
    this.#durable = this.#durable.filter((batch) => batch.baseOffset >= snapshot.endOffset);
  }

  startAt(snapshot: SimulatedSnapshot): void {
    this.snapshot = snapshot;
    this.startOffset = snapshot.endOffset;
    this.batches = [];
    this.#durable = [];
    this.flushedOffset = snapshot.endOffset;
    for (const flush of this.#flushes) flush.target = snapshot.endOffset;
  }

  /**
   * What a crash leaves: all that was flushed; perhaps some of the rest; or perhaps a cut-off end that came back, because the cut
   * itself was not flushed.
   */
  crash(choose: (bound: number) => number): DurableLog {
    const { snapshot, startOffset } = this;
    if (choose(2) === 0 || this.#lies) return { startOffset, batches: this.#durable, snapshot };
    const flushed = this.batches.filter((batch) => batch.lastOffset < this.flushedOffset).length;
    const kept = flushed + choose(this.batches.length - flushed + 1);
    return { startOffset, batches: this.batches.slice(0, kept), snapshot };
  }
}
