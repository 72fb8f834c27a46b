import { describe, expect, test } from 'vitest';
import { silentLogger } from '#platform';
import { batchesIn } from '#protocol';
import { DamagedLogError, NoSpaceError } from './index.ts';
import { batchOf, contentOf, createLog, openDirectory, startWorld, type World } from './testing.ts';

const file = '/data/orders-0/00000000000000000000.log';

/** A log of eight batches of a record each, the first `flushed` of them flushed one by one, then the process is killed. */
async function killedLog({ batches = 8, checkpoint = false, segmentBytes = 1_000_000 } = {}): Promise<World> {
  const world = startWorld();
  const { directory, log } = await createLog(world, { segmentBytes });
  for (let i = 0; i < batches; i++) {
    log.append(batchOf([`record ${i} ${'abcdefgh'.repeat(8)}`]), { leaderEpoch: 0, origin: 'client' });
    await log.flush();
  }
  if (checkpoint) await directory.checkpoint();
  world.disk = world.disk.restart();
  return world;
}

/** Where the n-th batch of the first segment begins. */
function positionOf(world: World, n: number): number {
  return [...batchesIn(world.disk.readFile(file))].slice(0, n).reduce((bytes, batch) => bytes + batch.sizeInBytes, 0);
}

describe('S3, S4: damage is told from a torn tail', () => {
  test.each([
    { bit: 'the base offset', at: 6 },
    { bit: 'the length', at: 10 },
    { bit: 'the leader epoch', at: 14 },
    { bit: 'the magic', at: 16 },
    { bit: 'the checksum', at: 18 },
    { bit: 'a record', at: 90 },
  ])('a flipped bit in $bit of a batch with sound ones behind it is refused by name, and nothing is changed', async ({ at }) => {
    const world = await killedLog();
    world.disk.flipBit(file, positionOf(world, 3) + at);
    const before = world.disk.readFile(file);

    const directory = await openDirectory(world);

    expect(directory.partition('orders', 0)).toBeUndefined();
    const [failed] = directory.failedPartitions();
    expect(failed?.failure).toBeInstanceOf(DamagedLogError);
    // A leader epoch is known to be wrong by the one after it.
    expect(failed?.failure.message).toMatch(/00000000000000000000.log is damaged at offset [34]/);
    expect(world.disk.readFile(file)).toEqual(before);
    await directory.close();
    const again = await openDirectory(world);
    expect(again.lastCleanShutdown).toBeUndefined();
    expect(again.failedPartitions()).toHaveLength(1);
  });

  test('the last batch, damaged below the recovery point, is refused', async () => {
    const world = await killedLog({ checkpoint: true });
    world.disk.flipBit(file, positionOf(world, 7) + 90);

    const directory = await openDirectory(world);

    expect(directory.failedPartitions()[0]?.failure.message).toContain('below offset 8 up to which it was on disk');
  });

  test('of a strict log the last flushed batch, damaged, is refused without any checkpoint in between', async () => {
    const world = startWorld();
    const directory = await openDirectory(world);
    const log = await directory.createPartition('__cluster_metadata', 0, 'AAAAAAAAAAAAAAAAAAAAAQ');
    for (const text of ['a', 'b', 'c']) log.append(batchOf([text]), { leaderEpoch: 0, origin: 'raft-leader' });
    await log.flush();
    world.disk = world.disk.crash('strict');
    const path = '/data/__cluster_metadata-0/00000000000000000000.log';
    world.disk.flipBit(path, world.disk.stat(path)!.size - 3);

    const again = await openDirectory(world);

    expect(again.failedPartitions()[0]?.failure.message).toContain('below offset 3 up to which it was on disk');
  });

  test('a log that was cut below its recovery point is refused', async () => {
    const world = await killedLog({ checkpoint: true });
    const handle = world.disk.open(file, 'write');
    handle.truncate(positionOf(world, 5));

    const directory = await openDirectory(world);

    expect(directory.failedPartitions()[0]?.failure.message).toContain('the log ends here, but was on disk up to offset 8');
  });

  test('a segment that is missing between others is refused', async () => {
    const world = await killedLog({ checkpoint: true, segmentBytes: 300 });
    world.disk.remove('/data/orders-0/00000000000000000002.log');

    const directory = await openDirectory(world);

    expect(directory.failedPartitions()[0]?.failure.message).toContain('offsets 2 to 3 are missing');
  });

  test('a torn tail is cut: half a batch, and zeros', async () => {
    const world = await killedLog();
    const handle = world.disk.open(file, 'write');
    const end = handle.size;
    handle.write([world.disk.readFile(file).subarray(0, 70), Buffer.alloc(5000)], end);

    const directory = await openDirectory(world);

    const log = directory.partition('orders', 0)!;
    expect(log.logEndOffset).toBe(8n);
    expect(world.disk.stat(file)?.size).toBe(end);
  });

  test('damage that comes while the log is in use is found before a reader gets it', async () => {
    const world = await killedLog();
    const directory = await openDirectory(world);
    const log = directory.partition('orders', 0)!;
    world.disk.flipBit(file, positionOf(world, 3) + 90);

    expect(await log.read(0n, 300, 8n)).toHaveLength(positionOf(world, 2));
    await expect(log.read(3n, 1000, 8n)).rejects.toThrow(`${file} is damaged at offset 3`);

    expect(log.failure).toBeInstanceOf(DamagedLogError);
    expect(() => log.append(batchOf(['x']), { leaderEpoch: 0, origin: 'client' })).toThrow('damaged');
  });

  test('S13: a sound batch in the wrong place is found', async () => {
    const world = await killedLog();
    const batch = world.disk.readFile(file).subarray(positionOf(world, 1), positionOf(world, 2));
    world.disk.open(file, 'write').write([Buffer.from(batch)], positionOf(world, 4));

    const directory = await openDirectory(world);

    expect(directory.failedPartitions()[0]?.failure.message).toContain('base offset 1 where 4 is due');
  });

  test.each([
    '.index',
    '.timeindex',
    '.snapshot',
    'leader-epoch-checkpoint',
    'recovery-point-offset-checkpoint',
  ])('S8: garbage in %s is not believed', async (name) => {
    const world = startWorld();
    const { directory, log } = await createLog(world, { segmentBytes: 600, indexIntervalBytes: 50 });
    for (let i = 0; i < 20; i++)
      log.append(batchOf([`record ${i}`], { producerId: 5n, producerEpoch: 0, baseSequence: i }), {
        leaderEpoch: i >> 3,
        origin: 'client',
      });
    const content = await contentOf(log);
    await directory.close();
    for (const parent of ['/data', '/data/orders-0']) {
      for (const one of world.disk.list(parent))
        if (one.endsWith(name)) await world.disk.replace(`${parent}/${one}`, Buffer.from('\u0007garbage of some length'));
    }

    const again = (await openDirectory(world)).partition('orders', 0)!;

    expect(await contentOf(again)).toEqual(content);
    expect(again.epochEntries).toEqual([0, 1, 2].map((epoch) => ({ epoch, startOffset: BigInt(epoch * 8) })));
    expect(again.activeProducers()[0]?.batches.map((batch) => batch.lastSequence)).toEqual([15, 16, 17, 18, 19]);
    expect((await again.offsetOfMaxTimestamp())?.offset).toBe(0n);
  });
});

describe('a disk that fails', () => {
  test.each(['EIO', 'ENOSPC'])('S5: after a sync failed with %s the directory is offline and nothing is tried again', async (code) => {
    const world = startWorld();
    const { directory, log } = await createLog(world);
    const reasons: string[] = [];
    directory.onOffline((error) => reasons.push(error.errorName));
    log.append(batchOf(['a']), { leaderEpoch: 0, origin: 'client' });
    world.disk.failNext('sync', code, { path: '.log' });

    await expect(Promise.all([log.flush(), log.flush()])).rejects.toMatchObject({ errorName: 'KAFKA_STORAGE_ERROR' });

    expect(directory.state).toBe('offline');
    expect(reasons).toEqual(['KAFKA_STORAGE_ERROR']);
    await expect(log.flush()).rejects.toMatchObject({ errorName: 'KAFKA_STORAGE_ERROR' });
    expect(() => log.append(batchOf(['b']), { leaderEpoch: 0, origin: 'client' })).toThrow('offline');
    expect(log.flushedOffset).toBe(0n);
    await directory.close();
    expect(world.disk.stat('/data/.kafka_cleanshutdown')).toBeUndefined();
  });

  test('a write that fails takes the directory offline', async () => {
    const world = startWorld();
    const { directory, log } = await createLog(world);
    world.disk.failNext('write', 'EIO');

    expect(() => log.append(batchOf(['a']), { leaderEpoch: 0, origin: 'client' })).toThrow('offline');

    expect(directory.state).toBe('offline');
    expect(log.logEndOffset).toBe(0n);
  });

  test('S6: a full disk refuses appends with a retriable error, serves reads, and takes appends again when there is room', async () => {
    const world = startWorld();
    const warnings: string[] = [];
    world.log = { ...silentLogger, child: () => world.log, warn: (_, message) => warnings.push(message) };
    const { directory, log } = await createLog(world);
    const append = (text: string) => log.append(batchOf([text]), { leaderEpoch: 0, origin: 'client' });
    append('a');
    await log.flush();
    world.disk.setCapacity(world.disk.stat(file)!.size + 100);

    const big = 'x'.repeat(5000);
    expect(() => append(big)).toThrow(NoSpaceError);
    expect(() => append(big)).toThrow(expect.objectContaining({ errorName: 'KAFKA_STORAGE_ERROR' }));
    expect(await contentOf(log)).toEqual(['0:a']);
    expect(directory.state).toBe('online');
    expect(warnings).toEqual(['the disk is full: nothing can be written until there is room; reads go on']);
    world.disk.setCapacity(undefined);
    append('b');
    await log.flush();

    world.disk = world.disk.crash('strict');
    const again = (await openDirectory(world)).partition('orders', 0)!;
    expect(await contentOf(again)).toEqual(['0:a', '1:b']);
  });

  test('a full disk is no reason not to start, to read, and to go on when there is room', async () => {
    const world = startWorld();
    const { log } = await createLog(world, { segmentBytes: 200 });
    for (const text of ['a', 'b', 'c']) log.append(batchOf([text.repeat(60)]), { leaderEpoch: 0, origin: 'client' });
    await log.flush();
    world.disk = world.disk.crash('strict');
    world.disk.setCapacity(10);

    const again = (await openDirectory(world)).partition('orders', 0)!;

    expect(await contentOf(again)).toHaveLength(3);
    expect(() => again.append(batchOf(['d']), { leaderEpoch: 0, origin: 'client' })).toThrow(NoSpaceError);
    world.disk.setCapacity(undefined);
    expect(again.append(batchOf(['d']), { leaderEpoch: 0, origin: 'client' }).firstOffset).toBe(3n);
  });

  test('a file that cannot be read fails its partition by name, at a start and later', async () => {
    const world = await killedLog();
    const directory = await openDirectory(world);
    world.disk.failNext('read', 'EIO', { path: '.log' });

    await expect((async () => directory.partition('orders', 0)!.read(0n, 100, 8n))()).rejects.toThrow(`${file} cannot be read`);

    expect(directory.partition('orders', 0)!.failure?.message).toContain('cannot be read');
    world.disk = world.disk.restart();
    world.disk.failNext('read', 'EIO', { path: '.log' });
    expect((await openDirectory(world)).failedPartitions()[0]?.failure.message).toContain(`${file} cannot be used`);
  });
});
