import { type Codec, codecId, compress } from '../compression/codec.ts';
import { crc32c } from '../crc32c.ts';
import { attribute, batchLengthOverhead, currentMagic, layout, none, recordBatchHeaderSize, type TimestampType } from './layout.ts';
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint.ts';

/** A record to be written. Text is written as UTF-8. */
export interface RecordInput {
  readonly key?: Uint8Array | string | null | undefined;
  readonly value: Uint8Array | string | null;
  readonly headers?: readonly { readonly key: string; readonly value: Uint8Array | string | null }[] | undefined;
  /** Milliseconds since 1970; without it the batch's `timestamp`. */
  readonly timestamp?: bigint | number | undefined;
  /** Without it the offset after the one before. Only compaction leaves gaps. */
  readonly offset?: bigint | undefined;
}

/** What is to become one batch. */
export interface RecordBatchInput {
  readonly records: readonly RecordInput[];
  /** Default 0. */
  readonly baseOffset?: bigint | undefined;
  /** Of the partition's leader; default -1, as producers send it. */
  readonly leaderEpoch?: number | undefined;
  /** Default 'none'. */
  readonly compression?: Codec | undefined;
  readonly compressionLevel?: number | undefined;
  /** Default -1: neither idempotent nor transactional. */
  readonly producerId?: bigint | undefined;
  readonly producerEpoch?: number | undefined;
  readonly baseSequence?: number | undefined;
  readonly isTransactional?: boolean | undefined;
  readonly isControl?: boolean | undefined;
  /** Default CreateTime. With LogAppendTime `timestamp` is the time of all records. */
  readonly timestampType?: TimestampType | undefined;
  /** For records without one of their own; default -1, which stands for none. */
  readonly timestamp?: bigint | number | undefined;
  /** Default that of the last record; compaction keeps the one the batch had. Necessary when there are no records. */
  readonly lastOffsetDelta?: number | undefined;
  /** See `RecordBatch.deleteHorizonMs`. */
  readonly deleteHorizonMs?: bigint | undefined;
}

/**
 * Makes the bytes of one batch, checksum included.
 * @throws RangeError when offsets do not rise from the base offset on, or there is neither a record nor a `lastOffsetDelta`
 */
export function buildRecordBatch(input: RecordBatchInput): Buffer {
  const { records, compression = 'none' } = input;
  const plan = planRecords(input);
  let batch: Buffer;
  if (compression === 'none' || records.length === 0) {
    batch = Buffer.allocUnsafe(recordBatchHeaderSize + plan.size);
    writeRecords(batch, recordBatchHeaderSize, plan);
  } else {
    const plain = Buffer.allocUnsafe(plan.size);
    writeRecords(plain, 0, plan);
    const compressed = compress(compression, plain, input.compressionLevel);
    batch = Buffer.allocUnsafe(recordBatchHeaderSize + compressed.length);
    batch.set(compressed, recordBatchHeaderSize);
  }
  writeHeader(batch, input, plan);
  return batch;
}

/** A record with its parts as bytes, its deltas, and the size that its length prefix says. */
interface PlannedRecord {
  readonly size: number;
  readonly timestampDelta: number | bigint;
  readonly offsetDelta: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly { key: Uint8Array; value: Uint8Array | null }[];
}

interface Plan {
  readonly records: readonly PlannedRecord[];
  /** Of all records, uncompressed. */
  readonly size: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: bigint | number;
  readonly maxTimestamp: bigint | number;
}

const noHeaders: PlannedRecord['headers'] = [];

function planRecords(input: RecordBatchInput): Plan {
  const { timestamp: ofBatch = none, baseOffset = 0n } = input;
  const ofBroker = input.timestampType === 'LogAppendTime';
  const first = ofBroker ? ofBatch : (input.records[0]?.timestamp ?? ofBatch);
  const baseTimestamp = input.deleteHorizonMs ?? first;
  let maxTimestamp = first;
  let offsetDelta = -1;
  let size = 0;
  const records: PlannedRecord[] = [];
  for (const record of input.records) {
    const timestamp = ofBroker ? ofBatch : (record.timestamp ?? ofBatch);
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    offsetDelta = nextOffsetDelta(offsetDelta, record.offset, baseOffset);
    const planned = planRecord(record, difference(timestamp, baseTimestamp), offsetDelta);
    size += sizeOfVarint(planned.size) + planned.size;
    records.push(planned);
  }
  return { records, size, lastOffsetDelta: lastDelta(input, offsetDelta), baseTimestamp, maxTimestamp };
}

function nextOffsetDelta(before: number, offset: bigint | undefined, baseOffset: bigint): number {
  if (offset === undefined) return before + 1;
  const delta = Number(offset - baseOffset);
  if (delta <= before || delta > 0x7fffffff)
    throw new RangeError(`offset ${offset} in a batch at ${baseOffset}, after offset delta ${before}`);
  return delta;
}

function lastDelta(input: RecordBatchInput, ofLastRecord: number): number {
  const { lastOffsetDelta = ofLastRecord } = input;
  if (lastOffsetDelta < Math.max(0, ofLastRecord)) throw new RangeError(`a last offset delta of ${lastOffsetDelta} after ${ofLastRecord}`);
  return lastOffsetDelta;
}

function difference(timestamp: bigint | number, base: bigint | number): number | bigint {
  if (timestamp === base) return 0;
  if (typeof timestamp === 'number' && typeof base === 'number') return timestamp - base;
  return BigInt.asIntN(64, BigInt(timestamp) - BigInt(base));
}

function planRecord(record: RecordInput, timestampDelta: number | bigint, offsetDelta: number): PlannedRecord {
  const key = asBytes(record.key ?? null);
  const value = asBytes(record.value);
  const headers =
    record.headers === undefined || record.headers.length === 0
      ? noHeaders
      : record.headers.map((header) => ({ key: Buffer.from(header.key), value: asBytes(header.value) }));
  let size =
    1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta) + sizeOfBytes(key) + sizeOfBytes(value) + sizeOfVarint(headers.length);
  for (const header of headers) size += sizeOfBytes(header.key) + sizeOfBytes(header.value);
  return { size, timestampDelta, offsetDelta, key, value, headers };
}

function asBytes(value: Uint8Array | string | null): Uint8Array | null {
  return typeof value === 'string' ? Buffer.from(value) : value;
}

function sizeOfBytes(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length;
}

function writeRecords(target: Buffer, from: number, plan: Plan): void {
  let at = from;
  for (const record of plan.records) {
    at = writeVarint(target, at, record.size);
    target[at++] = 0; // attributes
    at = writeVarlong(target, at, record.timestampDelta);
    at = writeVarint(target, at, record.offsetDelta);
    at = writeBytes(target, at, record.key);
    at = writeBytes(target, at, record.value);
    at = writeVarint(target, at, record.headers.length);
    for (const header of record.headers) {
      at = writeBytes(target, at, header.key);
      at = writeBytes(target, at, header.value);
    }
  }
}

function writeBytes(target: Buffer, at: number, bytes: Uint8Array | null): number {
  if (bytes === null) return writeVarint(target, at, -1);
  const start = writeVarint(target, at, bytes.length);
  target.set(bytes, start);
  return start + bytes.length;
}

function writeHeader(batch: Buffer, input: RecordBatchInput, plan: Plan): void {
  batch.writeBigInt64BE(input.baseOffset ?? 0n, layout.baseOffset);
  batch.writeInt32BE(batch.length - batchLengthOverhead, layout.batchLength);
  batch.writeInt32BE(input.leaderEpoch ?? none, layout.partitionLeaderEpoch);
  batch.writeInt8(currentMagic, layout.magic);
  batch.writeInt16BE(attributesOf(input), layout.attributes);
  batch.writeInt32BE(plan.lastOffsetDelta, layout.lastOffsetDelta);
  batch.writeBigInt64BE(BigInt(plan.baseTimestamp), layout.baseTimestamp);
  batch.writeBigInt64BE(BigInt(plan.maxTimestamp), layout.maxTimestamp);
  batch.writeBigInt64BE(input.producerId ?? -1n, layout.producerId);
  batch.writeInt16BE(input.producerEpoch ?? none, layout.producerEpoch);
  batch.writeInt32BE(input.baseSequence ?? none, layout.baseSequence);
  batch.writeInt32BE(plan.records.length, layout.recordCount);
  batch.writeUInt32BE(crc32c(batch, layout.attributes), layout.crc);
}

function attributesOf(input: RecordBatchInput): number {
  return (
    codecId(input.compression ?? 'none') |
    (input.timestampType === 'LogAppendTime' ? attribute.logAppendTime : 0) |
    (input.isTransactional ? attribute.transactional : 0) |
    (input.isControl ? attribute.control : 0) |
    (input.deleteHorizonMs === undefined ? 0 : attribute.deleteHorizon)
  );
}
