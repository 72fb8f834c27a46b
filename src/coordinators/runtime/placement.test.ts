import { expect, test } from 'vitest';
import { javaHashCode, partitionForKey } from './placement.ts';

test.each([
  ['', 0],
  ['a', 97],
  ['console-consumer-1', 35_782_224],
  ['polygenelubricants', -2_147_483_648],
  ['grüße', 98_768_023],
])("the hash of '%s' is Java's", (text, expected) => {
  expect(javaHashCode(text)).toBe(expected);
});

test('the smallest hash, whose absolute value is no int, belongs to partition 0 as in Kafka', () => {
  expect(partitionForKey('polygenelubricants', 50)).toBe(0);
});

test.each([
  ['a', 47],
  ['grüße', 23],
  ['my-group-😀', 6],
  ['billing', 9],
])("'%s' belongs to partition %i of 50, as in Kafka", (key, partition) => {
  expect(partitionForKey(key, 50)).toBe(partition);
});
