import { describe, expect, test } from 'vitest';
import { buildEndTransactionMarker, buildRecordBatch, type RecordInput } from '#protocol';
import { defaultLogConfig, type LogConfig, type LogDirectory, type PartitionLog } from '../index.ts';
import { createLog, openDirectory, settled, startWorld, textsOf, topicId, type World } from '../testing.ts';
import { batchesOf, committedRecords, compacted, tableOf } from './testing.ts';

const client = { leaderEpoch: 0, origin: 'client' } as const;
const put = (key: string, value: string): RecordInput => ({ key, value });
/** Bytes of a record, so that a segment is soon full. */
const filling = 'x'.repeat(100);

interface Dirty {
  world: World;
  directory: LogDirectory;
  log: PartitionLog;
}

/** A log of 40 records of four keys in several segments, all committed and on disk. */
async function dirtyLog(config: Partial<LogConfig> = {}, options: Parameters<typeof createLog>[2] = {}): Promise<Dirty> {
  const world = startWorld();
  const { directory, log } = await createLog(world, { ...compacted, ...config }, options);
  for (let i = 0; i < 40; i++) write(log, [put(`key ${i % 4}`, `${i} ${filling}`)]);
  await commit(log);
  return { world, directory, log };
}

function write(log: PartitionLog, records: readonly RecordInput[]): void {
  log.append(buildRecordBatch({ records, timestamp: 1_700_000_000_000 }), client);
}

async function commit(log: PartitionLog): Promise<void> {
  log.roll();
  await log.flush();
  log.highWatermark = log.logEndOffset;
}

const newest = new Map([36, 37, 38, 39].map((i) => [`key ${i % 4}`, `${i} ${filling}`]));

function leftovers({ disk }: World): string[] {
  return disk.list('/data/orders-0').filter((name) => name.endsWith('.cleaned') || name.endsWith('.swap'));
}

/** Lets a cleaning go on for so many of its steps. */
async function steps(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

describe('a reader', () => {
  test('that is reading a segment when it is replaced reads on', async () => {
    for (let after = 0; after < 260; after++) {
      const { log, directory } = await dirtyLog({}, { tailCacheBytes: 5000 });
      const cleaning = directory.clean();
      await steps(after);
      const reading = batchesOf(log);
      await cleaning;
      expect(tableOf((await reading).flatMap((batch) => [...batch.records()]))).toEqual(newest);
    }
  });

  test('is not given from memory what was cleaned away: of aborted records nobody tells any more', async () => {
    const world = startWorld();
    const { directory, log } = await createLog(world, compacted);
    const producer = { producerId: 7n, producerEpoch: 0, isTransactional: true };
    log.append(buildRecordBatch({ records: [put('a', 'aborted')], timestamp: 1, baseSequence: 0, ...producer }), client);
    log.append(buildEndTransactionMarker({ type: 'ABORT', coordinatorEpoch: 1, timestamp: 1, ...producer }), {
      leaderEpoch: 0,
      origin: 'coordinator',
    });
    write(log, [put('a', 'kept')]);
    log.append(buildRecordBatch({ records: [put('b', 'kept')], timestamp: 1, baseSequence: 1, ...producer }), client);
    log.append(buildEndTransactionMarker({ type: 'COMMIT', coordinatorEpoch: 1, timestamp: 1, ...producer }), {
      leaderEpoch: 0,
      origin: 'coordinator',
    });
    await commit(log);
    write(log, [put('c', 'in the active segment')]);

    for (let i = 0; i < 2; i++) {
      await directory.clean();
      write(log, [put('c', `in the active segment ${i}`)]);
      await commit(log);
    }
    await directory.clean();

    expect(log.abortedTransactions(0n, log.logEndOffset)).toEqual([]);
    expect(tableOf(await committedRecords(log))).toEqual(
      new Map([
        ['a', 'kept'],
        ['b', 'kept'],
        ['c', 'in the active segment 1'],
      ]),
    );
  });

  test('finds records by time where some are gone', async () => {
    const world = startWorld();
    const { directory, log } = await createLog(world, compacted);
    for (let i = 1; i <= 40; i++) {
      log.append(buildRecordBatch({ records: [put(i % 10 === 0 ? 'rare' : 'often', `${i}`)], timestamp: i * 10 }), client);
    }
    await commit(log);
    await directory.clean();

    expect(await log.offsetForTimestamp(5n)).toMatchObject({ offset: 38n, timestamp: 390n });
    expect(await log.offsetForTimestamp(395n)).toMatchObject({ offset: 39n, timestamp: 400n });
    expect(await log.offsetOfMaxTimestamp()).toMatchObject({ offset: 39n, timestamp: 400n });
  });
});

describe('a cleaning that meets', () => {
  test('a truncation above what is committed changes nothing about it', async () => {
    for (let after = 0; after < 260; after += 3) {
      const { log, directory } = await dirtyLog();
      write(log, [put('key 0', 'not committed')]);
      const cleaning = directory.clean();
      await steps(after);
      await log.truncateTo(40n);
      await cleaning;
      expect(tableOf((await batchesOf(log)).flatMap((batch) => [...batch.records()]))).toEqual(newest);
    }
  });

  test('a truncation of what it cleans is given up, or makes it wait while a copy takes its place', async () => {
    let refused = 0;
    for (let after = 0; after < 300; after += 3) {
      const { world, log, directory } = await dirtyLog();
      const cleaning = directory.clean();
      await steps(after);
      const truncate = async () => log.truncateTo(10n);
      await truncate().catch(async (error: unknown) => {
        expect(String(error)).toContain('while a cleaned segment takes its place');
        refused++;
        await cleaning;
        await truncate();
      });
      await cleaning;
      expect(log.logEndOffset).toBe(10n);
      expect(log.compaction.cleanedOffset).toBeLessThanOrEqual(10n);
      expect(leftovers(world)).toEqual([]);
      for (const key of ['a', 'b', 'a']) write(log, [put(key, filling)]);
      await commit(log);
      await directory.close();
      const again = await openDirectory(world, { configFor: () => compacted });
      expect(again.failedPartitions()).toEqual([]);
      expect(again.partition('orders', 0)!.logEndOffset).toBe(13n);
    }
    expect(refused).toBeGreaterThan(0);
  });

  test('retention leaves only what retention leaves', async () => {
    for (let after = 0; after < 260; after += 3) {
      const { log, directory } = await dirtyLog({ cleanupPolicy: ['compact', 'delete'], retentionBytes: 1500, retentionMs: -1 });
      const cleaning = directory.clean();
      await steps(after);
      await directory.applyRetention();
      await cleaning;
      await directory.clean();
      expect(tableOf((await batchesOf(log)).flatMap((batch) => [...batch.records()]))).toEqual(newest);
      expect(log.logStartOffset).toBeLessThanOrEqual(36n);
    }
  });

  test('the end of the partition or of the broker stops', async () => {
    for (let after = 0; after < 260; after += 2) {
      const { world, directory } = await dirtyLog();
      const cleaning = directory.clean();
      await steps(after);
      if (after % 4 === 0) {
        await directory.deletePartition('orders', 0);
        const anew = await directory.createPartition('orders', 0, `${topicId.slice(0, -1)}A`, compacted);
        await cleaning;
        expect(anew.segmentOffsets).toEqual([0n]);
        expect(anew.compaction.cleanedOffset).toBe(0n);
      } else {
        await directory.close();
        await cleaning;
        const again = await openDirectory(world, { configFor: () => compacted });
        expect(again.lastCleanShutdown).toBeDefined();
        expect(leftovers(world)).toEqual([]);
        expect(tableOf((await batchesOf(again.partition('orders', 0)!)).flatMap((batch) => [...batch.records()]))).toEqual(newest);
      }
      expect(directory.state === 'offline').toBe(after % 4 !== 0);
    }
  });

  test('a full disk leaves everything as it is, and is done when there is room', async () => {
    const { world, log, directory } = await dirtyLog();
    const before = log.segmentOffsets;
    world.disk.setFreeBytes(200);

    await directory.clean();
    expect(log.segmentOffsets).toEqual(before);
    expect(leftovers(world)).toEqual([]);
    expect(directory.state).toBe('online');

    world.disk.setFreeBytes(undefined);
    await directory.clean();
    expect(log.segmentOffsets.length).toBeLessThan(before.length);
  });

  test('a damaged batch fails the log, and copies nothing of it', async () => {
    const { world, log, directory } = await dirtyLog();
    world.disk.flipBit('/data/orders-0/00000000000000000000.log', 100);

    await directory.clean();

    expect(log.failure?.message).toContain('whose CRC does not match');
    expect(leftovers(world)).toEqual([]);
  });

  test('a failing disk takes the directory offline', async () => {
    const { world, directory } = await dirtyLog();
    world.disk.failNext('sync', 'EIO', { path: /cleaned$/ });

    await directory.clean();

    expect(directory.state).toBe('offline');
  });
});

describe('a log with gaps', () => {
  /** What a follower is sent by a leader whose log was cleaned. */
  async function fetched(): Promise<{ sent: Buffer; end: bigint }> {
    const { log, directory } = await dirtyLog();
    await directory.clean();
    write(log, [put('key 0', 'last')]);
    return { sent: Buffer.concat((await batchesOf(log)).map(({ buffer }) => buffer)), end: log.logEndOffset };
  }

  test('is taken over by a follower, and known as such by a start that does not know how the topic is configured', async () => {
    const { sent, end } = await fetched();
    const world = startWorld();
    const { directory, log } = await createLog(world, { ...compacted, segmentBytes: 300 });

    log.appendAsFollower(sent);
    await log.flush();
    expect(log.logEndOffset).toBe(end);
    world.disk = world.disk.crash('strict');
    directory.halt();
    const again = await openDirectory(world, { configFor: () => defaultLogConfig });

    expect(again.failedPartitions()).toEqual([]);
    expect(tableOf((await batchesOf(again.partition('orders', 0)!)).flatMap((batch) => [...batch.records()]))).toEqual(
      new Map([...newest, ['key 0', 'last']]),
    );
  });

  test('is not taken over where the topic is not compacted', async () => {
    const { sent } = await fetched();
    const { log } = await createLog(startWorld(), { ...compacted, cleanupPolicy: ['delete'] });

    expect(() => log.appendAsFollower(sent)).toThrow(/where 0 is due/);
    log.updateConfig(compacted);
    await settled();
    log.appendAsFollower(sent);
    expect(log.logEndOffset).toBe(41n);
  });

  test('S1: whose segment has lost its unsynced end loses all that follows', async () => {
    const world = startWorld();
    const { log } = await createLog(world, compacted);
    write(log, [put('a', filling)]);
    await log.flush();
    for (let i = 0; i < 10; i++) write(log, [put('a', filling)]);
    const [, second] = log.segmentOffsets;
    world.disk.open('/data/orders-0/00000000000000000000.log', 'write').truncate(log.compaction.segments[0]!.size / Number(second));

    world.disk = world.disk.restart();
    const again = await openDirectory(world, { configFor: () => compacted });

    expect(again.failedPartitions()).toEqual([]);
    expect(again.partition('orders', 0)!.logEndOffset).toBe(1n);
  });

  test('tells no leader epoch too late: what another replica has of an older epoch in a gap is not taken for the same', async () => {
    const { log } = await createLog(startWorld(), compacted);
    const batch = (baseOffset: bigint, leaderEpoch: number) =>
      buildRecordBatch({ records: [put('a', filling)], baseOffset, leaderEpoch, timestamp: 1 });

    log.appendAsFollower(Buffer.concat([batch(0n, 1), batch(20n, 5)]));

    expect(log.endOffsetForEpoch(1)).toEqual({ leaderEpoch: 1, endOffset: 1n });
    expect(log.epochOf(20n)).toBe(5);
  });

  test('goes on behind its gap in a segment that begins where the log ended, so that a start sees whether something was lost', async () => {
    const world = startWorld();
    const { directory, log } = await createLog(world, { ...compacted, segmentBytes: 200 });
    const batch = (baseOffset: bigint) => buildRecordBatch({ records: [put('a', filling)], baseOffset, leaderEpoch: 0, timestamp: 1 });

    for (const offset of [3n, 10n, 20n]) log.appendAsFollower(batch(offset));

    expect(log.segmentOffsets).toEqual([0n, 4n, 11n]);
    expect(textsOf(await log.read(5n, 100, 21n))).toEqual([`10:${filling}`]);
    await log.flush();
    directory.halt();
    const again = await openDirectory(world, { configFor: () => compacted });
    expect(again.partition('orders', 0)!.logEndOffset).toBe(21n);
  });

  test('is found by retention and deletions as any other', async () => {
    const { log, directory } = await dirtyLog({ cleanupPolicy: ['compact', 'delete'], retentionBytes: -1, retentionMs: -1 });
    await directory.clean();

    await log.incrementLogStartOffset(38n);
    expect((await batchesOf(log)).map(({ baseOffset }) => baseOffset)).toEqual([38n, 39n]);
    await directory.clean();
    expect((await batchesOf(log)).map(({ baseOffset }) => baseOffset)).toEqual([38n, 39n]);
  });
});
