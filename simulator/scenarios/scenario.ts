import { expect, test } from 'vitest';
import { ScenarioCluster, type ScenarioOptions } from './scenario-cluster.ts';

/** Each scenario is played with so many seeds: they decide how long everything takes, and what a power cut leaves. */
const seeds = 2;

/**
 * A named test over a whole cluster. All checkers look on while it is played. At the end everything is healed: all brokers have to come into sync, all copies have to be
 * the same bytes, and everything that was acknowledged has to be there.
 */
export function scenario(name: string, options: ScenarioOptions, play: (cluster: ScenarioCluster) => Promise<void>): void {
  const all = Array.from({ length: options.seeds ?? seeds }, (_, index) => index + 1);
  test.each(all)(`${name} (seed %i)`, { timeout: 60_000 }, async (seed) => {
    const cluster = new ScenarioCluster(seed, options);
    try {
      await cluster.form();
      await play(cluster);
      await cluster.conclude();
    } catch (error) {
      const lines = cluster.timeline.lines.slice(-60).join('\n');
      expect.fail(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${lines}`);
    } finally {
      cluster.close();
    }
  });
}
