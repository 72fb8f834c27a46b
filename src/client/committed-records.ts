import { controlRecordType, type LogRecord, type RecordBatch } from '#protocol';

/** A transaction that was aborted: its records from this offset on are nobody's. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/** One batch as a reader of committed records sees it. */
export interface ReadBatch {
  /** Empty for markers, and for what was aborted. */
  readonly records: readonly LogRecord[];
  /** Where to go on after it. */
  readonly nextOffset: bigint;
  /** Under which it was written. */
  readonly leaderEpoch: number;
}

/**
 * What of fetched batches a reader of committed records is given: neither markers, nor records of aborted transactions, nor what lies before
 * the offset that was asked for.
 * @param aborted as the answer to the fetch names them
 */
export function* committedRecords(
  batches: Iterable<RecordBatch>,
  aborted: readonly AbortedTransaction[],
  fetchOffset: bigint,
): Generator<ReadBatch, void, undefined> {
  const waiting = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const open = new Set<bigint>();
  for (const batch of batches) {
    const place = { nextOffset: batch.lastOffset + 1n, leaderEpoch: batch.partitionLeaderEpoch };
    while (waiting.length > 0 && waiting[0]!.firstOffset <= batch.lastOffset) open.add(waiting.shift()!.producerId);
    if (batch.isControl) {
      if (isAbortMarker(batch)) open.delete(batch.producerId);
      yield { records: [], ...place };
    } else if (batch.isTransactional && open.has(batch.producerId)) yield { records: [], ...place };
    else yield { records: [...batch.records()].filter(({ offset }) => offset >= fetchOffset), ...place };
  }
}

function isAbortMarker(batch: RecordBatch): boolean {
  for (const record of batch.records()) return controlRecordType(record.key) === 'ABORT';
  return false;
}
