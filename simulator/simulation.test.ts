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

const ofCoordinators = (['transactions', 'groups'] as const).flatMap((workload) => [1, 2, 3, 4, 5, 6].map((seed) => ({ workload, seed })));

test.each(ofCoordinators)('seed $seed of $workload: what was promised to clients holds, and everything comes to rest', {
  timeout: 60_000,
}, async ({ workload, seed }) => {
  const { failure, timeline, acknowledged } = await runSeed(seed, { workload });

  const again = `npm run simulate -- --workload ${workload} --seed ${seed} --trace`;
  expect(failure, `${timeline.slice(-60).join('\n')}\nagain: ${again}`).toBeUndefined();
  expect(acknowledged).toBeGreaterThan(0);
});

test.each(['transactions', 'groups'] as const)('a seed of %s twice gives the same run, event by event', {
  timeout: 60_000,
}, async (workload) => {
  const once = await runSeed(7, { workload });
  const again = await runSeed(7, { workload });

  expect({ digest: again.digest, events: again.events }).toEqual({ digest: once.digest, events: once.events });
});
