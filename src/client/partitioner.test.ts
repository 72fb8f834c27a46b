import { expect, test } from 'vitest';
import { murmur2, partitionForRecordKey } from './partitioner.ts';

test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('the hash of %s is that of Kafka (its UtilsTest)', (key, expected) => {
  expect(murmur2(Buffer.from(key))).toBe(expected);
});

test('a key of any bytes has one partition, and keys spread over all', () => {
  const keys = Array.from({ length: 1000 }, (_, index) => Buffer.from(`key-${index}`));
  const partitions = keys.map((key) => partitionForRecordKey(key, 7));

  expect(new Set(partitions)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
  expect(keys.map((key) => partitionForRecordKey(key, 7))).toEqual(partitions);
  expect(partitionForRecordKey(Buffer.alloc(0), 7)).toBeGreaterThanOrEqual(0);
});
