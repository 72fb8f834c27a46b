import { describe, expect, test } from 'vitest';
import { readEpochCheckpoint, readOffsetCheckpoint, writeEpochCheckpoint, writeOffsetCheckpoint } from './checkpoint-files.ts';
import { EpochCache } from './epoch-cache.ts';
import { deletedPartitionDirectoryName, parsePartitionDirectoryName } from './file-names.ts';
import { OffsetIndex } from './offset-index.ts';
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts';
import { batchOf, contentOf, createLog, openDirectory, startWorld } from './testing.ts';
import { TimeIndex } from './time-index.ts';

describe('indexes', () => {
  test('an offset lies between the entry at or before it and the next one', () => {
    const index = new OffsetIndex(1000);
    index.append(5, 100);
    index.append(9, 200);

    expect(index.lookup(4)).toEqual({ position: 0, nextPosition: 100 });
    expect(index.lookup(5)).toEqual({ position: 100, nextPosition: 200 });
    expect(index.lookup(8)).toEqual({ position: 100, nextPosition: 200 });
    expect(index.lookup(50)).toEqual({ position: 200, nextPosition: undefined });
  });

  test('are full at their size, a time index but for the entry of its end', () => {
    const offsets = new OffsetIndex(16);
    const times = new TimeIndex(36);
    for (let i = 1; i < 5; i++) {
      offsets.append(i, i * 10);
      times.append(BigInt(i), i);
    }

    expect([offsets.length, offsets.isFull]).toEqual([2, true]);
    expect([times.length, times.isFull]).toEqual([2, true]);
    times.append(9n, 9, true);
    expect(times.last).toEqual({ timestamp: 9n, relativeOffset: 9 });
  });

  test.each([
    { what: 'a broken size', bytes: Buffer.alloc(7) },
    { what: 'falling offsets', bytes: Buffer.from('0000000500000064' + '00000004000000c8', 'hex') },
    { what: 'falling positions', bytes: Buffer.from('0000000500000064' + '0000000900000063', 'hex') },
    { what: 'a position behind the log', bytes: Buffer.from('00000005000003e8', 'hex') },
    { what: 'something after the zeros', bytes: Buffer.from('0000000500000064' + '0000000000000000' + '0000000000000001', 'hex') },
  ])('an offset index with $what is refused', ({ bytes }) => {
    const index = new OffsetIndex(1000);

    expect(index.load(bytes, 1000)).toBe(false);
    expect(index.length).toBe(0);
  });

  test('an index that was made larger beforehand is read up to its zeros', () => {
    const index = new OffsetIndex(1000);

    expect(index.load(Buffer.concat([Buffer.from('0000000500000064', 'hex'), Buffer.alloc(800)]), 1000)).toBe(true);
    expect(index.length).toBe(1);
  });
});

test('a checkpoint file is read back, and a torn one is none', async () => {
  const { disk } = startWorld();
  const offsets = [{ topic: 'a-b.c', partition: 12, offset: 9_007_199_254_740_993n }];
  const epochs = [{ epoch: 3, startOffset: 0n }];
  await writeOffsetCheckpoint(disk, '/offsets', offsets);
  await writeEpochCheckpoint(disk, '/epochs', epochs);
  expect(readOffsetCheckpoint(disk, '/offsets')).toEqual(offsets);
  expect(readEpochCheckpoint(disk, '/epochs')).toEqual(epochs);

  await disk.replace('/epochs', Buffer.from('0\n2\n3 0\n'));

  expect(readEpochCheckpoint(disk, '/epochs')).toBeUndefined();
  expect(readEpochCheckpoint(disk, '/missing')).toBeUndefined();
});

test('a snapshot of producers is read back, and one with a flipped bit is none', () => {
  const entry = {
    producerId: 5n,
    producerEpoch: 2,
    lastSequence: 8,
    lastOffset: 77n,
    offsetDelta: 3,
    timestamp: 9n,
    coordinatorEpoch: -1,
    currentTxnFirstOffset: -1n,
  };
  const bytes = encodeProducerSnapshot([entry]);
  expect(decodeProducerSnapshot(bytes)).toEqual([entry]);

  for (let at = 0; at < bytes.length; at++) {
    const flipped = Buffer.from(bytes);
    flipped[at]! ^= 1;
    expect(decodeProducerSnapshot(flipped)).toBeUndefined();
  }
});

test.each([
  { epoch: -1, expected: undefined },
  { epoch: 0, expected: { leaderEpoch: 0, endOffset: 10n } },
  { epoch: 2, expected: { leaderEpoch: 2, endOffset: 20n } },
  { epoch: 3, expected: { leaderEpoch: 2, endOffset: 20n } },
  { epoch: 5, expected: { leaderEpoch: 5, endOffset: 30n } },
  { epoch: 6, expected: undefined },
])('epoch $epoch ends at $expected', ({ epoch, expected }) => {
  const cache = new EpochCache([
    { epoch: 2, startOffset: 10n },
    { epoch: 5, startOffset: 20n },
  ]);

  expect(cache.endOffsetFor(epoch, 30n)).toEqual(expected);
});

test('names of directories', () => {
  expect(parsePartitionDirectoryName('a-b-12')).toEqual({ topic: 'a-b', partition: 12 });
  for (const name of ['orders', 'orders-', 'orders-01', 'orders-0.abc-delete', '../x-1', 'orders-99999999999'])
    expect(parsePartitionDirectoryName(name)).toBeUndefined();
  expect(deletedPartitionDirectoryName('x'.repeat(249), 7, 'f'.repeat(32))).toHaveLength(255);
});

describe('S9: what a cleaner of Kafka left half-done', () => {
  async function withFiles(files: Record<string, string>): Promise<string[]> {
    const world = startWorld();
    const { directory, log } = await createLog(world, { segmentBytes: 200 });
    for (const text of ['a', 'b', 'c']) log.append(batchOf([text.repeat(50)]), { leaderEpoch: 0, origin: 'client' });
    await directory.close();
    for (const [to, from] of Object.entries(files))
      await world.disk.replace(`/data/orders-0/${to}`, world.disk.readFile(`/data/orders-0/${from}`));
    const again = (await openDirectory(world)).partition('orders', 0)!;
    expect(world.disk.list('/data/orders-0').filter((name) => /cleaned|swap/.test(name))).toEqual([]);
    return (await contentOf(again)).map((text) => text.slice(0, 3));
  }

  test('a copy that was not finished is removed', async () => {
    expect(await withFiles({ '00000000000000000001.log.cleaned': '00000000000000000000.log' })).toEqual(['0:a', '1:b', '2:c']);
  });

  test('a finished copy takes the place of its segment', async () => {
    expect(await withFiles({ '00000000000000000001.log.swap': '00000000000000000001.log' })).toEqual(['0:a', '1:b', '2:c']);
  });

  test('a finished copy beside one that was not finished is removed', async () => {
    const files = {
      '00000000000000000001.log.swap': '00000000000000000002.log',
      '00000000000000000001.log.cleaned': '00000000000000000001.log',
    };
    expect(await withFiles(files)).toEqual(['0:a', '1:b', '2:c']);
  });
});

test('segments are rolled by the time of their records, and by the clock when nothing comes', async () => {
  const world = startWorld();
  const { log } = await createLog(world, { segmentMs: 1000 });
  const append = (timestamp: number) => log.append(batchOf(['a'], { timestamp }), { leaderEpoch: 0, origin: 'client' });
  const start = world.clock.now();
  append(start);
  append(start + 1000);
  append(start + 1001);
  expect(log.segmentOffsets).toEqual([0n, 2n]);

  expect(log.rollIfDue(start + 1500)).toBe(false);
  expect(log.rollIfDue(start + 2100)).toBe(true);

  expect(log.segmentOffsets).toEqual([0n, 2n, 3n]);
  expect(log.rollIfDue(start + 9000)).toBe(false);
});
