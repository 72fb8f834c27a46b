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

/** Twelve records in four segments, most of them of two keys, and one of a key that was deleted; in the disk's own time. */
async function dirtyWorld(seed: number): Promise<{ world: World; clean: () => Promise<void> }> {
  const world = startWorld(seed);
  const { directory, log } = await createLog(world, compacted);
  const keys = ['rare', 'gone', 'a', 'b', 'a', 'b', 'gone', 'b', 'a', 'b', 'a', 'b'];
  for (const [index, key] of keys.entries()) {
    const value = index === 6 ? null : `${index} ${filling}`;
    log.append(buildRecordBatch({ records: [{ key, value }], timestamp: 1 }), { leaderEpoch: 0, origin: 'client' });
  }
  log.roll();
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

/** How many steps a cleaning takes from beginning to end. */
async function stepsOf(act: () => Promise<unknown>): Promise<number> {
  let steps = 0;
  let isDone = false;
  void act().then(() => (isDone = true));
  for (; !isDone; steps++) await Promise.resolve();
  return steps;
}

test.each([
  'strict',
  'ordered',
  'hostile',
] as const)('S2, S10: at every step of a cleaning a %s power cut leaves the old records or the new ones', async (mode) => {
  const total = await stepsOf((await dirtyWorld(1)).clean);
  for (let seed = 1; seed <= (mode === 'strict' ? 1 : 3); seed++) {
    for (let after = 0; after <= total; after++) {
      const { world, clean } = await dirtyWorld(seed);
      void clean().catch(() => {});
      for (let i = 0; i < after; i++) await Promise.resolve();
      world.disk = world.disk.crash(mode);
      await check(world, `seed ${seed}, step ${after}`);
    }
  }
});

test('S2, S10: a power cut while a start finishes what a power cut has left of a cleaning changes nothing about that', async () => {
  const total = await stepsOf((await dirtyWorld(1)).clean);
  let unfinished = 0;
  for (let seed = 1; seed <= 2; seed++) {
    for (let after = 0; after <= total; after++) {
      for (let until = seed; until < 40; until += 4) {
        const { world, clean } = await dirtyWorld(seed * 100 + until);
        void clean().catch(() => {});
        for (let i = 0; i < after; i++) await Promise.resolve();
        world.disk = world.disk.crash('strict');
        if (!world.disk.list('/data/orders-0').some((name) => name.endsWith('.log.swap'))) break;
        unfinished++;
        void openDirectory({ ...world }, { configFor: () => compacted }).catch(() => {});
        for (let i = 0; i < until; i++) await Promise.resolve();
        world.disk = world.disk.crash('hostile');
        await check(world, `seed ${seed}, step ${after}, step ${until} of the start`);
      }
    }
  }
  expect(unfinished).toBeGreaterThan(20);
});
