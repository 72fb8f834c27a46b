import { afterEach, expect, test, vi } from 'vitest';
import { ClusterClock, NodeClock } from '../index.ts';

afterEach(() => void vi.useRealTimers());

/** The host's time, moved by hand: `stall` lets it pass while nothing runs. */
function handMoved() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  const clock = new ClusterClock(new NodeClock());
  let behindMs = 0;
  const real = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => real() + behindMs);
  return {
    clock,
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
    stall: (ms: number) => {
      behindMs += ms;
    },
  };
}

test('time in which the whole process stood still does not count, and a timer waits for the rest of its time', async () => {
  const { clock, pass, stall } = handMoved();
  const ended: string[] = [];
  await pass(100);
  const before = clock.monotonic();
  clock.after(1000, () => ended.push('session'));

  stall(60_000);
  await pass(60);
  expect(ended).toEqual([]);
  expect(clock.monotonic() - before).toBeLessThan(300);

  await pass(1000);
  expect(ended).toEqual(['session']);
  clock.close();
});

test('while the process works, monotonic time is that of the host, however far wall time is moved', async () => {
  const { clock, pass } = handMoved();
  await pass(100);
  const [monotonic, wall] = [clock.monotonic(), clock.now()];

  clock.aheadMs += 7 * 24 * 3_600_000;
  await pass(5000);

  expect(clock.monotonic() - monotonic).toBeCloseTo(5000, 0);
  expect(clock.now() - wall).toBe(7 * 24 * 3_600_000 + 5000);
  clock.close();
});

test('what repeats goes on after a stall, and is not made up for', async () => {
  const { clock, pass, stall } = handMoved();
  let calls = 0;
  const repeating = clock.every(100, () => calls++);
  await pass(1000);
  expect(calls).toBe(10);

  stall(10_000);
  await pass(1000);
  expect(calls).toBeGreaterThanOrEqual(18);
  expect(calls).toBeLessThanOrEqual(21);
  repeating.cancel();
  clock.close();
});
