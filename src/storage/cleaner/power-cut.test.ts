import { expect, test } from 'vitest';
import { buildRecordBatch } from '#protocol';
import { createLog, openDirectory, startWorld, type World } from '../testing.ts';
import { batchesOf, compacted, tableOf } from './testing.ts';

const filling = 'x'.repeat(100);
const due = new Map([
  ['a', `10 ${filling}`],
  ['b', `11 ${filling}`],
  ['rare', `0 ${filling}`],
]);

/** Twelve records in six segments, of which several become one; most of them of two keys, and two of a key that was deleted. */
async function dirtyWorld(seed: number): Promise<{ world: World; clean: () => Promise<void> }> {
  const world = startWorld(seed);
  const { directory, log } = await createLog(world, compacted);
  const keys = ['rare', 'gone', 'a', 'b', 'a', 'b', 'gone', 'b', 'a', 'b', 'a', 'b'];
  for (const [index, key] of keys.entries()) {
    const value = index === 6 ? null : `${index} ${filling}`;
    log.append(buildRecordBatch({ records: [{ key, value }], timestamp: 1 }), { leaderEpoch: 0, origin: 'client' });
    if (index % 2 === 1) log.roll();
  }
  await log.flush();
  await directory.checkpoint();
  log.highWatermark = log.logEndOffset;
  return { world, clean: () => directory.clean() };
}

async function check(world: World, what: string): Promise<void> {
  const directory = await openDirectory(world, { configFor: () => compacted });
  expect(directory.failedPartitions(), what).toEqual([]);
  const log = directory.partition('orders', 0)!;
  expect(log.logEndOffset, what).toBe(12n);
  const records = (await batchesOf(log)).flatMap((batch) => [...batch.records()]);
  expect(tableOf(records), what).toEqual(due);
  const offsets = records.map(({ offset }) => offset);
  expect(offsets, what).toEqual([...new Set(offsets)].sort((a, b) => Number(a - b)));
  // What is new is known by its keys; an old value that comes back below it would not be.
  log.append(buildRecordBatch({ records: [{ key: 'a', value: 'new' }], timestamp: 1 }), { leaderEpoch: 0, origin: 'client' });
  await log.flush();
  expect(tableOf((await batchesOf(log)).flatMap((batch) => [...batch.records()])).get('a'), what).toBe('new');
  directory.halt();
}

/** The steps of a cleaning after which names have just changed; how many steps there are, and how many segments are replaced. */
async function stepsOfNames(): Promise<{ renaming: number[]; total: number; mostReplaced: number }> {
  const { world, clean } = await dirtyWorld(1);
  const renaming: number[] = [];
  let isDone = false;
  void clean().then(() => (isDone = true));
  let names = '';
  let total = 0;
  let mostReplaced = 0;
  for (; !isDone; total++) {
    const now = world.disk.list('/data/orders-0').join();
    mostReplaced = Math.max(mostReplaced, now.split('.log.deleted').length - 1);
    if (now !== names) renaming.push(total);
    names = now;
    await Promise.resolve();
  }
  return { renaming, total, mostReplaced };
}

/** Lets a cleaning go on for so many steps, and lets the power fail. */
async function cutAfter(steps: number, seed: number, mode: 'strict' | 'ordered' | 'hostile'): Promise<World> {
  const { world, clean } = await dirtyWorld(seed);
  void clean().catch(() => {});
  for (let i = 0; i < steps; i++) await Promise.resolve();
  world.disk = world.disk.crash(mode);
  return world;
}

test('cleaner-crash-swap (KAFKA-6264, KAFKA-12520), S2, S10: at every step of a cleaning a power cut leaves the old records or the new ones', async () => {
  const { total, renaming, mostReplaced } = await stepsOfNames();
  for (let step = 0; step <= total; step++) await check(await cutAfter(step, 1, 'strict'), `step ${step}`);
  expect(renaming.length).toBeGreaterThan(5);
  expect(mostReplaced).toBeGreaterThan(2);
  for (const step of renaming) {
    for (let seed = 1; seed <= 40; seed++) {
      await check(await cutAfter(step, seed, seed % 2 === 0 ? 'ordered' : 'hostile'), `seed ${seed}, step ${step}`);
    }
  }
});

test('S2, S10: a power cut while a start finishes what a power cut has left of a cleaning changes nothing about that', async () => {
  const { renaming } = await stepsOfNames();
  let unfinished = 0;
  for (const step of renaming) {
    for (let until = 0; until < 40; until++) {
      const world = await cutAfter(step + 2, until, until % 3 === 0 ? 'ordered' : 'strict');
      if (!world.disk.list('/data/orders-0').some((name) => name.endsWith('.log.swap'))) continue;
      unfinished++;
      void openDirectory({ ...world }, { configFor: () => compacted }).catch(() => {});
      for (let i = 0; i < until; i++) await Promise.resolve();
      world.disk = world.disk.crash('hostile');
      await check(world, `step ${step}, step ${until} of the start`);
    }
  }
  expect(unfinished).toBeGreaterThan(20);
});
