/** What the tests of this folder share: a log of keys and values, and what its readers make of it. Not part of the program. */
import {
  batchesIn,
  buildEndTransactionMarker,
  buildRecordBatch,
  type LogRecord,
  type RecordBatch,
  type RecordBatchInput,
  type RecordInput,
  readEndTransactionMarker,
} from '#protocol';
import { defaultLogConfig, type LogConfig, type LogDirectory, type PartitionLog } from '../index.ts';
import { createLog, startWorld, type World } from '../testing.ts';

export const compacted: LogConfig = {
  ...defaultLogConfig,
  cleanupPolicy: ['compact'],
  segmentBytes: 700,
  indexIntervalBytes: 100,
  minCleanableDirtyRatio: 0,
  deleteRetentionMs: 1000,
  fileDeleteDelayMs: 100,
  maxMessageBytes: 600,
};

/** All batches of a log, as a reader gets them who fetches one after the other. */
export async function batchesOf(log: PartitionLog, upTo = log.logEndOffset): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = [];
  for (let offset = log.logStartOffset; offset < upTo; ) {
    const found = [...batchesIn(Buffer.from(await log.read(offset, 300, upTo)))];
    if (found.length === 0) break;
    batches.push(...found);
    offset = batches.at(-1)!.lastOffset + 1n;
  }
  return batches;
}

/** What a reader of committed records is left with, who goes by the list of aborted transactions and the markers as Kafka's clients do. */
export async function committedRecords(log: PartitionLog): Promise<LogRecord[]> {
  const upTo = log.lastStableOffset;
  const aborted = log.abortedTransactions(log.logStartOffset, upTo).sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const aborting = new Set<bigint>();
  const records: LogRecord[] = [];
  for (const batch of await batchesOf(log, upTo)) {
    while (aborted[0] && aborted[0].firstOffset <= batch.lastOffset) aborting.add(aborted.shift()!.producerId);
    if (batch.isControl) {
      for (const record of batch.records()) if (readEndTransactionMarker(record)?.type === 'ABORT') aborting.delete(batch.producerId);
    } else if (!batch.isTransactional || !aborting.has(batch.producerId)) {
      records.push(...batch.records());
    }
  }
  return records;
}

/** The newest value of each key; a deleted key has none. */
export function tableOf(records: Iterable<Pick<LogRecord, 'key' | 'value'>>): Map<string, string> {
  const table = new Map<string, string>();
  for (const { key, value } of records) {
    if (value === null) table.delete(String(key));
    else table.set(String(key), String(value));
  }
  return table;
}

const client = { leaderEpoch: 0, origin: 'client' } as const;
const coordinator = { leaderEpoch: 0, origin: 'coordinator' } as const;

/** A compacted log of a world of its own, and what is done to it. */
export interface CompactedLog {
  world: World;
  directory: LogDirectory;
  log: PartitionLog;
  write(records: readonly RecordInput[], options?: Partial<RecordBatchInput>): bigint;
  end(type: 'ABORT' | 'COMMIT', producerId: bigint, producerEpoch?: number): void;
  /** Lets everything be committed, on disk, and in closed segments. */
  close(): Promise<void>;
  clean(): Promise<void>;
}

export async function compactedLog(config: Partial<LogConfig> = {}): Promise<CompactedLog> {
  const world = startWorld();
  const { directory, log } = await createLog(world, { ...compacted, ...config });
  const it: CompactedLog = {
    world,
    directory,
    log,
    write: (records, options) => log.append(buildRecordBatch({ records, timestamp: world.clock.now(), ...options }), client).firstOffset,
    end: (type, producerId, producerEpoch = 0) => {
      const marker = { type, producerId, producerEpoch, coordinatorEpoch: 3, timestamp: world.clock.now() };
      log.append(buildEndTransactionMarker(marker), coordinator);
    },
    close: async () => {
      log.roll();
      await log.flush();
      log.highWatermark = log.logEndOffset;
    },
    clean: async () => {
      await it.close();
      await directory.clean();
    },
  };
  return it;
}

export const put = (key: string, value: string): RecordInput => ({ key, value });

/** Each record and each marker with its offset. */
export async function recordsOf(log: PartitionLog): Promise<string[]> {
  const batches = await batchesOf(log);
  return batches.flatMap((batch) =>
    batch.isControl ? [`${batch.baseOffset} marker`] : Array.from(batch.records(), ({ offset, key, value }) => `${offset} ${key}=${value}`),
  );
}
