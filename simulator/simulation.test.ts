import { expect, test } from 'vitest';
import { runSeed } from './run-seed.ts';

/** A sample; `npm run simulate -- --seeds 1000` runs more. */
const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

test.each(seeds)('seed %i: what was acknowledged survives, and everything works again', { timeout: 60_000 }, async (seed) => {
  const { failure, timeline, acknowledged } = await runSeed(seed);

  expect(failure, `${timeline.slice(-60).join('\n')}\nagain: npm run simulate -- --seed ${seed} --trace`).toBeUndefined();
  expect(acknowledged).toBeGreaterThan(0);
});

test('the same seed twice gives the same run, event by event', { timeout: 60_000 }, async () => {
  const once = await runSeed(77, { faultMs: 8000 });
  const again = await runSeed(77, { faultMs: 8000 });

  expect(again.timeline).toEqual(once.timeline);
  expect({ digest: again.digest, events: again.events, acknowledged: again.acknowledged }).toEqual({
    digest: once.digest,
    events: once.events,
    acknowledged: once.acknowledged,
  });
});
