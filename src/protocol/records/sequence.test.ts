import { expect, test } from 'vitest';
import { addToSequence } from './sequence.ts';

test.each([
  { sequence: 0, count: 0, expected: 0 },
  { sequence: -1, count: 1, expected: 0 },
  { sequence: 5, count: 7, expected: 12 },
  { sequence: 2147483646, count: 1, expected: 2147483647 },
  { sequence: 2147483647, count: 1, expected: 0 },
  { sequence: 2147483647, count: 10, expected: 9 },
  { sequence: 2147483647, count: 2147483647, expected: 2147483646 },
])('$count after $sequence comes $expected', ({ sequence, count, expected }) => {
  expect(addToSequence(sequence, count)).toBe(expected);
});
