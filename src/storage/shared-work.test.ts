import { expect, test } from 'vitest';
import { Shared } from './shared-work.ts';

test.each(
  Array.from({ length: 12 }, (_, ticks) => ticks),
)('runs never overlap, also when one is asked for %i microtasks after another ended', async (ticks) => {
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const shared = new Shared(async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => ends.push(resolve));
    running--;
  });
  const first = shared.run();
  const second = shared.run();

  ends.shift()!();
  for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
  const third = shared.run();

  const all = Promise.all([first, second, third]);
  const drain = setInterval(() => ends.shift()?.(), 1);
  await all;
  clearInterval(drain);
  expect(most).toBe(1);
});
