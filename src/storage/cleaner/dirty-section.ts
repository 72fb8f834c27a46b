import type { LogConfig } from '../log-config.ts';
import type { Segment } from '../segment.ts';
import type { LogCompaction } from './log-compaction.ts';

/** What is asked of a log to find out what is to be cleaned in it. */
export interface LogToClean {
  readonly compaction: Pick<LogCompaction, 'segments' | 'cleanedOffset'>;
  readonly config: LogConfig;
  readonly logStartOffset: bigint;
  readonly logEndOffset: bigint;
  readonly lastStableOffset: bigint;
  readonly recoveryPoint: bigint;
}

/** The part of a log that was not cleaned yet and can be. */
export interface DirtySection {
  readonly from: bigint;
  /** Where a segment begins: it and what follows stay as they are. */
  readonly to: bigint;
  /** Which part of the bytes below `to` is in it. */
  readonly dirtyRatio: number;
  /** It has waited for max.compaction.lag.ms, or is large enough for min.cleanable.dirty.ratio. */
  readonly isDue: boolean;
}

/**
 * What can be cleaned: up to the active segment, to what is not committed and decided yet, to what a crash might still take, and to the first segment with a
 * record that is younger than min.compaction.lag.ms; whole segments only. Undefined when that is nothing.
 */
export function dirtySection(log: LogToClean, now: number): DirtySection | undefined {
  const { config } = log;
  const { segments } = log.compaction;
  const from = firstDirtyOffset(log);
  const closed = segments.slice(0, -1);
  const endOf = (index: number) => segments[index + 1]!.baseOffset;
  let count = closed.findIndex((_, index) => endOf(index) > log.lastStableOffset || endOf(index) > log.recoveryPoint);
  if (count < 0) count = closed.length;
  if (config.minCompactionLagMs > 0) {
    const young = closed.findIndex((segment, index) => endOf(index) > from && newestOf(segment) > now - config.minCompactionLagMs);
    if (young >= 0 && young < count) count = young;
  }
  if (count === 0 || endOf(count - 1) <= from) return undefined;
  const cleanable = segments.slice(0, count);
  const dirty = cleanable.filter((_, index) => endOf(index) > from);
  const bytesOf = (some: readonly Segment[]) => some.reduce((bytes, { size }) => bytes + size, 0);
  const dirtyBytes = bytesOf(dirty);
  if (dirtyBytes === 0) return undefined;
  const dirtyRatio = dirtyBytes / bytesOf(cleanable);
  const isLate = dirty.some((segment) => beginningOf(segment) < now - config.maxCompactionLagMs);
  return { from, to: endOf(count - 1), dirtyRatio, isDue: isLate || dirtyRatio > config.minCleanableDirtyRatio };
}

/** What was cleaned is not clean any more where the log has lost its end. */
function firstDirtyOffset({ compaction, logStartOffset, logEndOffset }: LogToClean): bigint {
  const { cleanedOffset } = compaction;
  return cleanedOffset === undefined || cleanedOffset < logStartOffset || cleanedOffset > logEndOffset ? logStartOffset : cleanedOffset;
}

function newestOf({ maxTimestamp, createdMs }: Segment): number {
  return maxTimestamp >= 0n ? Number(maxTimestamp) : createdMs;
}

function beginningOf({ firstTimestamp }: Segment): number {
  return firstTimestamp !== undefined && firstTimestamp > 0n ? Number(firstTimestamp) : Number.POSITIVE_INFINITY;
}

/**
 * Whether a segment may go into a copy behind what that has already, and `moreBytes` more: as it is, so that it does in any case. Many become one in this way, and do not
 * get smaller and more with each cleaning.
 * @param end one after the last offset of the segment
 */
export function fitsInto(copy: Segment, moreBytes: number, next: Segment, end: bigint, config: LogConfig): boolean {
  const offsetEntries = copy.offsetIndex.length + next.offsetIndex.length + 1;
  const timeEntries = copy.timeIndex.length + next.timeIndex.length + 2;
  return (
    copy.size + moreBytes + next.size <= config.segmentBytes &&
    offsetEntries * 8 <= config.segmentIndexBytes &&
    timeEntries * 12 <= config.segmentIndexBytes &&
    copy.holds(end - 1n)
  );
}
