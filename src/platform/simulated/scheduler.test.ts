import { expect, test } from 'vitest';
import { HostTime, SimulatedClock } from './clock.ts';
import { Scheduler } from './scheduler.ts';

test('events happen by time, and those of one moment in the order they were scheduled', async () => {
  const scheduler = new Scheduler();
  const happened: string[] = [];
  for (const [delay, name] of [
    [30, 'c'],
    [10, 'a'],
    [20, 'b1'],
    [10, 'a2'],
    [20, 'b2'],
  ] as const) {
    scheduler.schedule(delay, 'test', undefined, () => happened.push(`${name}@${scheduler.nowUs}`));
  }
  expect(await scheduler.run()).toBe('idle');
  expect(happened).toEqual(['a@10', 'a2@10', 'b1@20', 'b2@20', 'c@30']);
});

test('many events come out sorted, whatever order they went in and whichever were cancelled', async () => {
  const scheduler = new Scheduler();
  const times: number[] = [];
  let next = 1;
  for (let index = 0; index < 20_000; index++) {
    next = (next * 48_271) % 2_147_483_647;
    const event = scheduler.schedule(next % 5000, 'test', undefined, () => times.push(scheduler.nowUs));
    if (index % 3 !== 0) scheduler.cancel(event);
  }
  await scheduler.run();
  expect(times).toHaveLength(6667);
  expect(times).toEqual([...times].sort((left, right) => left - right));
});

test('between two events everything that is promised goes on, through chains of any length', async () => {
  const scheduler = new Scheduler();
  const happened: string[] = [];
  for (let index = 0; index < 300; index++) {
    scheduler.schedule(1, 'test', undefined, () => {
      happened.push(`event ${index}`);
      void (async () => {
        for (let step = 0; step < 50; step++) await new Promise<void>((resolve) => process.nextTick(resolve));
        happened.push(`promise ${index}`);
      })();
    });
  }
  await scheduler.run();
  expect(happened).toEqual(Array.from({ length: 300 }, (_, index) => [`event ${index}`, `promise ${index}`]).flat());
});

test('a run ends when its time is up, when its condition holds, or when nothing is left', async () => {
  const scheduler = new Scheduler();
  let ticks = 0;
  const clock = new SimulatedClock(scheduler, new HostTime(scheduler, 0), undefined);
  const timer = clock.every(10, () => {
    ticks++;
  });
  expect(await scheduler.run({ forMs: 35 })).toBe('time');
  expect([ticks, scheduler.nowUs]).toEqual([3, 35_000]);
  expect(await scheduler.run({ until: () => ticks === 7 })).toBe('until');
  expect(scheduler.nowUs).toBe(70_000);
  timer.cancel();
  expect(await scheduler.run()).toBe('idle');
  expect(scheduler.nowUs).toBe(70_000);
});

test('what an event throws ends the run, and the next run goes on after it', async () => {
  const scheduler = new Scheduler();
  scheduler.schedule(1, 'test', undefined, () => {
    throw new Error('invariant broken');
  });
  let later = false;
  scheduler.schedule(2, 'test', undefined, () => {
    later = true;
  });
  await expect(scheduler.run()).rejects.toThrow('invariant broken');
  expect(later).toBe(false);
  await scheduler.run();
  expect(later).toBe(true);
});

test('a fast quartz ends timers early by the time of the world, never by its own; wall jumps move no timer', async () => {
  const scheduler = new Scheduler();
  const host = new HostTime(scheduler, 1_000_000);
  const clock = new SimulatedClock(scheduler, host, undefined);
  host.setRate(1.25);
  const ended: [number, number][] = [];
  clock.after(1000, () => ended.push([scheduler.nowUs, clock.monotonic()]));
  clock.after(333.3, () => {
    ended.push([scheduler.nowUs, clock.monotonic()]);
    host.jumpWall(-5000);
    host.setRate(0.5);
  });
  await scheduler.run();

  expect(ended[0]![0]).toBe(266_640);
  expect(ended[0]![1]).toBeGreaterThanOrEqual(333.3);
  expect(ended[1]![1]).toBeGreaterThanOrEqual(1000);
  expect(ended[1]![1]).toBeLessThan(1000.1);
  expect(clock.now()).toBe(1_000_000 - 5000 + 1000);
});
