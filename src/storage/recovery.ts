import type { Clock, Disk, Logger } from '#platform';
import type { RecordBatch } from '#protocol';
import { findBatchAfter, type ScanResult, scanBatches } from './batch-scan.ts';
import { readEpochCheckpoint } from './checkpoint-files.ts';
import { EpochCache } from './epoch-cache.ts';
import { DamagedLogError } from './errors.ts';
import { offsetOfFileName, segmentFileName, truncatedSuffix } from './file-names.ts';
import { resolveLeftovers } from './leftovers.ts';
import type { LogConfig } from './log-config.ts';
import { recallProducers } from './producer-recall.ts';
import { decodeProducerSnapshot } from './producer-snapshot.ts';
import { ProducerStates } from './producer-state.ts';
import { largestRelativeOffset, Segment } from './segment.ts';

const sectorBytes = 512;
/** So many zeros on end are taken for something that was never written, and fewer where a sector or the last write ended. */
const lostRunBytes = 20;
const lostSectorEndBytes = 1;
const lostWriteEndBytes = 2;

export const epochCheckpointFile = 'leader-epoch-checkpoint';

export interface RecoveryOptions {
  disk: Disk;
  clock: Clock;
  log: Logger;
  directory: string;
  config: LogConfig;
  /** As the checkpoint says; undefined when it says nothing. */
  logStartOffset: bigint | undefined;
  /** All below was on disk when this was written down. */
  recoveryPoint: bigint;
  /** The directory was closed in good order. */
  clean: boolean;
  /** Whether offsets may be missing, as compaction leaves them. */
  gaps: boolean;
}

export interface RecoveredLog {
  segments: Segment[];
  epochs: EpochCache;
  producers: ProducerStates;
  /** Offsets of the snapshot files that are there, rising. */
  snapshots: bigint[];
  logStartOffset: bigint;
  logEndOffset: bigint;
  /** Below it all is on disk; the rest was read, but may stand in the page cache only. */
  syncedOffset: bigint;
  /** Bytes that were cut off because they were never whole. */
  cutBytes: number;
  /** Segments whose file is to be cut to their size, once the recovery point agrees with that: a truncation had not reached them. */
  truncated: Segment[];
}

/**
 * Reads one partition's directory. After a clean stop only sizes, ends and indexes are checked; else every batch from the recovery point on.
 *
 * A torn tail is cut: bytes that no sync had covered, as a crash may leave them. Anything else that is not right is damage, and refused: bad
 * bytes below the recovery point; bad bytes that do not look like lost sectors and have sound batches behind them; a log that ends
 * before its recovery point.
 * @throws DamagedLogError naming file and offset; nothing was changed then but leftovers
 */
export function recoverLog(options: RecoveryOptions): Promise<RecoveredLog> {
  return new Recovery(options).run();
}

class Recovery {
  readonly #options: RecoveryOptions;
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #producers = new ProducerStates();
  readonly #now: number;
  #epochs = new EpochCache();
  #epochsComplete = false;
  #cutBytes = 0;
  readonly #truncated: Segment[] = [];
  #segments: Segment[] = [];
  /** Offsets of the snapshot files, rising. */
  #snapshots: bigint[] = [];
  /** A truncation was under way: that the log ends before the recovery point is then meant. */
  #truncating = false;
  #recoveryPoint: bigint;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#disk = options.disk;
    this.#directory = options.directory;
    this.#now = options.clock.now();
    this.#recoveryPoint = options.recoveryPoint;
  }

  async run(): Promise<RecoveredLog> {
    const { config, disk, clock } = this.#options;
    await resolveLeftovers(disk, this.#directory);
    const { logStartOffset, bases } = this.#findStart();
    this.#noteTruncation();
    this.#readEpochs(bases.length === 0 ? undefined : logStartOffset);
    this.#snapshots = this.#findSnapshots(bases[0] ?? logStartOffset);
    const snapshots = this.#snapshots;

    this.#segments = bases.map((baseOffset) => {
      const { size, modifiedMs } = disk.stat(`${this.#directory}/${segmentFileName(baseOffset, '.log')}`)!;
      const segment = new Segment({ disk, directory: this.#directory, baseOffset, config, createdMs: modifiedMs });
      segment.size = size;
      return segment;
    });
    const segments = this.#segments;
    const firstSuspect = segments.findIndex((segment, index) => this.#isSuspect(segments[index + 1]?.baseOffset, segment));
    const suspectOffset = firstSuspect < 0 ? undefined : segments[firstSuspect]!.baseOffset;
    // Without segments the log ends where it begins, and a later snapshot is of something else.
    const upTo = segments.length === 0 ? logStartOffset : suspectOffset;
    if (upTo !== undefined) this.#epochs.truncateFromEnd(upTo);
    this.#loadProducers(upTo);

    let logEndOffset = (await this.#readSegments(segments, suspectOffset)) ?? logStartOffset;
    if (logEndOffset < this.#recoveryPoint && !this.#truncating) {
      const path = segments.at(-1)?.path('.log') ?? this.#directory;
      this.#refuse(path, logEndOffset, `the log ends here, but was on disk up to offset ${this.#recoveryPoint}`);
    }
    if (logEndOffset < logStartOffset) {
      // What is left lies below the start, as after a truncation to it that was not finished, or after the page cache was lost.
      this.#drop(segments, 0);
      for (const offset of snapshots.splice(0)) disk.remove(`${this.#directory}/${segmentFileName(offset, '.snapshot')}`);
      logEndOffset = logStartOffset;
      this.#producers.reset(logStartOffset, this.#now);
    }
    if (segments.length === 0) {
      const segment = new Segment({ disk, directory: this.#directory, baseOffset: logStartOffset, config, createdMs: clock.now() });
      segment.create();
      segment.release();
      segments.push(segment);
    }
    recallProducers(this.#producers, segments);
    this.#epochs.truncateFromEnd(logEndOffset);
    this.#epochs.truncateFromStart(logStartOffset);
    for (const offset of snapshots) {
      if (offset > logEndOffset) disk.remove(`${this.#directory}/${segmentFileName(offset, '.snapshot')}`);
    }
    if (!this.#options.clean) {
      await this.#syncSnapshots(snapshots.filter((offset) => offset >= this.#recoveryPoint && offset <= logEndOffset));
      // What was dropped must not come back beside what is appended from here on.
      await disk.syncDirectory(this.#directory);
    }
    this.#producers.endOffset = logEndOffset;
    return {
      segments,
      epochs: this.#epochs,
      producers: this.#producers,
      snapshots: snapshots.filter((offset) => offset <= logEndOffset),
      logStartOffset,
      logEndOffset,
      syncedOffset: this.#syncedOffset(logStartOffset, logEndOffset),
      cutBytes: this.#cutBytes,
      truncated: this.#truncated,
    };
  }

  #syncedOffset(logStartOffset: bigint, logEndOffset: bigint): bigint {
    if (this.#options.clean || logEndOffset < this.#recoveryPoint) return logEndOffset;
    return this.#recoveryPoint > logStartOffset ? this.#recoveryPoint : logStartOffset;
  }

  /** Goes through the segments in order; answers with the log's end, undefined when there are none. */
  async #readSegments(segments: Segment[], suspectOffset: bigint | undefined): Promise<bigint | undefined> {
    let expected = segments[0]?.baseOffset;
    for (let index = 0; index < segments.length; index++) {
      const segment = segments[index]!;
      const next = segments[index + 1]?.baseOffset;
      // A segment begins where the one before it ended, compacted or not; only other cleaners, which work below the recovery point, leave room in between.
      const mayHaveGap = this.#options.gaps && (this.#options.clean || segment.baseOffset <= this.#recoveryPoint);
      const lost = !mayHaveGap && expected! < segment.baseOffset;
      if (lost) {
        // Only a crash can explain it: the end of the segment before was never synced, or a truncation had taken away what was between.
        const isTruncated = this.#truncatedOffsets().some((offset) => offset >= expected! && offset < segment.baseOffset);
        if (this.#options.clean || (expected! < this.#recoveryPoint && !isTruncated)) {
          this.#refuse(segment.path('.log'), segment.baseOffset, `offsets ${expected} to ${segment.baseOffset - 1n} are missing before it`);
        }
        this.#drop(segments, index);
        return expected;
      }
      const suspect = suspectOffset !== undefined && segment.baseOffset >= suspectOffset;
      const result = this.#readSegment(segment, next, suspect);
      expected = result.nextOffset;
      if (result.position < segment.size || result.fault) {
        if (!result.fault) {
          this.#endTruncation(segment, result, next!);
          continue;
        }
        this.#refuseUnlessTorn(segment, result, segments.slice(index + 1));
        await this.#cut(segment, result.position);
        this.#drop(segments, index + 1);
        return expected;
      }
    }
    return expected;
  }

  /** Reads as much of a segment as is needed. What is behind the end of the result is not part of the log. */
  #readSegment(segment: Segment, next: bigint | undefined, suspect: boolean): ScanResult {
    const size = segment.size;
    const file = segment.open();
    try {
      const indexed = !suspect && segment.loadIndexes(next);
      const { baseOffset: expectedOffset } = segment;
      const lastOffset = expectedOffset + largestRelativeOffset;
      const whole = { from: 0, to: size, expectedOffset, checkCrc: !indexed, gaps: this.#options.gaps, lastOffset };
      if (!indexed || !this.#epochsComplete || this.#producers.endOffset < (next ?? 0n)) return this.#readWhole(segment, next, whole);
      const from = segment.offsetIndex.lastPosition;
      let last: RecordBatch | undefined;
      const tail = scanBatches(file, { ...whole, from, gaps: from > 0 || whole.gaps }, (batch) => {
        last = batch;
        return this.#endsBefore(batch, next);
      });
      const ends = tail.fault === undefined && last !== undefined;
      if (ends && this.#epochs.epochOf(last!.baseOffset) !== last!.partitionLeaderEpoch && last!.partitionLeaderEpoch >= 0) {
        this.#rereadEpochs(segment);
        return this.#readWhole(segment, next, whole);
      }
      // An index that points nowhere says nothing about the log.
      if (tail.fault !== undefined && from > 0) return this.#readWhole(segment, next, { ...whole, checkCrc: true });
      if (next === undefined && this.#producers.endOffset < tail.nextOffset) return this.#readWhole(segment, next, whole);
      if (size > 0) scanBatches(file, { ...whole, gaps: true }, (batch) => this.#noteFirst(segment, batch));
      return tail;
    } finally {
      segment.release();
    }
  }

  #readWhole(segment: Segment, next: bigint | undefined, scan: Parameters<typeof scanBatches>[1]): ScanResult {
    const size = segment.size;
    let end = segment.baseOffset;
    segment.reset();
    // From here on the batches say of which epoch they are.
    this.#epochs.truncateFromEnd(segment.baseOffset);
    this.#epochsComplete = false;
    if (segment.baseOffset < this.#producers.endOffset) this.#rewindProducers(segment);
    const result = scanBatches(segment.open(), scan, (batch) => {
      if (this.#endsBefore(batch, next) === false) return false;
      segment.added(batch);
      // As when it was appended: where offsets are missing an epoch begins rather too early than too late.
      this.#epochs.assign(batch.partitionLeaderEpoch, end);
      end = batch.lastOffset + 1n;
      if (batch.baseOffset >= this.#producers.endOffset) {
        const aborted = this.#producers.apply(batch, this.#now);
        if (aborted) segment.abortedTransactions.push(aborted);
      }
      return undefined;
    });
    segment.release();
    segment.size = size;
    return result;
  }

  /** To where a segment begins: which transactions were aborted in it is told only by its producers from there on. */
  #rewindProducers(segment: Segment): void {
    this.#loadProducers(segment.baseOffset);
    this.#scanBefore(segment, (batch) => {
      if (batch.baseOffset >= this.#producers.endOffset) this.#producers.apply(batch, this.#now);
    });
  }

  /** The checkpoint tells of other batches than a segment has, so nothing of it is believed: all before the segment is read again. */
  #rereadEpochs(segment: Segment): void {
    this.#epochs.clear();
    let end = this.#segments[0]!.baseOffset;
    this.#scanBefore(segment, (batch) => {
      this.#epochs.assign(batch.partitionLeaderEpoch, end);
      end = batch.lastOffset + 1n;
    });
  }

  #scanBefore(segment: Segment, visit: (batch: RecordBatch) => void): void {
    for (const earlier of this.#segments) {
      if (earlier === segment) return;
      const scan = { from: 0, to: earlier.size, expectedOffset: earlier.baseOffset, checkCrc: false, gaps: true };
      scanBatches(earlier.open(), scan, (batch) => {
        visit(batch);
        return undefined;
      });
      earlier.release();
    }
  }

  #noteFirst(segment: Segment, batch: RecordBatch): false {
    segment.firstTimestamp = batch.maxTimestamp;
    return false;
  }

  /** A batch that the next segment begins with, or has replaced, belongs to a truncation that had not reached the disk. */
  #endsBefore(batch: RecordBatch, next: bigint | undefined): false | undefined {
    return next !== undefined && batch.lastOffset >= next ? false : undefined;
  }

  /** A segment goes on where the next one has begun anew: the log was truncated there, and the file not yet cut. */
  #endTruncation(segment: Segment, { position, nextOffset }: ScanResult, next: bigint): void {
    if (this.#options.clean || nextOffset !== next) {
      this.#refuse(segment.path('.log'), nextOffset, `its batches go on beyond offset ${next}, with which the next file begins`);
    }
    segment.truncate(next, position);
    this.#truncated.push(segment);
    this.#truncating = true;
    if (next < this.#recoveryPoint) this.#recoveryPoint = next;
  }

  /** Where the log begins, and the segments that it has from there on. */
  #findStart(): { logStartOffset: bigint; bases: bigint[] } {
    const bases = this.#offsetsOf('.log');
    const [truncated] = this.#truncatedOffsets();
    const [first] = bases;
    const isBehindTruncated = truncated !== undefined && (first === undefined || truncated < first);
    let logStartOffset = this.#options.logStartOffset ?? (isBehindTruncated ? truncated : first) ?? 0n;
    if (first !== undefined && first > logStartOffset) {
      if (isBehindTruncated) {
        // What replaces the first segment had not got its name, or the log's new start had not been written down: nothing behind it was synced.
        for (const base of bases.splice(0)) this.#removeSegment(base);
      } else {
        logStartOffset = first;
      }
    }
    return { logStartOffset, bases: this.#dropBelow(logStartOffset, bases) };
  }

  /** Where segments began that a truncation has taken away, rising. */
  #truncatedOffsets(): bigint[] {
    return this.#offsetsOf(`.log${truncatedSuffix}`);
  }

  #noteTruncation(): void {
    const [offset] = this.#truncatedOffsets();
    if (offset === undefined) return;
    this.#truncating = true;
    if (offset < this.#recoveryPoint) this.#recoveryPoint = offset;
  }

  #removeSegment(baseOffset: bigint): void {
    this.#options.log.warn(
      { directory: this.#directory, baseOffset: String(baseOffset) },
      'dropping a segment of a truncation that was not finished',
    );
    for (const suffix of ['.log', '.index', '.timeindex', '.txnindex'] as const) {
      this.#disk.remove(`${this.#directory}/${segmentFileName(baseOffset, suffix)}`);
    }
  }

  /** With a recovery point right at its end it may have been the last one when that was written: its index files then came later. */
  #isSuspect(next: bigint | undefined, segment: Segment): boolean {
    return !this.#options.clean && (next === undefined || next >= this.#recoveryPoint || segment.size === 0);
  }

  #refuseUnlessTorn(segment: Segment, { position, nextOffset, fault, isShort }: ScanResult, later: readonly Segment[]): void {
    const { clean } = this.#options;
    const at = `${fault} at byte ${position}`;
    if (clean) this.#refuse(segment.path('.log'), nextOffset, `${at}, though the directory was closed in good order`);
    if (nextOffset < this.#recoveryPoint) {
      this.#refuse(segment.path('.log'), nextOffset, `${at}, below offset ${this.#recoveryPoint} up to which it was on disk`);
    }
    const file = segment.open();
    try {
      const size = segment.size;
      const sound = findBatchAfter(file, position + 1, size, nextOffset);
      if (sound === undefined && (isShort || !later.some((one) => one.size > 0))) return;
      if (!looksLost(file.readNow(position, (sound ?? size) - position), position)) {
        this.#refuse(segment.path('.log'), nextOffset, `${at}, with sound batches behind it`);
      }
    } finally {
      segment.release();
    }
  }

  #refuse(path: string, offset: bigint, what: string): never {
    throw new DamagedLogError(
      path,
      `${path} is damaged at offset ${offset}: ${what}. Nothing was changed; restore the partition from a replica or a copy.`,
    );
  }

  async #cut(segment: Segment, position: number): Promise<void> {
    const bytes = segment.size - position;
    this.#options.log.warn({ file: segment.path('.log'), position, bytes }, 'cutting bytes that were never synced off the end of a log');
    this.#cutBytes += bytes;
    const file = segment.open();
    try {
      file.truncate(position);
      await file.sync();
    } finally {
      segment.release();
    }
    segment.size = position;
    segment.indexesDirty = true;
  }

  /** Lets go of the segments from `index` on: what they hold follows on something that was never synced, or lies below the log's start. */
  #drop(segments: Segment[], index: number): void {
    for (const segment of segments.splice(index)) {
      this.#options.log.warn(
        { file: segment.path('.log'), bytes: segment.size },
        'dropping a segment that has no place in the log any more',
      );
      this.#cutBytes += segment.size;
      segment.removeFiles();
    }
  }

  /** Removes segments that lie below the log's start, and derived files without a log. */
  #dropBelow(logStartOffset: bigint, bases: readonly bigint[]): bigint[] {
    const kept = bases.filter((_, index) => bases[index + 1] === undefined || bases[index + 1]! > logStartOffset);
    const needed = new Set(kept);
    for (const suffix of ['.log', '.index', '.timeindex', '.txnindex'] as const) {
      for (const offset of this.#offsetsOf(suffix)) {
        if (!needed.has(offset)) this.#disk.remove(`${this.#directory}/${segmentFileName(offset, suffix)}`);
      }
    }
    return kept;
  }

  #readEpochs(logStartOffset: bigint | undefined): void {
    const entries = readEpochCheckpoint(this.#disk, `${this.#directory}/${epochCheckpointFile}`);
    // They may know of a raised log start that had not been written down.
    const isLate = entries?.[0] !== undefined && logStartOffset !== undefined && entries[0].startOffset > logStartOffset;
    this.#epochsComplete = entries !== undefined && logStartOffset !== undefined && !isLate;
    this.#epochs = new EpochCache(isLate ? [] : (entries ?? []));
  }

  /** Those of states that the log has; one from before its first segment is of producers of whom it tells only a part, or of another history. */
  #findSnapshots(start: bigint): bigint[] {
    const offsets = this.#offsetsOf('.snapshot');
    for (const offset of offsets) if (offset < start) this.#disk.remove(`${this.#directory}/${segmentFileName(offset, '.snapshot')}`);
    return offsets.filter((offset) => offset >= start);
  }

  /** Begins with the newest sound snapshot that is not above what has to be scanned. */
  #loadProducers(upTo: bigint | undefined): void {
    this.#producers.reset(this.#segments[0]?.baseOffset ?? upTo ?? 0n, this.#now);
    for (const offset of this.#snapshots.toReversed()) {
      if (upTo !== undefined && offset > upTo) continue;
      const entries = decodeProducerSnapshot(this.#disk.readFile(`${this.#directory}/${segmentFileName(offset, '.snapshot')}`));
      if (entries) {
        this.#producers.reset(offset, this.#now, entries);
        return;
      }
      this.#options.log.warn({ directory: this.#directory, offset: String(offset) }, 'passing over a producer snapshot that is not sound');
    }
  }

  /** A killed process may have left them in the page cache only, and the segments from which they could be made again may go. */
  async #syncSnapshots(offsets: readonly bigint[]): Promise<void> {
    for (const offset of offsets) {
      const file = this.#disk.open(`${this.#directory}/${segmentFileName(offset, '.snapshot')}`, 'write');
      try {
        await file.sync();
      } finally {
        file.close();
      }
    }
  }

  #offsetsOf(suffix: '.log' | '.index' | '.timeindex' | '.txnindex' | '.snapshot' | `.log${typeof truncatedSuffix}`): bigint[] {
    const offsets = this.#disk.list(this.#directory).map((name) => offsetOfFileName(name, suffix));
    return offsets.filter((offset) => offset !== undefined).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }
}

/** Whether bytes from a file's `position` on hold zeros as a crash leaves them where a sector, or a part of it, never reached the disk. */
export function looksLost(bytes: Buffer, position: number): boolean {
  let run = 0;
  for (let i = 0; i < bytes.length; i++) {
    run = bytes[i] === 0 ? run + 1 : 0;
    const isSectorEnd = (position + i + 1) % sectorBytes === 0;
    const isWriteEnd = i + 1 === bytes.length;
    if (run >= (isSectorEnd ? lostSectorEndBytes : isWriteEnd ? lostWriteEndBytes : lostRunBytes)) return true;
  }
  return false;
}
