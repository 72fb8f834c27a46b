import type { DiskFile } from '#platform';
import { RecordBatch, recordBatchHeaderSize } from '#protocol';

/** Bytes of a batch that come before what its length field counts. */
const lengthOverhead = 12;
const lengthAt = 8;
const magicAt = 16;
const windowBytes = 1024 * 1024;

export interface ScanOptions {
  from: number;
  to: number;
  /** Batches must begin at or after it. */
  expectedOffset: bigint;
  checkCrc: boolean;
  /** Whether offsets may be missing between batches, as compaction leaves them. */
  gaps: boolean;
  /** No batch of the file can lie beyond. The base offset of a batch is outside its checksum, and where offsets may be missing nothing else tells a wrong one. */
  lastOffset?: bigint;
}

export interface ScanResult {
  /** Where the scan ended: behind the last good batch. */
  position: number;
  /** One after the last record of the last good batch. */
  nextOffset: bigint;
  /** What is wrong with the bytes at {@link position}; undefined when the end was reached in good order. */
  fault: string | undefined;
  /** The fault is that the file ends within a batch. */
  isShort: boolean;
}

/** Walks over the batches of a file, at once, and stops at the first one that is not whole and sound or when `visit` answers false. */
export function scanBatches(
  file: DiskFile,
  options: ScanOptions,
  visit: (batch: RecordBatch, position: number) => boolean | undefined,
): ScanResult {
  let { from: position, expectedOffset: nextOffset } = options;
  let window: Buffer = Buffer.alloc(0);
  let windowAt = position;
  let epoch = -1;
  const ensure = (bytes: number) => {
    if (position + bytes > windowAt + window.length) {
      window = file.readNow(position, Math.min(Math.max(bytes, windowBytes), options.to - position));
      windowAt = position;
    }
    return position - windowAt;
  };
  while (position < options.to) {
    const left = options.to - position;
    const at = ensure(Math.min(left, recordBatchHeaderSize));
    const sizeFault = faultOfSize(window, at, left);
    if (sizeFault) {
      const isShort = left < recordBatchHeaderSize || (window[at + magicAt] === 2 && sizeAt(window, at) > left);
      return { position, nextOffset, fault: sizeFault, isShort };
    }
    const start = ensure(sizeAt(window, at));
    const batch = new RecordBatch(window, start);
    // The leader epoch is outside the checksum, but it never falls.
    const fault =
      faultOf(batch, nextOffset, options) ??
      (batch.partitionLeaderEpoch < epoch ? fallenEpoch(batch, epoch) : undefined) ??
      (options.lastOffset !== undefined && batch.lastOffset > options.lastOffset ? tooFar(batch, options.lastOffset) : undefined);
    epoch = batch.partitionLeaderEpoch;
    if (fault) return { position, nextOffset, fault, isShort: false };
    if (visit(batch, position) === false) break;
    position += batch.sizeInBytes;
    nextOffset = batch.lastOffset + 1n;
  }
  return { position, nextOffset, fault: undefined, isShort: false };
}

/** The size of the batch at a place in a buffer, its header included, as its length field says. */
export function sizeAt(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at + lengthAt) + lengthOverhead;
}

/** What is wrong with the frame of the batch at a place, of which `left` bytes may be there. */
export function faultOfSize(bytes: Buffer, at: number, left: number): string | undefined {
  if (left < recordBatchHeaderSize || bytes.length - at < recordBatchHeaderSize) return 'an incomplete batch header';
  if (bytes[at + magicAt] !== 2) return `a batch of magic ${bytes[at + magicAt]}`;
  const size = sizeAt(bytes, at);
  if (size < recordBatchHeaderSize) return `a batch length of ${size}`;
  if (size > left) return `a batch of ${size} bytes where ${left} are left`;
  return undefined;
}

/** What is wrong with a batch whose bytes are all there. */
export function faultOf(
  batch: RecordBatch,
  expectedOffset: bigint,
  { gaps, checkCrc }: { gaps: boolean; checkCrc: boolean },
): string | undefined {
  const { baseOffset } = batch;
  if (baseOffset < expectedOffset || (!gaps && baseOffset !== expectedOffset)) {
    return `a batch with base offset ${baseOffset} where ${expectedOffset} is due`;
  }
  if (batch.lastOffsetDelta < 0) return `a batch with last offset delta ${batch.lastOffsetDelta}`;
  if (checkCrc && !batch.isValidCrc()) return `a batch at offset ${baseOffset} whose CRC does not match its content`;
  return undefined;
}

function fallenEpoch(batch: RecordBatch, epoch: number): string {
  return `a batch at offset ${batch.baseOffset} of leader epoch ${batch.partitionLeaderEpoch} after one of epoch ${epoch}`;
}

function tooFar(batch: RecordBatch, lastOffset: bigint): string {
  return `a batch at offset ${batch.baseOffset} in a file that ends at offset ${lastOffset} at the latest`;
}

/**
 * The position of a sound batch after a bad spot, or undefined. Every byte is tried as a beginning, as lengths behind the spot mean
 * nothing.
 */
export function findBatchAfter(file: DiskFile, from: number, to: number, minimumOffset: bigint): number | undefined {
  const maximumOffset = minimumOffset + 0x7fffffffn;
  for (let windowAt = from; windowAt + recordBatchHeaderSize <= to; ) {
    const window = file.readNow(windowAt, Math.min(windowBytes, to - windowAt));
    const last = window.length - recordBatchHeaderSize;
    for (let at = window.indexOf(2, magicAt) - magicAt; at >= 0 && at <= last; at = nextMagic(window, at)) {
      if (faultOfSize(window, at, to - windowAt - at)) continue;
      const baseOffset = window.readBigInt64BE(at);
      if (baseOffset < minimumOffset || baseOffset > maximumOffset) continue;
      const whole = file.readNow(windowAt + at, sizeAt(window, at));
      if (new RecordBatch(whole, 0).isValidCrc()) return windowAt + at;
    }
    if (windowAt + window.length >= to) return undefined;
    windowAt += last + 1;
  }
  return undefined;
}

function nextMagic(window: Buffer, at: number): number {
  const found = window.indexOf(2, at + 1 + magicAt);
  return found < 0 ? -1 : found - magicAt;
}
