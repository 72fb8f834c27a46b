import { expect, test } from 'vitest';
import type { Clock, Timer } from '#platform';
import { HangWatch } from './hang-watch.ts';

/** A clock whose timers a test fires, late or not at all. */
class StoppedClock implements Clock {
  time = 0;
  fire: () => void = () => {};

  now(): number {
    return this.time;
  }
  monotonic(): number {
    return this.time;
  }
  after(): Timer {
    throw new Error('not used');
  }
  every(_intervalMs: number, callback: () => void): Timer {
    this.fire = callback;
    return { cancel: () => {} };
  }
}

function watched() {
  const clock = new StoppedClock();
  const watch = new HangWatch({ clock, hangMs: 1_500, distrustMs: 4_000 });
  /** Time passes as it does for a process that runs. */
  const run = (ms: number) => {
    for (const end = clock.time + ms; clock.time < end; clock.time += 500) clock.fire();
  };
  return { clock, watch, run };
}

test('a process that runs is awake, also when it is a little late', () => {
  const { clock, watch, run } = watched();
  run(60_000);
  clock.time += 900;

  expect(watch.isAwake).toBe(true);
});

test('after a hang nothing is relied on for a while, from the first question on, be it before any timer', () => {
  const { clock, watch, run } = watched();
  run(60_000);
  clock.time += 10_000;

  expect(watch.isAwake).toBe(false);
  run(3_500);
  expect(watch.isAwake).toBe(false);
  run(1_000);
  expect(watch.isAwake).toBe(true);
});

test('the same when a timer is first', () => {
  const { clock, watch, run } = watched();
  run(60_000);
  clock.time += 10_000;
  clock.fire();

  expect(watch.isAwake).toBe(false);
});
