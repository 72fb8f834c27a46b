import { expect, test } from 'vitest';
import { processFamilies } from './process.ts';

/** How often the young generation was cleaned, as far as it was told. */
async function cleanings(): Promise<number> {
  const family = (await processFamilies()).find(({ definition }) => definition.name === 'nodejs_gc_duration_seconds');
  const line = family?.lines.find(({ metricName, labels }) => metricName?.endsWith('_count') && labels['kind'] === 'minor');
  return line?.value ?? 0;
}

test('the process is watched once, whoever asks and how often', async () => {
  await processFamilies();
  let garbage: object[] = [];
  let before = 0;
  // What was cleaned is told in a later turn.
  for (let round = 0; round < 1000 && before === 0; round++) {
    garbage = Array.from({ length: 100_000 }, (_, i) => ({ i }));
    await new Promise(setImmediate);
    before = await cleanings();
  }

  expect(garbage).toHaveLength(100_000);
  expect(before).toBeGreaterThan(0);
  expect(await cleanings()).toBeGreaterThanOrEqual(before);
});
