import { expect, test } from 'vitest';
import { DurationHistogram } from '#platform';
import { RecentDurations, RecentRate } from './recent.ts';

const minute = 60_000;

test('quantiles forget after two minutes what is over, and show all there was at the first look', () => {
  const times = new DurationHistogram();
  const recent = new RecentDurations();
  const slowest = (now: number) => recent.quantiles([times], [1], now)[0]!;
  times.observe(1000);
  expect(slowest(0)).toBe(1000);

  times.observe(10);

  expect(slowest(minute)).toBe(1000);
  expect(slowest(2 * minute)).toBe(10);
  expect(slowest(3 * minute)).toBe(0);
});

test('quantiles of several kinds are of all of them together', () => {
  const [reads, writes] = [new DurationHistogram(), new DurationHistogram()];
  for (let i = 0; i < 9; i++) reads.observe(1);
  writes.observe(100);

  expect(new RecentDurations().quantiles([reads, writes], [0.9, 1], 0)).toEqual([1, 100]);
});

test('a rate is that of the last one to two minutes, and never below 0', () => {
  const rate = new RecentRate();
  expect(rate.perSecond(1000, 0)).toBe(0);
  expect(rate.perSecond(1060, minute / 2)).toBe(2);
  expect(rate.perSecond(1060, minute)).toBe(1);
  expect(rate.perSecond(1060, 2 * minute)).toBe(0.5);
  expect(rate.perSecond(1060, 3 * minute)).toBe(0);
  expect(rate.perSecond(0, 3.5 * minute)).toBe(0);
});
