import { describe, expect, test } from 'vitest';
import { NodeDisk, nodePlatform } from '#platform';
import { buildRecordBatch } from '#protocol';
import {
  checkMetaProperties,
  defaultLogConfig,
  LogDirectory,
  type PartitionLog,
  readMetaProperties,
  writeMetaProperties,
} from './index.ts';
import { batchOf, contentOf, createLog, openDirectory, settled, startWorld, textsOf, topicId, type World } from './testing.ts';

/** The log with nothing of it in memory. */
async function reopened(world: World, directory: LogDirectory): Promise<PartitionLog> {
  await directory.close();
  return (await openDirectory(world, { config: { indexIntervalBytes: 100 } })).partition('orders', 0)!;
}

const client = { leaderEpoch: 0, origin: 'client' } as const;

describe('a data directory', () => {
  test('is for one broker at a time', async () => {
    const world = startWorld();
    await openDirectory(world);

    await expect(openDirectory(world)).rejects.toThrow('The data directory /data is in use');
  });

  test('says whose it is, and a foreign cluster or broker is refused naming both', async () => {
    const world = startWorld();
    expect(readMetaProperties(world.disk, '/data')).toBeUndefined();
    const ours = { clusterId: 'oUohu7IoRUqt4XLMfOEuOw', nodeId: 3, directoryId: 'Lh1EJPLq8SPAIyW0Fezucg' };
    await writeMetaProperties(world.disk, '/data', ours);

    const found = readMetaProperties(world.disk, '/data')!;

    expect(found).toEqual(ours);
    expect(() => checkMetaProperties('/data', found, { clusterId: 'another', nodeId: 3 })).toThrow(
      '/data belongs to cluster oUohu7IoRUqt4XLMfOEuOw, not to cluster another',
    );
    expect(() => checkMetaProperties('/data', found, { nodeId: 4 })).toThrow('/data belongs to broker 3, not to broker 4');
  });

  test('KAFKA-10471: has no marker of a clean shutdown while it is open, and none after a crash', async () => {
    const world = startWorld();
    const { directory } = await createLog(world);
    await directory.close({ brokerEpoch: 42n });
    expect(world.disk.readFile('/data/.kafka_cleanshutdown').toString()).toBe('{"version":0,"brokerEpoch":42}');

    await openDirectory(world);
    world.disk = world.disk.crash('strict');

    expect((await openDirectory(world)).lastCleanShutdown).toBeUndefined();
  });

  test('what a killed process left in the page cache only, and the next one went by, survives a power cut (S9)', async () => {
    const world = startWorld();
    await openDirectory(world);
    // As a process leaves it that is killed while it makes a partition: nothing of it is synced.
    world.disk.makeDirectory('/data/orders-0');
    const file = world.disk.open('/data/orders-0/partition.metadata', 'create');
    file.write([Buffer.from(`version: 0\ntopic_id: ${topicId}`)], 0);
    world.disk = world.disk.restart();

    const log = (await openDirectory(world)).partition('orders', 0)!;
    log.append(batchOf(['a']), client);
    await log.flush();
    world.disk = world.disk.crash('strict');

    const again = await openDirectory(world);
    expect(again.failedPartitions()).toEqual([]);
    expect(await contentOf(again.partition('orders', 0)!)).toEqual(['0:a']);
  });

  test('a data directory that a killed process has just made is not lost with the power once the next one works in it (S9)', async () => {
    const world = startWorld();
    world.disk.makeDirectory('/data');
    world.disk = world.disk.restart();

    const directory = await openDirectory(world);
    await directory.createPartition('orders', 0, topicId);
    world.disk = world.disk.crash('strict');

    expect((await openDirectory(world)).partition('orders', 0)?.topicId).toBe(topicId);
  });

  test('a log that is deleted while its sync waits for its turn takes nothing down', async () => {
    const world = startWorld();
    const directory = await openDirectory(world, { parallelSyncs: 1 });
    const busy = await directory.createPartition('busy', 0, topicId);
    const doomed = await directory.createPartition('orders', 0, topicId);
    busy.append(batchOf(['a']), client);
    doomed.append(batchOf(['b']), client);
    const syncs = [busy.flush(), doomed.flush()];

    const deleted = directory.deletePartition('orders', 0);
    await Promise.allSettled([...syncs, deleted]);

    expect(directory.state).toBe('online');
    expect(busy.flushedOffset).toBe(1n);
  });

  test('a deleted partition is gone at once and for good, and its files go after a while, also after a restart', async () => {
    const world = startWorld();
    const { directory, log } = await createLog(world);
    log.append(batchOf(['a']), client);
    await log.flush();
    await directory.checkpoint();

    await directory.deletePartition('orders', 0);
    const log2 = await directory.createPartition('orders', 0, 'bmV3IG9yZGVycyB0b3BpYw');
    world.disk = world.disk.crash('strict');

    const again = await openDirectory(world);
    expect(again.failedPartitions()).toEqual([]);
    expect(log2.logEndOffset).toBe(0n);
    expect(again.partition('orders', 0)).toMatchObject({ topicId: 'bmV3IG9yZGVycyB0b3BpYw', logEndOffset: 0n });
    expect(world.disk.list('/data').filter((name) => name.endsWith('-delete'))).toHaveLength(1);
    await world.clock.advance(60_000);
    expect(world.disk.list('/data').filter((name) => name.endsWith('-delete'))).toEqual([]);
  });

  test('a partition that was not wholly made is removed at the next start', async () => {
    const world = startWorld();
    await (await openDirectory(world)).close();
    world.disk.makeDirectory('/data/orders-0');
    world.disk.open('/data/orders-0/partition.metadata', 'create').close();

    const directory = await openDirectory(world);

    expect(directory.partition('orders', 0)).toBeUndefined();
    await expect(directory.createPartition('orders', 0, topicId)).resolves.toMatchObject({ logEndOffset: 0n });
  });

  test('many partitions share rounds of syncing', async () => {
    const world = startWorld();
    const directory = await openDirectory(world);
    const logs = await Promise.all([0, 1, 2, 3, 4, 5].map((partition) => directory.createPartition('orders', partition, topicId)));
    let syncs = 0;
    const { open } = world.disk;
    for (const log of logs) log.append(batchOf(['a']), client);
    world.disk.open = (path, mode) => {
      syncs++;
      return open.call(world.disk, path, mode);
    };

    await Promise.all(logs.flatMap((log) => [log.flush(), log.flush(), log.flush()]));

    expect(logs.map((log) => log.flushedOffset)).toEqual([1n, 1n, 1n, 1n, 1n, 1n]);
    expect(syncs).toBe(0);
  });

  test('with flush=os nobody waits for the disk, and the log says so', async () => {
    const world = startWorld();
    const { log } = await createLog(world, { flush: 'os' });
    log.append(batchOf(['a']), client);

    await log.flush();

    expect([log.durability, log.flushedOffset, log.recoveryPoint]).toEqual(['os', 1n, 0n]);
  });
});

describe('retention', () => {
  test('S11: takes whole segments that are too old, none above the high watermark, and survives a crash', async () => {
    const world = startWorld();
    const { log } = await createLog(world, { segmentBytes: 200, retentionMs: 1000, fileDeleteDelayMs: 5000 });
    for (const text of ['a', 'b', 'c', 'd', 'e'])
      log.append(batchOf([text.repeat(60)]), { leaderEpoch: text === 'e' ? 1 : 0, origin: 'client' });
    await log.flush();
    await world.clock.advance(2000);
    expect(await log.applyRetention(world.clock.now())).toBe(0);

    log.highWatermark = 3n;
    expect(await log.applyRetention(world.clock.now())).toBe(3);

    expect(log.logStartOffset).toBe(3n);
    expect(log.epochEntries).toEqual([
      { epoch: 0, startOffset: 3n },
      { epoch: 1, startOffset: 4n },
    ]);
    expect(() => log.read(2n, 100, 5n)).toThrow(expect.objectContaining({ errorName: 'OFFSET_OUT_OF_RANGE' }));
    expect(world.disk.list('/data/orders-0')).toContain('00000000000000000000.log.deleted');
    await world.clock.advance(5000);
    expect(world.disk.list('/data/orders-0').filter((name) => name.endsWith('.deleted'))).toEqual([]);
    world.disk = world.disk.crash('hostile');
    const again = (await openDirectory(world)).partition('orders', 0)!;
    expect([again.logStartOffset, again.logEndOffset]).toEqual([3n, 5n]);
  });

  test('takes the active segment too when all of it is too old', async () => {
    const world = startWorld();
    const { log } = await createLog(world, { retentionMs: 1000 });
    log.append(batchOf(['a']), client);
    log.highWatermark = 1n;
    await world.clock.advance(2000);

    await log.applyRetention(world.clock.now());

    expect([log.logStartOffset, log.logEndOffset, log.size]).toEqual([1n, 1n, 0]);
    expect(log.append(batchOf(['b']), client).firstOffset).toBe(1n);
  });

  test('keeps to retention.bytes', async () => {
    const { log } = await createLog(startWorld(), { segmentBytes: 200, retentionBytes: 400, retentionMs: -1 });
    for (let i = 0; i < 10; i++) log.append(batchOf(['x'.repeat(60)]), client);
    log.highWatermark = 10n;

    await log.applyRetention(0);

    expect(log.size).toBeGreaterThanOrEqual(400);
    expect(log.size).toBeLessThan(600);
  });

  test('DeleteRecords is on disk when it is answered', async () => {
    const world = startWorld();
    const { log } = await createLog(world);
    for (const text of ['a', 'b', 'c']) log.append(batchOf([text]), client);
    await log.flush();
    await expect(log.incrementLogStartOffset(2n)).rejects.toMatchObject({ errorName: 'OFFSET_OUT_OF_RANGE' });
    log.highWatermark = 3n;

    await log.incrementLogStartOffset(2n);
    world.disk = world.disk.crash('strict');

    const again = (await openDirectory(world)).partition('orders', 0)!;
    expect([again.logStartOffset, again.logEndOffset]).toEqual([2n, 3n]);
    expect(await contentOf(again)).toEqual(['2:c']);
  });
});

describe('what a topic is configured to take', () => {
  test.each([
    { config: { maxMessageBytes: 100 }, texts: ['x'.repeat(200)], timestamp: 0, error: 'MESSAGE_TOO_LARGE' },
    { config: {}, texts: ['a'], timestamp: 1_700_000_000_000 + 3_600_001, error: 'INVALID_TIMESTAMP' },
    { config: { messageTimestampBeforeMaxMs: 1000 }, texts: ['a'], timestamp: 1_700_000_000_000 - 1001, error: 'INVALID_TIMESTAMP' },
    { config: { cleanupPolicy: ['compact' as const] }, texts: ['a'], timestamp: 0, error: 'INVALID_RECORD' },
    { config: { segmentBytes: 100 }, texts: ['x'.repeat(200)], timestamp: 0, error: 'RECORD_LIST_TOO_LARGE' },
  ])('$config refuses what is not so with $error', async ({ config, texts, timestamp, error }) => {
    const { log } = await createLog(startWorld(), config);

    expect(() => log.append(batchOf(texts, { timestamp }), client)).toThrow(expect.objectContaining({ errorName: error }));
    expect(log.logEndOffset).toBe(0n);
  });

  test('compression.type compresses anew, and LogAppendTime stamps', async () => {
    const world = startWorld();
    const { log } = await createLog(world, { compressionType: 'zstd', messageTimestampType: 'LogAppendTime' });

    const info = log.append(batchOf(['a', 'b'], { compression: 'gzip', producerId: 4n, producerEpoch: 1, baseSequence: 9 }), client);

    expect(info.logAppendTimeMs).toBe(world.clock.now());
    const bytes = await log.read(0n, 1000, 2n);
    expect(textsOf(bytes)).toEqual(['0:a', '1:b']);
    expect(bytes.readInt16BE(21) & 7).toBe(4);
    expect(log.activeProducers()).toMatchObject([{ producerId: 4n, producerEpoch: 1, lastTimestamp: BigInt(world.clock.now()) }]);
  });
});

describe('reading', () => {
  test.each(['cache', 'file'])('from the %s: whole batches, the first one beyond maxBytes, none that reaches upTo', async (from) => {
    const world = startWorld();
    const created = await createLog(world, { indexIntervalBytes: 100 });
    for (let i = 0; i < 30; i += 3) created.log.append(batchOf([`${i}`, `${i + 1}`, `${i + 2}`]), client);
    const log = from === 'cache' ? created.log : await reopened(world, created.directory);
    expect(log.read(0n, 1, 30n) instanceof Promise).toBe(from === 'file');
    const size = log.size / 10;

    expect(textsOf(await log.read(4n, 1, 30n))).toEqual(['3:3', '4:4', '5:5']);
    expect(await log.read(4n, 1, 30n, false)).toHaveLength(0);
    expect(textsOf(await log.read(4n, size * 2.5, 30n))).toHaveLength(6);
    expect(textsOf(await log.read(4n, 10_000, 8n))).toEqual(['3:3', '4:4', '5:5']);
    expect(await log.read(4n, 10_000, 5n)).toHaveLength(0);
    expect(textsOf(await log.read(27n, 10_000, 30n))).toEqual(['27:27', '28:28', '29:29']);
    expect(await log.read(30n, 10_000, 30n)).toHaveLength(0);
    expect(() => log.read(31n, 1, 30n)).toThrow(expect.objectContaining({ errorName: 'OFFSET_OUT_OF_RANGE' }));
  });

  test('a read that a truncation overtakes gives what is there after it', async () => {
    const world = startWorld();
    const created = await createLog(world);
    for (let i = 0; i < 10; i++) created.log.append(batchOf([`old ${i}`]), client);
    const log = await reopened(world, created.directory);

    const reading = log.read(4n, 10_000, 100n);
    const truncated = log.truncateTo(5n);
    log.append(batchOf(['new']), { leaderEpoch: 1, origin: 'client' });

    await truncated;
    expect(textsOf(await reading)).toEqual(['4:old 4']);
    expect(textsOf(await log.read(5n, 10_000, 100n))).toEqual(['5:new']);
  });

  test('a record is found by its timestamp within a batch', async () => {
    const { log } = await createLog(startWorld(), { segmentBytes: 400, indexIntervalBytes: 100 });
    for (let i = 0; i < 20; i++) {
      const records = [0, 1, 2].map((n) => ({ value: `${i}`, timestamp: 1000 + i * 30 + n * 10 }));
      log.append(buildRecordBatch({ records, compression: 'gzip' }), client);
    }

    for (const timestamp of [0n, 1000n, 1001n, 1010n, 1234n, 1590n]) {
      const expected = timestamp < 1000n ? 0n : (timestamp - 1000n + 9n) / 10n;
      expect(await log.offsetForTimestamp(timestamp)).toEqual({ offset: expected, timestamp: 1000n + expected * 10n, leaderEpoch: 0 });
    }
    expect(await log.offsetForTimestamp(1591n)).toBeUndefined();
  });
});

test('a follower takes what its leader has, with its offsets and epochs, over many segments', async () => {
  const leader = (await createLog(startWorld(), { segmentBytes: 400 })).log;
  for (let i = 0; i < 20; i++) leader.append(batchOf([`${i}`]), { leaderEpoch: i >> 2, origin: 'client' });
  const world = startWorld();
  const { log: follower } = await createLog(world, { segmentBytes: 300 });

  while (follower.logEndOffset < 20n) follower.appendAsFollower(await leader.read(follower.logEndOffset, 1000, 20n));
  await follower.flush();

  expect(await contentOf(follower)).toEqual(await contentOf(leader));
  expect(follower.epochEntries).toEqual(leader.epochEntries);
  expect(follower.endOffsetForEpoch(2)).toEqual({ leaderEpoch: 2, endOffset: 12n });
  expect(() => follower.appendAsFollower(batchOf(['x'], { baseOffset: 25n, leaderEpoch: 9 }))).toThrow('base offset 25 where 20 is due');
  await follower.truncateFullyAndStartAt(100n);
  expect(follower.appendAsFollower(batchOf(['y'], { baseOffset: 100n, leaderEpoch: 9 }))).toMatchObject({
    firstOffset: 100n,
    lastOffset: 100n,
  });
  await follower.flush();
  world.disk = world.disk.crash('hostile');
  expect(await contentOf((await openDirectory(world)).partition('orders', 0)!)).toEqual(['100:y']);
  await settled();
});

test('the same on a real disk', async () => {
  const disk = new NodeDisk();
  const path = `/tmp/kafka-lite-storage-test-${process.pid}`;
  try {
    const first = await LogDirectory.open({ platform: nodePlatform(), path });
    await expect(LogDirectory.open({ platform: nodePlatform(), path })).rejects.toThrow(path);
    const log = await first.createPartition('orders', 0, topicId, { ...defaultLogConfig, segmentBytes: 5000 });
    for (let i = 0; i < 100; i++) log.append(batchOf([`${i}`.repeat(20)]), client);
    await log.flush();
    const content = await contentOf(log);
    first.halt();

    const second = await LogDirectory.open({ platform: nodePlatform(), path });
    expect(await contentOf(second.partition('orders', 0)!)).toEqual(content);
    await second.close({ brokerEpoch: 1n });

    const third = await LogDirectory.open({ platform: nodePlatform(), path });
    expect(third.lastCleanShutdown).toEqual({ brokerEpoch: 1n });
    expect(await contentOf(third.partition('orders', 0)!)).toEqual(content);
    await third.close();
  } finally {
    disk.removeDirectory(path);
  }
});
