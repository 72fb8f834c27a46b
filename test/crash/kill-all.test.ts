import { expect, test } from 'vitest';
import { runCampaign } from './campaign.ts';

test('brokers that are killed under load keep every acknowledged record, once and in order', { timeout: 120_000 }, async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const lines = [`seed ${seed}; again, and longer: npm run crash -- --seed ${seed}`];

  const { acknowledged, problems, cluster, topics } = await runCampaign({ rounds: 3, seed, progress: (line) => lines.push(line) });

  expect(problems, lines.join('\n')).toEqual([]);
  expect(acknowledged).toBeGreaterThan(100);
  expect(topics).toBeGreaterThan(0);
  await cluster.stop();
});
