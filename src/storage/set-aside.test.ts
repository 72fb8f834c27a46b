import { describe, expect, test } from 'vitest';
import { defaultLogConfig, type LogDirectory } from './index.ts';
import { batchOf, contentOf, openDirectory, startWorld, topicId, type World } from './testing.ts';

const file = '/data/orders-0/00000000000000000000.log';
const client = { leaderEpoch: 0, origin: 'client' } as const;

/** orders-0 and bills-0 with three flushed records each; then the process is killed, and the last batch of orders-0 rots. */
async function damagedWorld(): Promise<World> {
  const world = startWorld();
  const directory = await openDirectory(world);
  for (const topic of ['orders', 'bills']) {
    const log = await directory.createPartition(topic, 0, topicId);
    for (const text of ['a', 'b', 'c']) log.append(batchOf([text]), client);
    log.highWatermark = 3n;
    await log.flush();
  }
  await directory.checkpoint();
  world.disk = world.disk.restart();
  world.disk.flipBit(file, world.disk.stat(file)!.size - 1);
  return world;
}

async function strays(world: World): Promise<string[]> {
  await world.clock.advance(1);
  return world.disk.list('/data').filter((name) => name.endsWith('-stray'));
}

async function expectEmptyLog(directory: LogDirectory): Promise<void> {
  const log = await directory.createPartition('orders', 0, topicId);
  expect(log).toMatchObject({ logStartOffset: 0n, logEndOffset: 0n, highWatermark: 0n });
}

describe('a damaged partition', () => {
  test('S4: is refused at every start, not only at the first one', async () => {
    const world = await damagedWorld();
    for (let start = 0; start < 3; start++) {
      const directory = await openDirectory(world);
      expect(directory.failedPartitions()[0]?.failure.message).toContain('below offset 3 up to which it was on disk');
      expect(directory.partition('bills', 0)?.logEndOffset).toBe(3n);
      await directory.checkpoint();
      world.disk = world.disk.restart();
    }
  });

  test('that is set aside makes room for an empty log, keeps its files, and is not loaded any more', async () => {
    const world = await damagedWorld();
    const directory = await openDirectory(world);
    const before = world.disk.readFile(file);

    const path = await directory.setAside('orders', 0);

    expect(path).toMatch(/^\/data\/orders-0\.[0-9a-f]{8}-stray$/);
    expect(directory.failedPartitions()).toEqual([]);
    expect(world.disk.readFile(`${path}/00000000000000000000.log`)).toEqual(before);
    await expectEmptyLog(directory);
    await directory.close();
    const again = await openDirectory(world);
    expect(again.failedPartitions()).toEqual([]);
    expect(again.lastCleanShutdown).toBeDefined();
    expect(again.partitions().map(({ name }) => name)).toEqual(['bills-0', 'orders-0']);
    expect(await strays(world)).toHaveLength(1);
  });

  test('S9: that was set aside does not come back with a power cut, nor do its offsets', async () => {
    const world = await damagedWorld();
    const directory = await openDirectory(world);
    await directory.setAside('orders', 0);
    world.disk = world.disk.crash('strict');
    const second = await openDirectory(world);
    expect(second.failedPartitions()).toEqual([]);
    expect(second.partition('orders', 0)).toBeUndefined();

    const log = await second.createPartition('orders', 0, topicId);
    log.append(batchOf(['new']), client);
    await log.flush();
    world.disk = world.disk.crash('strict');

    const third = await openDirectory(world);
    expect(third.failedPartitions()).toEqual([]);
    expect(await contentOf(third.partition('orders', 0)!)).toEqual(['0:new']);
    expect(third.partition('orders', 0)?.highWatermark).toBe(0n);
  });

  test('and an empty log in its place does not get its recovery point, when it was the only one there is', async () => {
    const world = await damagedWorld();
    world.disk.removeDirectory('/data/bills-0');
    const directory = await openDirectory(world);
    await directory.setAside('orders', 0);
    await expectEmptyLog(directory);
    world.disk = world.disk.crash('strict');

    expect((await openDirectory(world)).failedPartitions()).toEqual([]);
  });

  test('whose damage was found while it was in use is set aside too', async () => {
    const world = await damagedWorld();
    world.disk.flipBit(file, world.disk.stat(file)!.size - 1);
    const directory = await openDirectory(world);
    const log = directory.partition('orders', 0)!;
    world.disk.flipBit(file, 80);
    const flushed = log.flush();
    await expect(log.read(0n, 1000, 3n)).rejects.toThrow('damaged');

    await directory.setAside('orders', 0);

    await flushed;
    expect(directory.partition('orders', 0)).toBeUndefined();
    await expectEmptyLog(directory);
    expect(directory.state).toBe('online');
  });

  test('is kept once: one that was set aside before goes, and all go with the partition', async () => {
    const world = await damagedWorld();
    const directory = await openDirectory(world);
    await directory.setAside('orders', 0);
    const log = await directory.createPartition('orders', 0, topicId, { ...defaultLogConfig, segmentBytes: 200 });
    for (const text of ['a', 'b', 'c']) log.append(batchOf([text.repeat(80)]), client);
    await log.flush();
    world.disk.makeDirectory('/data/more.orders-0.00000000-stray');
    await directory.close();
    world.disk.flipBit(file, 80);
    const second = await openDirectory(world);
    const again = second.partition('orders', 0)!;
    await expect(again.read(0n, 1000, 3n)).rejects.toThrow('damaged');

    const path = await second.setAside('orders', 0);

    expect(await strays(world)).toEqual(['more.orders-0.00000000-stray', path.slice('/data/'.length)]);
    await second.deletePartition('orders', 0);
    expect(await strays(world)).toEqual(['more.orders-0.00000000-stray']);
  });

  test('of a sound log there is no setting aside', async () => {
    const world = await damagedWorld();
    const directory = await openDirectory(world);

    await expect(directory.setAside('bills', 0)).rejects.toThrow('not known to be damaged');

    expect(directory.partition('bills', 0)?.logEndOffset).toBe(3n);
  });
});

test('S5: an old file that cannot be removed takes the directory offline, not the process', async () => {
  const world = startWorld();
  const directory = await openDirectory(world);
  const log = await directory.createPartition('orders', 0, topicId, { ...defaultLogConfig, segmentBytes: 200, retentionBytes: 0 });
  for (const text of ['a', 'b', 'c']) log.append(batchOf([text.repeat(80)]), client);
  log.highWatermark = 3n;
  await directory.applyRetention();
  world.disk.failNext('remove', 'EIO', { path: '.deleted' });

  await world.clock.advance(60_000);

  expect(directory.state).toBe('offline');
});
