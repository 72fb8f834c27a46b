/** What the tests of this folder share: a disk that can crash, a clock that is moved by hand, and logs on them. Not part of the program. */
import { type Clock, type Logger, SeededRandom, SimulatedDisk, silentLogger, type Timer } from '#platform';
import { batchesIn, buildRecordBatch, type RecordBatchInput } from '#protocol';
import { LogDirectory, type LogDirectoryOptions, type PartitionLog } from './index.ts';
import { defaultLogConfig, type LogConfig } from './log-config.ts';

export const topicId = 'dGhlLW9yZGVycy10b3BpYw';

/** Stands still until it is told to move. */
export class ManualClock implements Clock {
  #now = 1_700_000_000_000;
  #timers: { at: number; every: number | undefined; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#add(delayMs, undefined, callback);
  }

  every(intervalMs: number, callback: () => void): Timer {
    return this.#add(intervalMs, intervalMs, callback);
  }

  /** Moves on, calls back what is due, and lets what that started come to its end. */
  async advance(ms: number): Promise<void> {
    this.#now += ms;
    const due = this.#timers.filter((timer) => timer.at <= this.#now);
    for (const timer of due) {
      if (timer.every === undefined) this.#timers = this.#timers.filter((one) => one !== timer);
      else timer.at = this.#now + timer.every;
      timer.callback();
    }
    await settled();
  }

  #add(delayMs: number, every: number | undefined, callback: () => void): Timer {
    const timer = { at: this.#now + delayMs, every, callback };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((one) => one !== timer)) };
  }
}

/** Lets everything that only waits for the simulated disk happen. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve();
}

export interface World {
  disk: SimulatedDisk;
  clock: ManualClock;
  random: SeededRandom;
  log: Logger;
}

export function startWorld(seed: string | number = 1): World {
  const random = new SeededRandom(String(seed));
  return { disk: new SimulatedDisk({ random: random.fork('disk') as SeededRandom }), clock: new ManualClock(), random, log: silentLogger };
}

export function openDirectory(world: World, options: Partial<LogDirectoryOptions> = {}): Promise<LogDirectory> {
  return LogDirectory.open({ platform: world, path: '/data', ...options });
}

/** A directory with one partition, orders-0. */
export async function createLog(
  world: World,
  config: Partial<LogConfig> = {},
  options: Partial<LogDirectoryOptions> = {},
): Promise<{ directory: LogDirectory; log: PartitionLog }> {
  const directory = await openDirectory(world, { config, ...options });
  const log = await directory.createPartition('orders', 0, topicId, { ...defaultLogConfig, ...config });
  return { directory, log };
}

/** A batch with a record for each text. */
export function batchOf(texts: readonly string[], options: Partial<RecordBatchInput> & { timestamp?: number } = {}): Buffer {
  return buildRecordBatch({ records: texts.map((value) => ({ value })), timestamp: 1_700_000_000_000, ...options });
}

/** `offset:text` of each record. */
export function textsOf(batches: Buffer): string[] {
  return [...batchesIn(batches)].flatMap((batch) => Array.from(batch.records(), (record) => `${record.offset}:${record.value}`));
}

/** All records of a log. */
export async function contentOf(log: PartitionLog): Promise<string[]> {
  const texts: string[] = [];
  for (let offset = log.logStartOffset; offset < log.logEndOffset; ) {
    const bytes = await log.read(offset, 1000, log.logEndOffset);
    const batches = [...batchesIn(bytes)];
    texts.push(...textsOf(bytes));
    offset = batches.at(-1)!.lastOffset + 1n;
  }
  return texts;
}
