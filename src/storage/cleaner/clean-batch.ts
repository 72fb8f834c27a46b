import { buildRecordBatch, type LogRecord, type RecordBatch } from '#protocol';
import type { ProducerState } from '../producer-state.ts';
import type { AbortedTransaction } from '../transaction-index.ts';
import type { KeyOffsets } from './key-offsets.ts';
import type { TransactionsSeen } from './transactions-seen.ts';

/** By what one cleaning goes. */
export interface CleaningRules {
  /** Wall time at which the cleaning began. */
  readonly now: number;
  readonly deleteRetentionMs: number;
  /** The last offset of each key below `mappedUpTo`, as far as it was not clean already. */
  readonly keys: KeyOffsets;
  readonly mappedUpTo: bigint;
  /** The producers that are remembered: the last batch of each tells a later start of its epoch and sequence. */
  readonly producer: (producerId: bigint) => ProducerState | undefined;
  /** Of gzip and zstd, where the topic sets one. */
  readonly compressionLevel: number | undefined;
}

/** What is left of a batch. */
export interface CleanedBatch {
  /** Undefined: nothing. The batch's own bytes where nothing has changed. */
  readonly bytes: Buffer | undefined;
  /** The transaction that is aborted by it and has batches left. */
  readonly aborted?: AbortedTransaction | undefined;
  /** A deletion, or a marker, goes with it for no other reason than that its time is over. */
  readonly forgets?: boolean;
}

/**
 * Decides what of a batch stays: the last record of each key, deletions until readers have had delete.retention.ms to see them, nothing of aborted transactions,
 * markers while there is something of their transaction. Offsets never change, and a batch keeps its range of offsets and of sequences.
 */
export function cleanBatch(batch: RecordBatch, transactions: TransactionsSeen, rules: CleaningRules): CleanedBatch {
  return batch.isControl ? cleanMarker(batch, transactions, rules) : cleanData(batch, transactions, rules);
}

/** What stays of a batch of which nothing has to, where a segment is to end with it: so it still ends where it did. */
export function placeholderOf(batch: RecordBatch): Buffer {
  return batch.isControl ? batch.buffer : rebuild(batch, []);
}

function cleanData(batch: RecordBatch, transactions: TransactionsSeen, rules: CleaningRules): CleanedBatch {
  const mustStay = isLastOfProducer(batch, rules);
  if (transactions.isAborted(batch)) return { bytes: mustStay ? rebuild(batch, []) : undefined };
  // Nothing is known yet of what is behind the map.
  if (batch.baseOffset >= rules.mappedUpTo) return { bytes: batch.buffer };
  const kept: LogRecord[] = [];
  let hasDeletions = false;
  let forgets = false;
  for (const record of batch.records()) {
    const fate = fateOf(record, batch, rules);
    if (fate === 'forgotten') forgets = true;
    if (fate !== 'kept') continue;
    kept.push(record);
    if (record.value === null) hasDeletions = true;
  }
  if (kept.length === 0) return { bytes: mustStay ? rebuild(batch, []) : undefined, forgets };
  // From now on no older record of a deleted key is left, so that the time for which the deletion has to be seen begins.
  const setsHorizon = hasDeletions && batch.deleteHorizonMs === undefined && batch.lastOffset < rules.mappedUpTo;
  if (kept.length === batch.recordCount && !setsHorizon) return { bytes: batch.buffer };
  return { bytes: rebuild(batch, kept, rules.compressionLevel, setsHorizon ? horizonOf(rules) : batch.deleteHorizonMs), forgets };
}

function fateOf(
  { key, value, offset }: LogRecord,
  { deleteHorizonMs }: RecordBatch,
  { keys, mappedUpTo, now }: CleaningRules,
): 'kept' | 'replaced' | 'forgotten' {
  if (offset >= mappedUpTo) return 'kept';
  // From before the topic was compacted: nothing could ever replace it.
  if (key === null) return 'replaced';
  const newest = keys.offsetOf(key);
  if (newest !== undefined && newest > offset) return 'replaced';
  return value !== null || deleteHorizonMs === undefined || now < Number(deleteHorizonMs) ? 'kept' : 'forgotten';
}

function cleanMarker(batch: RecordBatch, transactions: TransactionsSeen, rules: CleaningRules): CleanedBatch {
  const { isEmpty, aborted } = transactions.ended(batch);
  if (!isEmpty) return { bytes: batch.buffer, aborted };
  // One that another cleaner has emptied tells nothing.
  if (batch.recordCount === 0) return { bytes: undefined };
  const { deleteHorizonMs } = batch;
  if (deleteHorizonMs === undefined) return { bytes: rebuild(batch, [...batch.records()], undefined, horizonOf(rules)) };
  // It tells of the producer's epoch, and of its coordinator's.
  const stays = isLastOfProducer(batch, rules) || rules.now < Number(deleteHorizonMs);
  return stays ? { bytes: batch.buffer } : { bytes: undefined, forgets: true };
}

function isLastOfProducer(batch: RecordBatch, { producer }: CleaningRules): boolean {
  const state = batch.producerId < 0n ? undefined : producer(batch.producerId);
  if (!state) return false;
  const last = state.batches.at(-1);
  return last ? batch.lastOffset === last.lastOffset : batch.isControl && batch.producerEpoch === state.producerEpoch;
}

function horizonOf({ now, deleteRetentionMs }: CleaningRules): bigint {
  return BigInt(now) + BigInt(deleteRetentionMs);
}

function rebuild(batch: RecordBatch, records: readonly LogRecord[], compressionLevel?: number, deleteHorizonMs?: bigint): Buffer {
  const isEmpty = records.length === 0;
  const { timestampType } = batch;
  return buildRecordBatch({
    records,
    baseOffset: batch.baseOffset,
    lastOffsetDelta: batch.lastOffsetDelta,
    leaderEpoch: batch.partitionLeaderEpoch,
    compression: isEmpty ? 'none' : batch.compression,
    compressionLevel,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    isTransactional: batch.isTransactional,
    isControl: batch.isControl,
    timestampType,
    timestamp: isEmpty || timestampType === 'LogAppendTime' ? batch.maxTimestamp : undefined,
    deleteHorizonMs,
  });
}
