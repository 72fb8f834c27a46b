import { expect, test } from 'vitest';
import { runCompacted } from './compacted.ts';

test('S10: a compacted topic under load, with brokers that are killed, keeps the newest value of each key and brings none back', {
  timeout: 120_000,
}, async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const lines = [`seed ${seed}; again, and longer: npm run crash -- --compacted --seed ${seed}`];

  const { problems, acknowledged, left, cluster } = await runCompacted({ kills: 3, seed, progress: (line) => lines.push(line) });

  expect(problems, lines.join('\n')).toEqual([]);
  expect(acknowledged, lines.join('\n')).toBeGreaterThan(500);
  // On three replicas; without a cleaning they have all of them.
  expect(left, lines.join('\n')).toBeLessThan(acknowledged * 2);
  await cluster.stop();
});
