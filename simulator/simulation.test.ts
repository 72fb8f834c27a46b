import { expect, test } from 'vitest';
import { runSeed } from './run-plan.ts';

/** A sample; `npm run simulate -- --seeds 1000` runs more. */
const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

test.each(seeds)('seed %i: what was acknowledged survives, and everything works again', { timeout: 60_000 }, async (seed) => {
  const { failure, timeline, acknowledged } = await runSeed(seed);

  expect(failure, `${timeline.slice(-60).join('\n')}\nagain: npm run simulate -- --seed ${seed} --trace`).toBeUndefined();
  expect(acknowledged).toBeGreaterThan(0);
});

test.each([77, 78])('seed %i twice gives the same run, event by event', { timeout: 60_000 }, async (seed) => {
  const once = await runSeed(seed);
  const again = await runSeed(seed);

  expect({ digest: again.digest, events: again.events, acknowledged: again.acknowledged }).toEqual({
    digest: once.digest,
    events: once.events,
    acknowledged: once.acknowledged,
  });
});
