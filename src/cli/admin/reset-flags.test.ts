import { expect, test } from 'vitest';
import { readDatetime, readDuration, readScope, readTarget, type TargetFlags } from './reset-flags.ts';

const now = Date.UTC(2026, 10, 25, 12);
const target = (flags: TargetFlags, file = '') => readTarget(flags, 'readers', now, () => file);

test.each([
  ['2026-11-25T08:30:00.000', Date.UTC(2026, 10, 25, 8, 30)],
  ['2026-11-25T08:30', Date.UTC(2026, 10, 25, 8, 30)],
  ['2026-11-25T08:30:15.25Z', Date.UTC(2026, 10, 25, 8, 30, 15, 250)],
  ['2026-11-25T08:30:00.000+01:00', Date.UTC(2026, 10, 25, 7, 30)],
  ['2026-11-25T08:30:00.000-0530', Date.UTC(2026, 10, 25, 14, 0)],
  ['2026-11-25T08:30:00.000+01', Date.UTC(2026, 10, 25, 7, 30)],
])('%s is %d', (text, expected) => {
  expect(readDatetime(text)).toBe(expected);
});

test.each([
  ['P1D', 86_400_000],
  ['PT1H30M', 5_400_000],
  ['PT0.5S', 500],
  ['P2DT3H4M5S', 183_845_000],
  ['pt10s', 10_000],
])('%s is %d ms', (text, expected) => {
  expect(readDuration(text)).toBe(expected);
});

test.each([
  { flags: { toEarliest: true }, expected: { to: 'earliest' } },
  { flags: { shiftBy: '-10' }, expected: { to: 'shift', by: -10n } },
  { flags: { shiftBy: '+10' }, expected: { to: 'shift', by: 10n } },
  { flags: { toOffset: '9007199254740993' }, expected: { to: 'offset', offset: 9007199254740993n } },
  { flags: { byDuration: 'PT1H' }, expected: { to: 'time', timestamp: BigInt(Date.UTC(2026, 10, 25, 11)) } },
])('$flags means $expected', ({ flags, expected }) => {
  expect(target(flags)).toEqual(expected);
});

test("a file has lines of Kafka's tool, with or without the group, and lines of other groups are left out", () => {
  const file = 'orders,0,5\r\n"orders",1,6\nreaders,payments,0,7\nothers,payments,1,8\n\n';

  expect(target({ fromFile: 'plan.csv' }, file)).toEqual({
    to: 'given',
    offsets: [
      { topic: 'orders', partition: 0, offset: 5n },
      { topic: 'orders', partition: 1, offset: 6n },
      { topic: 'payments', partition: 0, offset: 7n },
    ],
  });
});

test.each([
  { flags: {}, error: 'Say where the group is to go on, by one of --to-earliest' },
  { flags: { toEarliest: true, shiftBy: '1' }, error: '--to-earliest and --shift-by exclude each other' },
  { flags: { shiftBy: 'x' }, error: '--shift-by=x: this is not a whole number' },
  { flags: { toDatetime: '2026-11-25' }, error: '--to-datetime=2026-11-25: this is not a moment' },
  { flags: { toDatetime: '2026-13-25T00:00' }, error: 'this is not a moment' },
  { flags: { byDuration: '1h' }, error: '--by-duration=1h: this is not a duration' },
  { flags: { byDuration: 'PT' }, error: 'this is not a duration' },
])('$flags is refused', ({ flags, error }) => {
  expect(() => target(flags)).toThrow(error);
});

test.each([
  { file: 'orders,0', error: 'line 1 is not topic,partition,offset' },
  { file: 'orders,0,5\norders,-1,5', error: 'line 2 is not' },
  { file: 'others,orders,0,5', error: 'it says nothing of group readers' },
])('a file with $file is refused', ({ file, error }) => {
  expect(() => target({ fromFile: 'plan.csv' }, file)).toThrow(`--from-file=plan.csv: ${error}`);
});

test('a scope is topics, some of their partitions, or all that was committed', () => {
  expect(readScope({ topic: ['orders', 'payments:0,2'] })).toEqual([
    { topic: 'orders', partitions: 'all' },
    { topic: 'payments', partitions: [0, 2] },
  ]);
  expect(readScope({ allTopics: true })).toBe('committed');
  expect(() => readScope({})).toThrow('--topic (may be repeated)');
  expect(() => readScope({ topic: ['orders'], allTopics: true })).toThrow('Leave one of them out');
  expect(() => readScope({ topic: ['orders:x'] })).toThrow('this is not a topic');
});
