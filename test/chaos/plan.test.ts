import { expect, test } from 'vitest';
import { faultKinds, plan } from './plan.ts';

const minutes = (count: number, seed = 1) => plan({ seed, totalMs: count * 60_000, kinds: faultKinds });

test('a seed gives one plan, and another seed another one', () => {
  expect(minutes(30)).toEqual(minutes(30));
  expect(minutes(30)).not.toEqual(minutes(30, 2));
});

test('periods of 10 to 20 s follow on one another, about a quarter of them calm, and the last 15 s are', () => {
  const periods = minutes(120);

  for (const [i, { at, lengthMs }] of periods.entries()) {
    if (i > 0) expect(at).toBe(periods[i - 1]!.at + periods[i - 1]!.lengthMs);
    expect(lengthMs).toBeLessThanOrEqual(20_000);
  }
  expect(periods.at(-1)!.at + periods.at(-1)!.lengthMs).toBeLessThanOrEqual(120 * 60_000 - 15_000);
  const calm = periods.filter(({ faults }) => faults.length === 0).length / periods.length;
  expect(calm).toBeGreaterThan(0.15);
  expect(calm).toBeLessThan(0.35);
});

test('every fault is over by the end of its period', () => {
  for (const seed of [1, 2, 3]) {
    for (const total of [0.5, 2, 30]) {
      for (const { at, lengthMs, faults } of minutes(total, seed)) {
        for (const fault of faults) {
          expect(fault.at).toBeGreaterThanOrEqual(at);
          expect(fault.at + fault.lastsMs).toBeLessThanOrEqual(at + lengthMs);
        }
      }
    }
  }
});

test('each kind of fault has its turn before any comes again', () => {
  const faults = minutes(30).flatMap((period) => period.faults.map(({ kind }) => kind));

  expect(faults.length).toBeGreaterThan(3 * faultKinds.length);
  expect(faults.slice(0, faultKinds.length).sort()).toEqual([...faultKinds].sort());
});

test('half a minute has faults too', () => {
  for (let seed = 0; seed < 20; seed++) expect(minutes(0.5, seed).flatMap(({ faults }) => faults).length).toBeGreaterThan(0);
});
