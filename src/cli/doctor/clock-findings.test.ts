import { expect, test } from 'vitest';
import { skewOf } from './clock-findings.ts';

const at = Date.parse('Thu, 26 Nov 2026 01:24:05 GMT');
const date = 'Thu, 26 Nov 2026 01:24:05 GMT';

test.each([
  { sentAt: at + 300, receivedAt: at + 310, skew: 0, because: 'the header is cut off to seconds' },
  { sentAt: at - 2_000, receivedAt: at + 3_000, skew: 0, because: 'it was made at some time between' },
  { sentAt: at - 9_000, receivedAt: at - 8_000, skew: 8_000, because: 'it was made before it was received' },
  { sentAt: at + 10_999, receivedAt: at + 12_000, skew: -10_000, because: 'it was made after it was asked for' },
])('an answer of $sentAt to $receivedAt is $skew ms off at the least: $because', ({ sentAt, receivedAt, skew }) => {
  expect(skewOf(date, sentAt, receivedAt)).toBe(skew);
});

test('without a date nothing is known', () => {
  expect([skewOf(undefined, at, at), skewOf('yesterday', at, at)]).toEqual([undefined, undefined]);
});
