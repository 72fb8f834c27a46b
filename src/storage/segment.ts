import assert from 'node:assert/strict';
import { type Disk, DiskError, type DiskFile } from '#platform';
import type { RecordBatch } from '#protocol';
import { scanBatches } from './batch-scan.ts';
import {
  type cleanedSuffix,
  type deletedSuffix,
  freshSuffix,
  type SegmentSuffix,
  segmentFileName,
  type swapSuffix,
  type truncatedSuffix,
} from './file-names.ts';
import type { LogConfig } from './log-config.ts';
import { OffsetIndex } from './offset-index.ts';
import { TimeIndex } from './time-index.ts';
import { type AbortedTransaction, decodeAbortedTransactions, encodeAbortedTransactions } from './transaction-index.ts';

/** Offsets in the indexes are 31 bits from the segment's base. */
export const largestRelativeOffset = 0x7fffffffn;

export interface SegmentOptions {
  disk: Disk;
  directory: string;
  baseOffset: bigint;
  config: Pick<LogConfig, 'segmentIndexBytes' | 'indexIntervalBytes'>;
  /** Wall time; when it was made, or last written to. */
  createdMs: number;
  /** Taken off the time after which it is rolled, so that many segments do not roll at once. */
  rollJitterMs?: number;
}

/**
 * One file of batches with what is derived from it: offset index, time index, aborted transactions. The indexes live in memory and are
 * written out by {@link writeIndexes}.
 */
export class Segment {
  readonly baseOffset: bigint;
  readonly rollJitterMs: number;
  offsetIndex: OffsetIndex;
  timeIndex: TimeIndex;
  abortedTransactions: AbortedTransaction[] = [];
  /** Bytes of batches; what a failed write may have left behind them does not count. */
  size = 0;
  createdMs: number;
  /** The greatest timestamp, -1n when none is known, and the last offset of the batch that holds it. */
  maxTimestamp = -1n;
  maxTimestampOffset: bigint;
  /** The greatest timestamp of the first batch, by which the segment ages; undefined while it is empty. */
  firstTimestamp: bigint | undefined;
  /** In memory there is more, or less, than in the index files. */
  indexesDirty = true;
  /** Nothing is appended any more although it is the last one: a failed write may have left bytes behind its end. */
  closed = false;
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #config: SegmentOptions['config'];
  #indexedUpTo = 0;
  #file: DiskFile | undefined;
  #users = 0;
  #suffix = '';

  constructor({ disk, directory, baseOffset, config, createdMs, rollJitterMs = 0 }: SegmentOptions) {
    this.#disk = disk;
    this.#directory = directory;
    this.#config = config;
    this.baseOffset = baseOffset;
    this.maxTimestampOffset = baseOffset;
    this.createdMs = createdMs;
    this.rollJitterMs = rollJitterMs;
    this.offsetIndex = new OffsetIndex(config.segmentIndexBytes);
    this.timeIndex = new TimeIndex(config.segmentIndexBytes);
  }

  path(suffix: SegmentSuffix): string {
    return `${this.#directory}/${segmentFileName(this.baseOffset, suffix)}${this.#suffix}`;
  }

  /**
   * Makes the empty file and keeps it open like {@link open}. While what it replaces may still be there on disk it gets a name of its own
   * until {@link become}, so that a crash leaves the one or the other, never parts of both.
   */
  create(suffix: '' | typeof freshSuffix | typeof cleanedSuffix = ''): DiskFile {
    assert(!this.#file);
    this.#suffix = suffix;
    this.#file = this.#disk.open(this.path('.log'), 'create');
    this.#users++;
    return this.#file;
  }

  /** The file, which stays open until every user has called {@link release}, also when it is renamed or removed meanwhile. */
  open(): DiskFile {
    this.#file ??= this.#disk.open(this.path('.log'), 'write');
    this.#users++;
    return this.#file;
  }

  release(): void {
    if (--this.#users > 0) return;
    this.#file?.close();
    this.#file = undefined;
  }

  /** The file, if it is open. */
  get heldFile(): DiskFile | undefined {
    return this.#file;
  }

  allPaths(): string[] {
    return (['.log', '.index', '.timeindex', '.txnindex'] as const).map((suffix) => this.path(suffix));
  }

  /** Whether a batch that ends at `offset` can be told in the indexes. */
  holds(offset: bigint): boolean {
    return offset - this.baseOffset <= largestRelativeOffset;
  }

  relative(offset: bigint): number {
    return offset <= this.baseOffset ? 0 : Number(offset - this.baseOffset);
  }

  /** How long it has been the active one when a batch of that time comes: by the records' timestamps, or by the clock where they have none. */
  age(timestamp: bigint, now: number): number {
    const first = this.firstTimestamp;
    return first !== undefined && first >= 0n ? Number(timestamp - first) : now - this.createdMs;
  }

  /** Notes a batch that stands at the end of the file. */
  added(batch: RecordBatch): void {
    const { maxTimestamp, sizeInBytes } = batch;
    if (this.size === 0) this.firstTimestamp = maxTimestamp;
    // One that compaction has emptied keeps its greatest timestamp, and has no record of that time.
    if (maxTimestamp > this.maxTimestamp && batch.recordCount > 0) {
      this.maxTimestamp = maxTimestamp;
      this.maxTimestampOffset = batch.lastOffset;
    }
    if (this.size - this.#indexedUpTo > this.#config.indexIntervalBytes) {
      this.offsetIndex.append(this.relative(batch.lastOffset), this.size);
      this.timeIndex.append(this.maxTimestamp, this.relative(this.maxTimestampOffset));
      this.#indexedUpTo = this.size;
    }
    this.size += sizeInBytes;
    this.indexesDirty = true;
  }

  /**
   * Takes batches from `offset` on, which begin at `position`, out of the segment. The file keeps its bytes until {@link cutFile}, and is
   * not appended to any more.
   */
  truncate(offset: bigint, position: number): void {
    this.size = position;
    this.closed = true;
    const relativeOffset = this.relative(offset);
    this.offsetIndex.truncateTo(relativeOffset);
    this.timeIndex.truncateTo(relativeOffset);
    this.abortedTransactions = this.abortedTransactions.filter(({ lastOffset }) => lastOffset < offset);
    this.#indexedUpTo = this.offsetIndex.lastPosition;
    this.indexesDirty = true;
    this.maxTimestamp = -1n;
    this.maxTimestampOffset = this.baseOffset;
    const last = this.timeIndex.last;
    if (last) {
      this.maxTimestamp = last.timestamp;
      this.maxTimestampOffset = this.baseOffset + BigInt(last.relativeOffset);
    }
    this.#scanFrom(last ? this.offsetIndex.lookup(last.relativeOffset).position : 0);
  }

  /** Cuts what a truncation to `size` has left off the file. */
  cutFile(size: number): void {
    const file = this.open();
    try {
      if (file.size > size) file.truncate(size);
    } finally {
      this.release();
    }
  }

  /** Writes the index files, which the caller has to sync and to close. */
  writeIndexes(): DiskFile[] {
    this.timeIndex.append(this.maxTimestamp, this.relative(this.maxTimestampOffset), true);
    const files: DiskFile[] = [];
    const write = (suffix: SegmentSuffix, bytes: Buffer) => {
      const file = this.#disk.open(this.path(suffix), 'create');
      files.push(file);
      file.write([bytes], 0);
    };
    try {
      write('.index', this.offsetIndex.encode());
      write('.timeindex', this.timeIndex.encode());
      if (this.abortedTransactions.length > 0) write('.txnindex', encodeAbortedTransactions(this.abortedTransactions));
      else this.#disk.remove(this.path('.txnindex'));
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
    this.indexesDirty = false;
    return files;
  }

  /**
   * Reads the index files of a segment whose log has its size already. False when one is missing or cannot belong to this log; the
   * segment is then to be scanned by {@link rebuild}.
   */
  loadIndexes(nextBaseOffset: bigint | undefined): boolean {
    const index = this.#readIfThere('.index');
    const timeIndex = this.#readIfThere('.timeindex');
    const transactions = decodeAbortedTransactions(this.#readIfThere('.txnindex') ?? Buffer.alloc(0));
    if (!index || !timeIndex || !transactions) return false;
    if (!this.offsetIndex.load(index, this.size) || !this.timeIndex.load(timeIndex)) return false;
    const last = this.timeIndex.last;
    const end = nextBaseOffset ?? this.baseOffset + largestRelativeOffset + 1n;
    if (last && this.baseOffset + BigInt(last.relativeOffset) >= end) return false;
    if (transactions.some(({ lastOffset }) => lastOffset < this.baseOffset || lastOffset >= end)) return false;
    if (last) {
      this.maxTimestamp = last.timestamp;
      this.maxTimestampOffset = this.baseOffset + BigInt(last.relativeOffset);
    }
    this.abortedTransactions = transactions;
    this.#indexedUpTo = this.offsetIndex.lastPosition;
    this.indexesDirty = false;
    return true;
  }

  /** Forgets all that is derived, so that {@link added} can be told of every batch again. */
  reset(): void {
    this.offsetIndex = new OffsetIndex(this.#config.segmentIndexBytes);
    this.timeIndex = new TimeIndex(this.#config.segmentIndexBytes);
    this.abortedTransactions = [];
    this.size = 0;
    this.maxTimestamp = -1n;
    this.maxTimestampOffset = this.baseOffset;
    this.firstTimestamp = undefined;
    this.indexesDirty = true;
    this.#indexedUpTo = 0;
  }

  /** Gives all its files another ending, by which they are known as let go. Open handles stay good. */
  rename(suffix: typeof deletedSuffix | typeof truncatedSuffix): void {
    if (this.#suffix.endsWith(suffix)) return;
    for (const name of this.allPaths()) if (this.#disk.stat(name)) this.#disk.rename(name, name + suffix);
    this.#suffix += suffix;
  }

  get isFresh(): boolean {
    return this.#suffix === freshSuffix;
  }

  /** Gives its files another ending in place of the one they have, that of the log last; '' stands for their proper names. */
  become(suffix: '' | typeof swapSuffix | typeof freshSuffix): void {
    const names = this.allPaths().toReversed();
    const before = this.#suffix;
    this.#suffix = suffix;
    const next = this.allPaths().toReversed();
    this.#suffix = before;
    for (const [index, name] of names.entries()) if (this.#disk.stat(name)) this.#disk.rename(name, next[index]!);
    this.#suffix = suffix;
  }

  removeFiles(): void {
    for (const path of this.allPaths()) this.#disk.remove(path);
  }

  /** Reads on from a position for a greater timestamp than is known. */
  #scanFrom(position: number): void {
    const file = this.open();
    try {
      scanBatches(file, { from: position, to: this.size, expectedOffset: this.baseOffset, checkCrc: false, gaps: true }, (batch) => {
        if (batch.maxTimestamp > this.maxTimestamp && batch.recordCount > 0) {
          this.maxTimestamp = batch.maxTimestamp;
          this.maxTimestampOffset = batch.lastOffset;
        }
        return undefined;
      });
    } finally {
      this.release();
    }
  }

  #readIfThere(suffix: SegmentSuffix): Buffer | undefined {
    try {
      return this.#disk.readFile(this.path(suffix));
    } catch (error) {
      if (error instanceof DiskError && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
