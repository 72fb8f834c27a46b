import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CrashMode, SeededRandom, SimulatedDisk } from '#platform';
import { buildEndTransactionMarker } from '#protocol';
import { defaultLogConfig, type LogDirectory, LogStartWithinBatchError, type PartitionLog } from './index.ts';
import { batchOf, contentOf, createLog, ManualClock, openDirectory, settled, startWorld, textsOf, topicId, type World } from './testing.ts';

const client = { leaderEpoch: 0, origin: 'client' } as const;

/** A log of batches of two records: r0, r1 at 0-1 and so on. */
async function followerLog(batches = 10, segmentBytes = 300) {
  const world = startWorld();
  const { directory, log } = await createLog(world, { segmentBytes, indexIntervalBytes: 100 });
  for (let i = 0; i < batches; i++) log.append(batchOf([`r${i * 2}`, `r${i * 2 + 1}`]), client);
  await log.flush();
  log.highWatermark = log.logEndOffset;
  return { world, directory, log };
}

/** What a leader of that epoch has from an offset on. */
function leadersBatch(baseOffset: bigint, texts: readonly string[], leaderEpoch = 1): Buffer {
  return batchOf(texts, { baseOffset, leaderEpoch });
}

async function afterCrash(world: World, mode: CrashMode = 'strict'): Promise<PartitionLog> {
  world.disk = world.disk.crash(mode);
  const directory = await openDirectory(world, { config: { segmentBytes: 300 } });
  expect(directory.failedPartitions()).toEqual([]);
  return directory.partition('orders', 0)!;
}

function expectSound(log: PartitionLog, end: bigint): void {
  expect(log.logEndOffset).toBe(end);
  for (const offset of [log.flushedOffset, log.highWatermark, log.recoveryPoint, log.lastStableOffset]) expect(offset <= end).toBe(true);
  for (const { startOffset } of log.epochEntries) expect(startOffset < end).toBe(true);
}

describe('P9: a follower truncates', () => {
  test.each([
    { to: 7n, end: 6n, where: 'into the middle of a batch, which goes whole' },
    { to: 8n, end: 8n, where: 'to the beginning of a batch' },
    { to: 1n, end: 0n, where: 'into the first batch' },
    { to: 19n, end: 18n, where: 'into the last batch' },
    { to: 20n, end: 20n, where: 'to its end' },
    { to: 99n, end: 20n, where: 'beyond its end' },
  ])('$where', async ({ to, end }) => {
    const { world, log } = await followerLog();
    const expected = (await contentOf(log)).slice(0, Number(end));

    await log.truncateTo(to);

    expectSound(log, end);
    expect(await contentOf(log)).toEqual(expected);
    expect(await contentOf(await afterCrash(world))).toEqual(expected);
  });

  test('to where each of its segments begins', async () => {
    const { segmentOffsets } = (await followerLog()).log;
    expect(segmentOffsets.length).toBeGreaterThan(2);
    for (const offset of segmentOffsets) {
      const { world, log } = await followerLog();

      await log.truncateTo(offset);
      log.appendAsFollower(leadersBatch(offset, ['other']));
      await log.flush();

      const again = await afterCrash(world);
      expect((await contentOf(again)).at(-1)).toBe(`${offset}:other`);
      expect(again.logEndOffset).toBe(offset + 1n);
    }
  });

  test('below the recovery point, and a crash at any moment does not take that for damage', async () => {
    const { world, directory, log } = await followerLog();
    await directory.checkpoint();
    const before = await contentOf(log);
    expect(log.recoveryPoint).toBe(20n);

    log.truncateTo(5n).catch(() => {});
    for (let turn = 0; turn < 3; turn++) await null;
    const again = await afterCrash(world, 'ordered');

    // What had to go may be there still, or a part of it: the follower will ask again.
    expect(again.logEndOffset).toBeGreaterThanOrEqual(4n);
    expect(await contentOf(again)).toEqual(before.slice(0, Number(again.logEndOffset)));
  });

  test('below its own high watermark, which falls with it, also on disk', async () => {
    const { world, directory, log } = await followerLog();
    await directory.checkpoint();

    await log.truncateTo(10n);
    log.appendAsFollower(leadersBatch(10n, ['a', 'b', 'c', 'd']));
    await log.flush();

    expect(log.highWatermark).toBe(10n);
    expect((await afterCrash(world)).highWatermark).toBe(10n);
  });

  test('within the batch in the middle of which the log begins: nothing is left of it', async () => {
    const { log } = await followerLog(10, 100_000);
    await log.incrementLogStartOffset(15n);

    await log.truncateTo(15n);

    expect(log).toMatchObject({ logStartOffset: 15n, logEndOffset: 15n, highWatermark: 15n });
    expect(log.segmentOffsets).toEqual([15n]);
  });

  test('below its start: it begins anew there', async () => {
    const { log } = await followerLog();
    await log.incrementLogStartOffset(10n);

    await log.truncateTo(4n);

    expect(log).toMatchObject({ logStartOffset: 4n, logEndOffset: 4n });
    expect(log.appendAsFollower(leadersBatch(4n, ['other']))).toMatchObject({ firstOffset: 4n });
  });

  test('again and again, without waiting, and the last one counts', async () => {
    const { world, directory, log } = await followerLog();
    await directory.checkpoint();

    const all = [15n, 14n, 9n, 8n, 8n, 20n, 3n].map((offset) => log.truncateTo(offset));
    await Promise.all(all);

    expectSound(log, 2n);
    const again = await afterCrash(world);
    expect(await contentOf(again)).toEqual(['0:r0', '1:r1']);
  });

  test('once more while the first truncation is on its way to the disk, and a clean stop leaves nothing behind', async () => {
    const { world, directory, log } = await followerLog(10, 100_000);
    await directory.checkpoint();
    const first = log.truncateTo(16n);
    for (let turn = 0; turn < 4; turn++) await null;
    const second = log.truncateTo(6n);
    await Promise.all([first, second]);

    await directory.close();

    const again = await openDirectory(world);
    expect(again.failedPartitions()).toEqual([]);
    expect(again.partition('orders', 0)?.logEndOffset).toBe(6n);
  });

  test('twice to the same offset, with records in between and the first one still on its way: what comes then is kept under its name', async () => {
    const world = startWorld();
    const { log } = await createLog(world);
    log.appendAsFollower(batchOf(['a'], { baseOffset: 0n, leaderEpoch: 0 }));
    void log.truncateTo(0n);
    log.appendAsFollower(batchOf(['b'], { baseOffset: 0n, leaderEpoch: 1 }));
    await log.truncateTo(0n);

    log.appendAsFollower(batchOf(['c'], { baseOffset: 0n, leaderEpoch: 2 }));
    await log.flush();

    expect(world.disk.list('/data/orders-0').filter((name) => name.includes('.log'))).toEqual(['00000000000000000000.log']);
    world.disk = world.disk.crash('strict');
    const again = await openDirectory(world);
    expect(await contentOf(again.partition('orders', 0)!)).toEqual(['0:c']);
  });

  test('a full disk leaves both a truncation that is on its way and what was written since as they are', async () => {
    const world = startWorld();
    const { log } = await createLog(world);
    log.appendAsFollower(batchOf(['a'], { baseOffset: 0n, leaderEpoch: 0 }));
    void log.truncateTo(0n);
    log.appendAsFollower(batchOf(['b'], { baseOffset: 0n, leaderEpoch: 1 }));
    world.disk.failNext('open', 'ENOSPC', { path: /fresh$/ });
    await expect((async () => log.truncateTo(0n))()).rejects.toThrow(/No space/);

    await log.flush();

    expect(await contentOf(log)).toEqual(['0:b']);
    world.disk = world.disk.crash('strict');
    const again = await openDirectory(world);
    expect(await contentOf(again.partition('orders', 0)!)).toEqual(['0:b']);
  });

  test('a second call for the same offset waits for what the first one has begun', async () => {
    const { world, log } = await followerLog();
    void log.truncateTo(10n);

    await log.truncateTo(10n);

    expect((await afterCrash(world)).logEndOffset).toBe(10n);
  });

  test('and forgets the epoch of records that it had, also when all of them are gone already', async () => {
    const { log } = await followerLog();
    await log.incrementLogStartOffset(20n);
    expect(log.epochEntries).toEqual([{ epoch: 0, startOffset: 20n }]);

    await log.truncateTo(20n);

    expect(log.lastEpoch).toBeUndefined();
  });
});

describe('P9: while a follower truncates', () => {
  test('a flush in flight does not count what is gone as flushed, nor what comes in its place', async () => {
    const { log } = await followerLog();
    log.append(batchOf(['late']), client);
    const flushing = log.flush();
    await null;
    const truncated = log.truncateTo(10n);
    log.appendAsFollower(leadersBatch(10n, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']));

    expect(log.flushedOffset).toBe(10n);
    await flushing;
    expect(log.flushedOffset <= log.logEndOffset).toBe(true);
    await truncated;
    await log.flush();
    expect(log.flushedOffset).toBe(22n);
  });

  test('a read in flight never gives what is gone, be it in a file or in memory', async () => {
    const { world, directory } = await followerLog();
    await directory.close();
    const log = (await openDirectory(world)).partition('orders', 0)!;

    const reads = Array.from({ length: 20 }, (_, offset) =>
      Promise.resolve(log.read(BigInt(offset), 10_000, 20n)).catch(() => Buffer.alloc(0)),
    );
    const truncated = log.truncateTo(10n);
    log.appendAsFollower(leadersBatch(10n, ['new 10', 'new 11', 'new 12']));
    await truncated;

    const seen = (await Promise.all(reads)).flatMap((bytes) => textsOf(bytes));
    expect(seen.filter((text) => Number(text.split(':')[0]) >= 10 && !text.includes('new'))).toEqual([]);
    expect(textsOf(await log.read(9n, 10_000, 13n))).toContain('9:r9');
    expect(textsOf(await log.read(10n, 10_000, 13n))).toEqual(['10:new 10', '11:new 11', '12:new 12']);
  });

  test('bytes that a reader holds already stay what they were', async () => {
    const { log } = await followerLog(10, 100_000);
    const held = log.read(16n, 10_000, 20n) as Buffer;
    const before = Buffer.from(held);

    const truncated = log.truncateTo(10n);
    for (let i = 0; i < 50; i++) log.appendAsFollower(leadersBatch(log.logEndOffset, ['x'.repeat(40)]));
    await truncated;

    expect(held.equals(before)).toBe(true);
  });
});

describe('what a follower knows of producers after a truncation is what its log says (KAFKA-12153)', () => {
  const send = (log: PartitionLog, sequence: number, isTransactional = false) =>
    log.append(batchOf([`${sequence}`], { producerId: 7n, producerEpoch: 0, baseSequence: sequence, isTransactional }), client);

  test('I2, I3: its last five batches, and none of those that are gone', async () => {
    const { log } = await createLog(startWorld(), { segmentBytes: 400 });
    for (let sequence = 0; sequence < 20; sequence++) send(log, sequence);

    await log.truncateTo(11n);

    expect(log.activeProducers()[0]?.batches.map(({ lastSequence }) => lastSequence)).toEqual([6, 7, 8, 9, 10]);
    expect(send(log, 7)).toMatchObject({ duplicate: true, firstOffset: 7n });
    expect(send(log, 11)).toMatchObject({ duplicate: false, firstOffset: 11n });
  });

  test('a transaction that was ended behind it is open again, and one that began behind it never was', async () => {
    const { log } = await createLog(startWorld());
    for (const _ of [0, 1]) log.append(batchOf(['x']), client);
    send(log, 0, true);
    const marker = { type: 'ABORT', coordinatorEpoch: 0, producerId: 7n, producerEpoch: 0, timestamp: 0 } as const;
    log.append(buildEndTransactionMarker(marker), { leaderEpoch: 0, origin: 'coordinator' });
    expect(log.abortedTransactions(0n, 10n)).toHaveLength(1);

    await log.truncateTo(3n);
    expect(log.abortedTransactions(0n, 10n)).toEqual([]);
    expect(log.firstUnstableOffset).toBe(2n);

    await log.truncateTo(2n);
    expect(log.firstUnstableOffset).toBeUndefined();
  });

  test('a new start knows nobody, whatever snapshot was left at its offset', async () => {
    const { log } = await createLog(startWorld());
    for (let sequence = 0; sequence < 5; sequence++) send(log, sequence);
    log.roll();
    await log.flush();

    await log.truncateFullyAndStartAt(5n);

    expect(log.activeProducers()).toEqual([]);
  });
});

describe('a follower that is behind its leader begins anew', () => {
  test('where the leader begins', async () => {
    const { world, log } = await followerLog();

    await log.truncateFullyAndStartAt(500n);
    log.appendAsFollower(leadersBatch(500n, ['a']));
    await log.flush();

    expectSound(log, 501n);
    const again = await afterCrash(world);
    expect(again).toMatchObject({ logStartOffset: 500n, highWatermark: 500n });
    expect(await contentOf(again)).toEqual(['500:a']);
  });

  test('and is told when the leader begins in the middle of a batch', async () => {
    const { log } = await followerLog();
    await log.truncateFullyAndStartAt(502n);
    const batch = leadersBatch(500n, ['a', 'b', 'c', 'd']);
    expect(() => log.appendAsFollower(batch)).toThrow(LogStartWithinBatchError);

    await log.truncateFullyAndStartAt(500n);

    expect(log.appendAsFollower(batch)).toMatchObject({ firstOffset: 500n, lastOffset: 503n });
  });
});

test('a follower that has records of its own, where the leader has deleted up to the middle of a batch, begins anew with that batch', async () => {
  const { log } = await followerLog();
  await log.truncateFullyAndStartAt(500n);
  log.appendAsFollower(leadersBatch(500n, ['a', 'never committed']));
  const batch = leadersBatch(501n, ['b', 'c', 'd']);

  expect(() => log.appendAsFollower(batch, 501n)).toThrow('base offset 501 where 502 is due');
  expect(() => log.appendAsFollower(batch, 502n)).toThrow(LogStartWithinBatchError);
});

describe('what a follower is sent', () => {
  test('P9, S3: is checked, each bit of it, and nothing is appended when one is wrong', async () => {
    const { log } = await followerLog(3);
    const bytes = Buffer.concat([leadersBatch(6n, ['a']), leadersBatch(7n, ['b'])]);
    const second = bytes.length / 2;
    // All but the leader epoch, which is outside of the checksum, and of which any that does not fall may be right.
    const positions = Array.from({ length: second }, (_, at) => second + at).filter((at) => at - second < 12 || at - second >= 16);
    for (const at of positions) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 0x10;
      let appended = true;
      try {
        log.appendAsFollower(damaged);
      } catch (error) {
        expect(error).toMatchObject({ errorName: 'CORRUPT_MESSAGE' });
        appended = false;
      }
      // A length that points beyond the end makes it an incomplete batch, which is left out.
      if (appended) {
        expect(log.logEndOffset).toBe(7n);
        await log.truncateTo(6n);
      }
      expect(log.logEndOffset).toBe(6n);
    }
  });

  test('is copied once, and the buffer is not kept', async () => {
    const { log } = await followerLog(0, 1_000_000);
    const bytes = Buffer.concat([leadersBatch(0n, ['a']), leadersBatch(1n, ['b'])]);
    log.appendAsFollower(bytes);
    bytes.fill(0);

    expect(await contentOf(log)).toEqual(['0:a', '1:b']);
  });
});

/** What may happen to a follower's log. */
type Step =
  | { act: 'fetch'; records: number[] }
  | { act: 'truncate' | 'start'; offset: number; wait: boolean }
  | { act: 'flush' | 'checkpoint' | 'restart' }
  | { act: 'crash'; mode: CrashMode };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant('fetch' as const),
      records: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('truncate' as const), offset: fc.nat(12), wait: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('start' as const), offset: fc.nat(60), wait: fc.constant(true) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constantFrom('flush' as const, 'checkpoint' as const, 'restart' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant('crash' as const), mode: fc.constantFrom<CrashMode>('strict', 'ordered', 'hostile') }),
  },
);

/** Plays a follower beside a list of histories: the newest one, and while truncations are on their way those that they replace. */
class Follower {
  readonly world: World;
  directory!: LogDirectory;
  log!: PartitionLog;
  #start = 0;
  /** Of each record its text and where its batch begins. */
  #records: { text: string; batch: number }[] = [];
  readonly #batches = new Map<string, number>();
  #older: { start: number; records: string[]; least: number }[] = [];
  #flushed = 0;
  #epoch = 0;
  #count = 0;

  constructor(seed: number) {
    const random = new SeededRandom(seed);
    let now = 0;
    // Syncs take a turn each, so that what is not waited for happens in between.
    const schedule = (_: number, callback: () => void) => void Promise.resolve(++now).then(callback);
    this.world = { ...startWorld(seed), clock: new ManualClock(), disk: new SimulatedDisk({ random, schedule }) };
  }

  async begin(): Promise<void> {
    await this.#open();
    this.log = await this.directory.createPartition('orders', 0, topicId, this.#config);
  }

  async play(one: Step): Promise<void> {
    if (one.act === 'fetch') this.#fetch(one.records);
    else if (one.act === 'truncate') await this.#truncate(one.offset, one.wait);
    else if (one.act === 'start') await this.#startAt(one.offset);
    else if (one.act === 'flush') await this.#flush();
    else if (one.act === 'checkpoint') await this.directory.checkpoint();
    else if (one.act === 'restart') await this.#restart();
    else if (one.act === 'crash') await this.crash(one.mode);
  }

  async crash(mode: CrashMode): Promise<void> {
    this.world.disk = this.world.disk.crash(mode);
    await this.#open();
    this.log = this.directory.partition('orders', 0)!;
    const found = await contentOf(this.log);
    const start = Number(this.log.logStartOffset);
    const newest = { start: this.#start, records: this.#texts, least: this.#flushed };
    const isOne = ({ start: first, records, least }: typeof newest) =>
      first === start &&
      found.length <= records.length &&
      start + found.length >= least &&
      found.every((text, index) => text === records[index]);
    expect([newest, ...this.#older].some(isOne) || this.#isNewStart(found, start)).toBe(true);
    this.#take(found, start);
  }

  #isNewStart(found: readonly string[], start: number): boolean {
    return found.length === 0 && this.#older.some((one) => one.least === 0) && start >= 0;
  }

  #take(found: readonly string[], start: number): void {
    this.#start = start;
    this.#records = found.map((text) => ({ text, batch: this.#batches.get(text)! }));
    this.#older = [];
    this.#flushed = start + found.length;
    this.#epoch++;
  }

  get #config() {
    return { ...defaultLogConfig, segmentBytes: 500, indexIntervalBytes: 100 };
  }

  get #texts(): string[] {
    return this.#records.map(({ text }) => text);
  }

  get #end(): number {
    return this.#start + this.#records.length;
  }

  async #open(): Promise<void> {
    this.directory = await openDirectory(this.world, { config: this.#config });
    expect(this.directory.failedPartitions()).toEqual([]);
  }

  #fetch(records: readonly number[]): void {
    const batches = records.map((count) => {
      const batch = this.#end;
      const texts = Array.from({ length: count }, () => `${this.#count++}`);
      for (const value of texts) {
        const text = `${this.#end}:${value}`;
        this.#records.push({ text, batch });
        this.#batches.set(text, batch);
      }
      return leadersBatch(BigInt(batch), texts, this.#epoch);
    });
    this.log.appendAsFollower(Buffer.concat(batches));
    expectSound(this.log, BigInt(this.#end));
  }

  async #truncate(back: number, wait: boolean): Promise<void> {
    const asked = Math.max(this.#start, this.#end - back);
    const end = this.#records[asked - this.#start]?.batch ?? asked;
    const flushed = Math.min(this.#flushed, end);
    this.#older = [...this.#older, { start: this.#start, records: this.#texts, least: flushed }].map((one) => ({
      ...one,
      least: Math.min(one.least, end),
    }));
    this.#flushed = flushed;
    this.#records.length = end - this.#start;
    this.#epoch++;
    const truncated = this.log.truncateTo(BigInt(asked));
    expectSound(this.log, BigInt(end));
    const older = this.#older;
    const done = truncated.then(() => {
      if (this.#older === older) this.#older = [];
    });
    if (wait) await done;
    else done.catch(() => {});
    expect(await contentOf(this.log)).toEqual(this.#texts);
  }

  async #startAt(offset: number): Promise<void> {
    this.#older = [...this.#older, { start: this.#start, records: this.#texts, least: 0 }].map((one) => ({ ...one, least: 0 }));
    this.#start = offset;
    this.#flushed = offset;
    this.#records = [];
    this.#epoch++;
    await this.log.truncateFullyAndStartAt(BigInt(offset));
    this.#older = [];
    expectSound(this.log, BigInt(offset));
  }

  async #flush(): Promise<void> {
    await this.log.flush();
    expect(this.log.flushedOffset).toBe(BigInt(this.#end));
    this.#flushed = this.#end;
    this.#older = [];
  }

  async #restart(): Promise<void> {
    await this.directory.close();
    await this.#open();
    this.log = this.directory.partition('orders', 0)!;
    expect(await contentOf(this.log)).toEqual(this.#texts);
    this.#flushed = this.#end;
    this.#older = [];
    await settled();
  }
}

test('P9, S1, S2: whatever a follower fetches and truncates, and whenever the power fails, its log is a beginning of one history', async () => {
  const play = async (steps: readonly Step[], seed: number) => {
    const follower = new Follower(seed);
    await follower.begin();
    for (const one of steps) await follower.play(one);
    await follower.crash('hostile');
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), play), { numRuns: 300 });
});
