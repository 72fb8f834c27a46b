import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DurationHistogram, durationQuantile } from './duration-histogram.ts';

describe('durations', () => {
  test('count up to an edge, the edge included', () => {
    const times = new DurationHistogram();

    for (const ms of [0, 0.999, 1, 1.0001, 5, 250_000]) times.observe(ms);

    expect([times.atMost(0.01), times.atMost(1), times.atMost(1.25), times.atMost(5), times.atMost(80_000)]).toEqual([1, 3, 4, 5, 5]);
    expect(times.count).toBe(6);
    expect(times.sumMs).toBeCloseTo(250_007.9991);
  });

  test('what is no edge is no question', () => {
    expect(() => new DurationHistogram().atMost(3)).toThrow('3 ms is not an edge');
  });

  test('quantiles are off by a quarter at most, for whatever durations there were', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.02, max: 70_000, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.constantFrom(0.5, 0.95, 1),
        (durations, part) => {
          const times = new DurationHistogram();
          for (const ms of durations) times.observe(ms);

          const found = durationQuantile(times.counts, part);

          const exact = durations.toSorted((a, b) => a - b)[Math.ceil(part * durations.length) - 1]!;
          expect(found / exact).toBeGreaterThan(0.75);
          expect(found / exact).toBeLessThan(1.3);
        },
      ),
    );
  });

  test('of nothing a quantile is 0, and of what is beyond all edges the last edge', () => {
    const times = new DurationHistogram();
    expect(durationQuantile(times.counts, 0.99)).toBe(0);

    times.observe(1_000_000);

    expect(durationQuantile(times.counts, 0.5)).toBe(80_000);
  });
});
