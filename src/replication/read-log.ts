import { batchesIn, KafkaError } from '#protocol';
import type { PartitionLog } from '#storage';

export type IsolationLevel = 'read_uncommitted' | 'read_committed';

/** What a fetch found, at one moment. */
export interface Fetched {
  readonly records: Buffer;
  readonly highWatermark: bigint;
  readonly lastStableOffset: bigint;
  readonly logStartOffset: bigint;
  /** The transactions to be left out of what was found, the oldest first; null unless the reader asked for committed records only. */
  readonly abortedTransactions: AbortedTransactions | null;
}

type AbortedTransactions = readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
const noTransactions: AbortedTransactions = [];
const noBytes = Buffer.alloc(0);

/** How much of a log a reader wants, and may see. */
export interface Wanted {
  readonly fetchOffset: bigint;
  readonly maxBytes: number;
  /** Whether the first batch comes whole even beyond `maxBytes`. */
  readonly atLeastOne: boolean;
  /** 'all' for a follower, which sees what is not committed. */
  readonly isolationLevel: IsolationLevel | 'all';
}

/**
 * Whole batches from `fetchOffset` up to the high watermark, the last stable offset or the log's end. An offset beyond that which the log has
 * already reads nothing: a producer with acks=1 may know it before it is committed.
 * @throws KafkaError OFFSET_OUT_OF_RANGE below the log start or beyond the log end; KAFKA_STORAGE_ERROR
 */
export async function readLog(log: PartitionLog, { fetchOffset, maxBytes, atLeastOne, isolationLevel }: Wanted): Promise<Fetched> {
  const { highWatermark, lastStableOffset, logStartOffset, logEndOffset } = log;
  const upTo = isolationLevel === 'all' ? logEndOffset : isolationLevel === 'read_committed' ? lastStableOffset : highWatermark;
  if (fetchOffset < logStartOffset || fetchOffset > logEndOffset)
    throw new KafkaError('OFFSET_OUT_OF_RANGE', `${log.name} holds offsets ${logStartOffset} to ${logEndOffset}, not ${fetchOffset}`);
  let records: Buffer = noBytes;
  if (fetchOffset < upTo && (atLeastOne || maxBytes > 0)) {
    let replacements: number;
    do {
      // Cleaned segments know nothing of what was aborted in those that were just read.
      replacements = log.compaction.replacements;
      const found = log.read(fetchOffset, maxBytes, upTo, atLeastOne);
      records = found instanceof Promise ? await found : found;
    } while (replacements !== log.compaction.replacements);
  }
  const abortedTransactions = isolationLevel === 'read_committed' ? abortedIn(log, records, fetchOffset, highWatermark) : null;
  return { records, highWatermark, lastStableOffset, logStartOffset: log.logStartOffset, abortedTransactions };
}

function abortedIn(log: PartitionLog, records: Buffer, fetchOffset: bigint, highWatermark: bigint): AbortedTransactions {
  if (records.length === 0 || log.abortedTransactions(fetchOffset, highWatermark).length === 0) return noTransactions;
  let end = fetchOffset;
  for (const batch of batchesIn(records)) end = batch.lastOffset + 1n;
  return log
    .abortedTransactions(fetchOffset, end)
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
    .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
}
