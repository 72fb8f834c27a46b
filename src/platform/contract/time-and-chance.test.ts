import { describe, expect, test } from 'vitest';
import { sleep } from '../index.ts';
import { implementations } from './harness.ts';

describe.each(implementations)('the clock ($name)', ({ run }) => {
  test('every timer ends once and not before its time', () =>
    run(async ({ platform: { clock }, until }) => {
      const start = clock.monotonic();
      const ended: [string, number][] = [];
      for (const delayMs of [30, 5, 12.5, 0]) clock.after(delayMs, () => ended.push([`${delayMs}`, clock.monotonic() - start]));
      await until(() => ended.length === 4);
      await sleep(clock, 20);

      expect(ended.map(([name]) => name).sort()).toEqual(['0', '12.5', '30', '5']);
      for (const [name, elapsed] of ended) expect(elapsed).toBeGreaterThanOrEqual(Number(name));
    }));

  test('a cancelled timer stays silent, and a repeating one goes on until it is cancelled', () =>
    run(async ({ platform: { clock }, until }) => {
      let calls = 0;
      const silent = clock.after(5, () => expect.unreachable());
      silent.cancel();
      silent.cancel();
      const repeating = clock.every(4, () => {
        if (++calls === 3) repeating.cancel();
      });
      await until(() => calls === 3);
      await sleep(clock, 20);

      expect(calls).toBe(3);
    }));

  test('a delay beyond what setTimeout can count does not end at once', () =>
    run(async ({ platform: { clock } }) => {
      const timer = clock.after(2 ** 40, () => expect.unreachable());
      await sleep(clock, 10);
      timer.cancel();
    }));

  test('monotonic time never falls, and wall time goes along with it', () =>
    run(async ({ platform: { clock } }) => {
      const [wall, monotonic] = [clock.now(), clock.monotonic()];
      let last = monotonic;
      for (let step = 0; step < 20; step++) {
        await sleep(clock, 1);
        expect(clock.monotonic()).toBeGreaterThanOrEqual(last + 1);
        last = clock.monotonic();
      }
      expect(Number.isInteger(clock.now())).toBe(true);
      expect(Math.abs(clock.now() - wall - (last - monotonic))).toBeLessThan(50);
    }));
});

describe.each(implementations)('chance ($name)', ({ run }) => {
  test('below() reaches every number below its bound and no other', () =>
    run(async ({ platform: { random } }) => {
      const counts = [0, 0, 0, 0, 0];
      for (let draw = 0; draw < 5000; draw++) counts[random.below(5)]!++;
      expect(counts).toHaveLength(5);
      for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(200);
      expect(random.below(1)).toBe(0);
      for (let draw = 0; draw < 100; draw++) {
        const large = random.below(2 ** 32);
        expect(Number.isInteger(large) && large >= 0 && large < 2 ** 32).toBe(true);
      }
    }));

  test('fractions spread from 0 up to 1, and bytes over all their values', () =>
    run(async ({ platform: { random } }) => {
      const fractions = Array.from({ length: 2000 }, () => random.fraction());
      expect(Math.min(...fractions)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...fractions)).toBeLessThan(1);
      expect(Math.abs(fractions.reduce((sum, fraction) => sum + fraction) / 2000 - 0.5)).toBeLessThan(0.05);
      expect(new Set(random.bytes(10_003)).size).toBe(256);
      for (const length of [0, 1, 2, 3, 5]) expect(random.bytes(length)).toHaveLength(length);
    }));

  test('ids are in the text form of Kafka, never alike, and never look like a flag', () =>
    run(async ({ platform: { random } }) => {
      const ids = Array.from({ length: 1000 }, () => random.uuid());
      for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
      expect(new Set(ids).size).toBe(1000);
    }));
});
