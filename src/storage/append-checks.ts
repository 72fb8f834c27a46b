import assert from 'node:assert/strict';
import { buildRecordBatch, KafkaError, RecordBatch, recordBatchHeaderSize } from '#protocol';
import { faultOf, faultOfSize, sizeAt } from './batch-scan.ts';
import { InvalidRecordsError, LogStartWithinBatchError, type RecordError } from './errors.ts';
import type { LogConfig } from './log-config.ts';

/** Decompressed records of a batch may take this many times `max.message.bytes`, and a megabyte more. */
const inflation = 100;

/**
 * The batches that stand one behind the other in a buffer, all of it.
 * @throws KafkaError CORRUPT_MESSAGE when a part of it is no batch
 */
export function splitBatches(records: Buffer): RecordBatch[] {
  const batches: RecordBatch[] = [];
  for (let at = 0; at < records.length; ) {
    const fault = faultOfSize(records, at, records.length - at);
    if (fault) throw new KafkaError('CORRUPT_MESSAGE', `At byte ${at} of the records there is ${fault}`);
    batches.push(new RecordBatch(records, at));
    at += sizeAt(records, at);
  }
  return batches;
}

/**
 * The whole batches at the beginning of what a leader sent; an incomplete last one is left out.
 * @throws KafkaError CORRUPT_MESSAGE when one is damaged or does not follow on the one before
 */
export function splitFetched(
  records: Buffer,
  log: { logEndOffset: bigint; lastEpoch: number; gaps: boolean; isEmpty: boolean },
): RecordBatch[] {
  const batches: RecordBatch[] = [];
  let { logEndOffset: expected, lastEpoch } = log;
  for (let at = 0; records.length - at >= recordBatchHeaderSize; ) {
    const size = sizeAt(records, at);
    if (size > records.length - at) break;
    const batch = new RecordBatch(records, at);
    if (at === 0 && log.isEmpty && batch.baseOffset < expected && expected <= batch.lastOffset && batch.isValidCrc()) {
      throw new LogStartWithinBatchError(batch.baseOffset, expected);
    }
    const fault = faultOfSize(records, at, records.length - at) ?? faultOf(batch, expected, { gaps: log.gaps, checkCrc: true });
    if (fault) throw new KafkaError('CORRUPT_MESSAGE', `At byte ${at} of what the leader sent there is ${fault}`);
    const epoch = batch.partitionLeaderEpoch;
    if (epoch < lastEpoch) throw new KafkaError('CORRUPT_MESSAGE', `The leader sent a batch of epoch ${epoch} after one of ${lastEpoch}`);
    lastEpoch = epoch;
    expected = batch.lastOffset + 1n;
    batches.push(batch);
    at += size;
  }
  return batches;
}

/**
 * Checks a client's batch against the topic's configuration and brings it into the form in which it is kept.
 * @returns its bytes: the given ones, or others when they had to be compressed anew
 * @throws KafkaError MESSAGE_TOO_LARGE, INVALID_TIMESTAMP, INVALID_RECORD
 */
export function prepareBatch(batch: RecordBatch, config: LogConfig, now: number): Buffer {
  if (batch.sizeInBytes > config.maxMessageBytes) tooLarge(batch.sizeInBytes, config);
  const compression = config.compressionType === 'uncompressed' ? 'none' : config.compressionType;
  const recompress = compression !== 'producer' && compression !== batch.compression;
  const wantsKeys = config.cleanupPolicy.includes('compact');
  const maxBytes = config.maxMessageBytes * inflation + 1024 * 1024;
  if (config.messageTimestampType === 'CreateTime') checkTimestamps(batch, config, now, maxBytes);
  if (wantsKeys) checkKeys(batch, maxBytes);
  if (!recompress) return batch.buffer;
  const bytes = buildRecordBatch({
    records: [...batch.records(maxBytes)],
    compression,
    compressionLevel: config.compressionLevel,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    isTransactional: batch.isTransactional,
    baseOffset: batch.baseOffset,
  });
  if (bytes.length > config.maxMessageBytes) tooLarge(bytes.length, config);
  return bytes;
}

/** What a coordinator made: its bytes, when each batch keeps to max.message.bytes. @throws KafkaError MESSAGE_TOO_LARGE */
export function checkSizes(records: Buffer, batches: readonly RecordBatch[], config: LogConfig): Buffer {
  for (const { sizeInBytes } of batches) if (sizeInBytes > config.maxMessageBytes) tooLarge(sizeInBytes, config);
  return records;
}

/** Batches that were given their offsets by who made them begin at the log's end and follow one another. */
export function assertOffsets(batches: readonly RecordBatch[], logEndOffset: bigint): void {
  let expected = logEndOffset;
  for (const { baseOffset, lastOffset } of batches) {
    assert.equal(baseOffset, expected, `a batch was made for offset ${baseOffset}, where ${expected} is due`);
    expected = lastOffset + 1n;
  }
}

function tooLarge(bytes: number, { maxMessageBytes }: LogConfig): never {
  throw new KafkaError('MESSAGE_TOO_LARGE', `The batch has ${bytes} bytes; max.message.bytes is ${maxMessageBytes}`);
}

function checkTimestamps(batch: RecordBatch, config: LogConfig, now: number, maxBytes: number): void {
  const { messageTimestampBeforeMaxMs: before, messageTimestampAfterMaxMs: after } = config;
  const latest = batch.maxTimestamp;
  if (latest > BigInt(now) + BigInt(after)) {
    throw new KafkaError('INVALID_TIMESTAMP', `Timestamp ${latest} is more than ${after} ms ahead of the broker's time ${now}`);
  }
  const earliest = BigInt(now) - BigInt(before);
  if (earliest <= 0n) return;
  for (const { timestamp } of batch.records(maxBytes)) {
    if (timestamp >= 0n && timestamp < earliest) {
      throw new KafkaError('INVALID_TIMESTAMP', `Timestamp ${timestamp} is more than ${before} ms behind the broker's time ${now}`);
    }
  }
}

function checkKeys(batch: RecordBatch, maxBytes: number): void {
  const recordErrors: RecordError[] = [];
  let batchIndex = 0;
  for (const { key } of batch.records(maxBytes)) {
    if (key === null) recordErrors.push({ batchIndex, message: 'A compacted topic takes no record without a key' });
    batchIndex++;
  }
  if (recordErrors.length > 0) throw new InvalidRecordsError(recordErrors);
}
