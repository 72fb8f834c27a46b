import { expect, test } from 'vitest';
import { RecordBatch } from '#protocol';
import { type PartitionTail, TailCache } from './tail-cache.ts';
import { batchOf, textsOf } from './testing.ts';

function add(tail: PartitionTail, offset: bigint, text: string): void {
  const batch = new RecordBatch(tail.stage(batchOf([text])));
  batch.stamp(offset, 0);
  tail.commit([batch]);
}

test('batches that follow one another are read as one view', () => {
  const tail = new TailCache(1_000_000).tail();
  for (let i = 0; i < 10; i++) add(tail, BigInt(i), `${i}`);

  const first = tail.read(2n, 10_000, 10n, true)!;
  const second = tail.read(2n, 10_000, 10n, true)!;

  expect(textsOf(first)).toEqual(['2:2', '3:3', '4:4', '5:5', '6:6', '7:7', '8:8', '9:9']);
  expect(second.buffer).toBe(first.buffer);
});

test('whoever was used least recently gives its bytes back first', () => {
  const cache = new TailCache(20_000);
  const [a, b, c] = [cache.tail(), cache.tail(), cache.tail()];
  for (const tail of [a, b, c]) add(tail, 0n, 'x'.repeat(6000));
  expect(a.read(0n, 1, 1n, true)).toBeDefined();

  add(c, 1n, 'y'.repeat(6000));

  expect(b.read(0n, 1, 1n, true)).toBeUndefined();
  expect(a.read(0n, 1, 1n, true)).toBeDefined();
  expect(c.read(1n, 1, 2n, true)).toBeDefined();
  expect(cache.usedBytes).toBeLessThanOrEqual(20_000);
});

test('one busy partition keeps its newest bytes within the budget', () => {
  const cache = new TailCache(20_000);
  const tail = cache.tail();

  for (let i = 0; i < 100; i++) add(tail, BigInt(i), 'x'.repeat(1000));

  expect(cache.usedBytes).toBeLessThanOrEqual(20_000);
  expect(tail.read(99n, 1, 100n, true)).toBeDefined();
  expect(tail.read(0n, 1, 100n, true)).toBeUndefined();
});

test('what was handed out stays as it was after a truncation and what is written then', () => {
  const tail = new TailCache(1_000_000).tail();
  for (let i = 0; i < 4; i++) add(tail, BigInt(i), `old ${i}`);
  const handedOut = tail.read(0n, 10_000, 4n, true)!;

  tail.truncateTo(2n);
  add(tail, 2n, 'new 2');

  expect(textsOf(handedOut)).toEqual(['0:old 0', '1:old 1', '2:old 2', '3:old 3']);
  expect(textsOf(tail.read(0n, 10_000, 3n, true)!)).toEqual(['0:old 0', '1:old 1']);
  expect(textsOf(tail.read(2n, 10_000, 3n, true)!)).toEqual(['2:new 2']);
});

test('what was staged and discarded is never read', () => {
  const tail = new TailCache(1_000_000).tail();
  tail.stage(batchOf(['no']));
  tail.discard();
  expect(tail.firstOffset).toBeUndefined();

  add(tail, 0n, 'a');
  tail.stage(batchOf(['no']));
  tail.discard();
  add(tail, 1n, 'b');

  expect(textsOf(tail.read(0n, 10_000, 2n, true)!)).toEqual(['0:a', '1:b']);
});

test('a block that nobody was given is free at once when it goes, one that was handed out is left to its readers', () => {
  const tail = new TailCache(20_000).tail();
  const unseen = tail.stage(batchOf(['unseen']));
  const batch = new RecordBatch(unseen);
  batch.stamp(0n, 0);
  tail.commit([batch]);
  const other = new TailCache(20_000).tail();
  add(other, 0n, 'seen');
  const seen = other.read(0n, 10_000, 1n, true)!;

  tail.clear();
  other.clear();

  expect(unseen.length).toBe(0);
  expect(textsOf(seen)).toEqual(['0:seen']);
});
