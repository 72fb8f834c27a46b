import { expect, test } from 'vitest';
import { batchOf, contentOf, createLog, openDirectory, startWorld, textsOf } from './testing.ts';

test('what was appended is read back with its offsets, from the cache and from the file', async () => {
  const world = startWorld();
  const { directory, log } = await createLog(world);

  const first = log.append(batchOf(['a', 'b']), { leaderEpoch: 3, origin: 'client' });
  const second = log.append(batchOf(['c']), { leaderEpoch: 3, origin: 'client' });
  await log.flush();

  expect(first).toMatchObject({ firstOffset: 0n, lastOffset: 1n, duplicate: false });
  expect(second).toMatchObject({ firstOffset: 2n, lastOffset: 2n });
  expect(log.flushedOffset).toBe(3n);
  expect(textsOf(await log.read(0n, 1000, 3n))).toEqual(['0:a', '1:b', '2:c']);
  await directory.close({ brokerEpoch: 7n });

  const again = await openDirectory(world);
  expect(again.lastCleanShutdown).toEqual({ brokerEpoch: 7n });
  const reopened = again.partition('orders', 0)!;
  expect(textsOf(await reopened.read(1n, 1000, 3n))).toEqual(['0:a', '1:b', '2:c']);
  expect(reopened.epochEntries).toEqual([{ epoch: 3, startOffset: 0n }]);
});

test('after a power cut a log holds all that was flushed', async () => {
  const world = startWorld();
  const { log } = await createLog(world, { segmentBytes: 300 });
  for (const text of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) log.append(batchOf([text]), { leaderEpoch: 0, origin: 'client' });
  await log.flush();
  log.append(batchOf(['lost']), { leaderEpoch: 0, origin: 'client' });

  world.disk = world.disk.crash('strict');
  const again = await openDirectory(world);

  expect(log.segmentOffsets.length).toBeGreaterThan(1);
  expect(again.failedPartitions()).toEqual([]);
  expect(await contentOf(again.partition('orders', 0)!)).toEqual(['0:a', '1:b', '2:c', '3:d', '4:e', '5:f', '6:g', '7:h']);
});

test('a truncated log goes on from where it was cut', async () => {
  const world = startWorld();
  const { directory, log } = await createLog(world, { segmentBytes: 300 });
  for (const text of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) log.append(batchOf([text]), { leaderEpoch: 0, origin: 'client' });
  await log.flush();

  await log.truncateTo(3n);
  log.append(batchOf(['x']), { leaderEpoch: 1, origin: 'client' });

  expect(await contentOf(log)).toEqual(['0:a', '1:b', '2:c', '3:x']);
  await directory.close();
  const again = await openDirectory(world);
  expect(again.failedPartitions()).toEqual([]);
  expect(await contentOf(again.partition('orders', 0)!)).toEqual(['0:a', '1:b', '2:c', '3:x']);
});
