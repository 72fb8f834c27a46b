import { SeededRandom, type SimulatedDisk, silentLogger } from '#platform';
import { batchesIn, type RecordBatch } from '#protocol';
import { defaultLogConfig, type LogConfig, LogDirectory, type PartitionLog } from '#storage';
import { ProducerStates } from '#storage/producer-state.ts';
import { batchOf, ManualClock } from '#storage/testing.ts';
import { type Alternative, type History, type Moment, matchesOf } from './expectations.ts';

export const directoryPath = '/data';

export const config: LogConfig = {
  ...defaultLogConfig,
  segmentBytes: 1500,
  indexIntervalBytes: 300,
  retentionMs: -1,
  retentionBytes: 5000,
  fileDeleteDelayMs: 200,
};
export const configs = new Map<string, LogConfig>([
  ['page-cache', { ...config, flush: 'os' }],
  ['table', { ...config, cleanupPolicy: ['compact'], minCleanableDirtyRatio: 0, deleteRetentionMs: 20 }],
]);
export const configFor = (topic: string): LogConfig => configs.get(topic) ?? config;

/** What was found in a log after a start. */
export interface FoundLog {
  logStartOffset: bigint;
  logEndOffset: bigint;
  batches: RecordBatch[];
}

export function openWith(disk: SimulatedDisk): Promise<LogDirectory> {
  const platform = { disk, clock: new ManualClock(), random: new SeededRandom('check'), log: silentLogger };
  return LogDirectory.open({ platform, path: directoryPath, configFor, tailCacheBytes: 1024 * 1024 });
}

/**
 * Opens a disk with the real recovery and compares what it finds with what has to hold; then lets every log be written to, the power fail
 * again, and compares once more.
 * @returns what is wrong, or undefined; and how many partitions were refused, which is right only where there is garbage
 */
export async function checkDisk(disk: SimulatedDisk, moment: Moment, hasGarbage: boolean): Promise<{ wrong?: string; refused: number }> {
  try {
    const directory = await openWith(disk);
    const refused = directory.failedPartitions();
    if (refused.length > 0 && !hasGarbage) return { wrong: `refused: ${refused[0]!.failure.message}`, refused: refused.length };
    const wrong = (await compare(directory, moment)) ?? (await goOn(directory, disk));
    return wrong === undefined ? { refused: refused.length } : { wrong, refused: refused.length };
  } catch (error) {
    return { wrong: `recovery failed: ${(error as Error).stack}`, refused: 0 };
  }
}

async function compare(directory: LogDirectory, moment: Moment): Promise<string | undefined> {
  const isClean = directory.lastCleanShutdown !== undefined;
  if (isClean && moment.clean === 'no') return 'a clean shutdown is claimed that did not happen (S2)';
  if (!isClean && moment.clean === 'yes') return 'a clean shutdown is not known';
  const refused = new Set(directory.failedPartitions().map(({ topic, partition }) => `${topic}-${partition}`));
  for (const log of directory.partitions()) {
    const expectation = moment.partitions.get(log.name);
    if (!expectation) return `${log.name} is there, and was deleted or never made (S9)`;
    if (expectation.topicId !== log.topicId) return `${log.name} is of topic ${log.topicId}, not ${expectation.topicId} (M3)`;
    const found = await readLog(log);
    const matches = matchesOf(expectation, found);
    if (typeof matches === 'string') return `${log.name} (S1): ${matches}`;
    const { highWatermark } = log;
    const most = expectation.mostHighWatermark > log.logStartOffset ? expectation.mostHighWatermark : log.logStartOffset;
    if (highWatermark > most || highWatermark > log.logEndOffset || highWatermark < log.logStartOffset) {
      return `${log.name}: the high watermark is ${highWatermark}, and was ${most} at most (S11)`;
    }
    const isCompacted = log.compaction.cleanedOffset !== undefined;
    const wrong = await Promise.all(
      matches.map((match) => (isCompacted ? compareCompacted(log, found) : compareDerived(log, match, found))),
    );
    if (!wrong.includes(undefined)) return `${log.name} (S8): ${wrong[0]}`;
  }
  for (const [name, { isThere }] of moment.partitions) {
    const [topic, partition] = [name.slice(0, name.lastIndexOf('-')), Number(name.slice(name.lastIndexOf('-') + 1))];
    if (isThere && !directory.partition(topic, partition) && !refused.has(name)) return `${name} is gone (S9)`;
  }
  return undefined;
}

/** All that is not the log itself has to be what the log says. */
async function compareDerived(log: PartitionLog, { history }: Alternative, found: FoundLog): Promise<string | undefined> {
  const epochs = epochsOf(found);
  const entries = log.epochEntries.map(({ epoch, startOffset }) => `${epoch} from ${startOffset}`);
  // An emptied log may know of which epoch its last records were.
  const isEmptied = found.batches.length === 0 && log.epochEntries.length === 1 && log.epochEntries[0]!.startOffset === log.logStartOffset;
  if (entries.join() !== epochs.join() && !isEmptied) return `the leader epochs are ${entries}, and of the log ${epochs}`;
  if (log.flushedOffset > log.logEndOffset) return `flushed up to ${log.flushedOffset}, beyond the end at ${log.logEndOffset}`;
  return compareProducers(log, history, found) ?? (await compareTimes(log, found));
}

/** Where an epoch began is not told by the batches that are left. */
async function compareCompacted(log: PartitionLog, found: FoundLog): Promise<string | undefined> {
  for (const { baseOffset, partitionLeaderEpoch } of found.batches) {
    const epoch = log.epochOf(baseOffset);
    if (epoch !== partitionLeaderEpoch)
      return `offset ${baseOffset} is of leader epoch ${epoch}, and in the log of ${partitionLeaderEpoch}`;
  }
  if (log.compaction.cleanedOffset! > log.logEndOffset)
    return `all up to ${log.compaction.cleanedOffset} is taken for clean, beyond the end`;
  return compareTimes(log, found);
}

function epochsOf({ logStartOffset, batches }: FoundLog): string[] {
  const epochs: string[] = [];
  let latest = -1;
  for (const { partitionLeaderEpoch: epoch, baseOffset } of batches) {
    if (epoch > latest) epochs.push(`${epoch} from ${baseOffset < logStartOffset ? logStartOffset : baseOffset}`);
    latest = epoch;
  }
  return epochs;
}

function compareProducers(log: PartitionLog, history: History, { logStartOffset, logEndOffset }: FoundLog): string | undefined {
  const expected = new ProducerStates();
  const lastActs = new Map<bigint, bigint>();
  const aborted: string[] = [];
  const [firstSegment] = log.segmentOffsets;
  for (const stored of history.batches) {
    if (stored.lastOffset >= logEndOffset) break;
    const [batch] = batchesIn(stored.bytes);
    const transaction = expected.apply(batch!, 0);
    if (transaction && transaction.lastOffset >= firstSegment!) aborted.push(`${transaction.firstOffset}-${transaction.lastOffset}`);
    lastActs.set(batch!.producerId, batch!.lastOffset);
  }
  const producers = new Map(log.activeProducers().map((state) => [state.producerId, state]));
  for (const state of expected.producers) {
    const known = producers.get(state.producerId);
    if (!known && lastActs.get(state.producerId)! >= logStartOffset) return `producer ${state.producerId} is not known`;
    if (!known) continue;
    const told = (one: typeof state) => `${one.producerEpoch} ${one.coordinatorEpoch} ${one.lastTimestamp} ${one.currentTxnFirstOffset}`;
    if (told(known) !== told(state)) return `producer ${state.producerId} is at ${told(known)}, and in the log at ${told(state)}`;
    const batchesOf = (one: typeof state) => one.batches.map(({ lastSequence, lastOffset }) => `${lastSequence} at ${lastOffset}`);
    const batches = batchesOf(known);
    const due = batchesOf(state);
    const inLog = state.batches.filter((one) => one.lastOffset - BigInt(one.offsetDelta) >= firstSegment!).length;
    if (batches.length < inLog || due.slice(due.length - batches.length).join() !== batches.join()) {
      return `of producer ${state.producerId} the batches ${batches} are known, and in the log are ${due}`;
    }
  }
  for (const id of producers.keys()) if (expected.get(id) === undefined) return `producer ${id} is known, and not in the log`;
  const known = log.abortedTransactions(0n, logEndOffset).map(({ firstOffset, lastOffset }) => `${firstOffset}-${lastOffset}`);
  return known.join() === aborted.join() ? undefined : `the aborted transactions are ${known}, and in the log ${aborted}`;
}

async function compareTimes(log: PartitionLog, { logStartOffset, batches }: FoundLog): Promise<string | undefined> {
  const records = batches
    .flatMap((batch) => (batch.isControl ? [] : [...batch.records()]))
    .filter(({ offset }) => offset >= logStartOffset);
  const all = batches.flatMap((batch) => [...batch.records()]).filter(({ offset }) => offset >= logStartOffset);
  for (const { timestamp } of [records.at(-1), records[records.length >> 1]].filter((one) => one !== undefined)) {
    const expected = all.find((one) => one.timestamp >= timestamp);
    const found = await log.offsetForTimestamp(timestamp);
    if (found?.offset !== expected?.offset) return `time ${timestamp} is at offset ${found?.offset}, and in the log at ${expected?.offset}`;
  }
  return undefined;
}

/** What was found once has to be found again, with what was written and flushed behind it. */
async function goOn(directory: LogDirectory, disk: SimulatedDisk): Promise<string | undefined> {
  const before = new Map<string, FoundLog>();
  for (const log of directory.partitions()) {
    const batch = batchOf(['after the crash'], { baseOffset: log.logEndOffset, leaderEpoch: 1_000_000 });
    log.appendAsFollower(batch);
    before.set(log.name, await readLog(log));
  }
  await Promise.all(directory.partitions().map((log) => log.flush()));
  const isRefused = directory.failedPartitions().length > 0;
  const durable = directory.partitions().filter((log) => log.durability === 'fsync');
  const again = await openWith(disk.crash('strict'));
  if (!isRefused && again.failedPartitions().length > 0)
    return `refused after a second crash: ${again.failedPartitions()[0]!.failure.message}`;
  for (const { name, topic, partition } of durable) {
    const log = again.partition(topic, partition);
    if (!log) return `${name} is gone after a second crash`;
    const [first, second] = [before.get(name)!, await readLog(log)];
    const isSame = first.logStartOffset === second.logStartOffset && first.logEndOffset === second.logEndOffset;
    if (!isSame) return `${name} holds ${rangeOf(second)} after a second crash, and held ${rangeOf(first)}`;
    for (const [index, batch] of second.batches.entries()) {
      if (!first.batches[index]?.buffer.equals(batch.buffer))
        return `${name} has another batch at ${batch.baseOffset} after a second crash`;
    }
    if (log.epochEntries.at(-1)?.epoch !== 1_000_000) return `${name} has forgotten its last leader epoch after a second crash`;
  }
  again.halt();
  return undefined;
}

function rangeOf({ logStartOffset, logEndOffset }: FoundLog): string {
  return `offsets ${logStartOffset} to ${logEndOffset}`;
}

export async function readLog(log: PartitionLog): Promise<FoundLog> {
  const { logStartOffset, logEndOffset } = log;
  const batches: RecordBatch[] = [];
  for (let offset = logStartOffset; offset < logEndOffset; offset = batches.at(-1)!.lastOffset + 1n) {
    const bytes = await log.read(offset, 1_000_000, logEndOffset);
    if (bytes.length === 0)
      throw new Error(`${log.name} has nothing at offset ${offset}, between its start at ${logStartOffset} and its end at ${logEndOffset}`);
    batches.push(...batchesIn(bytes));
  }
  return { logStartOffset, logEndOffset, batches };
}
