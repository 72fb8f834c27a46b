import { expect, test } from 'vitest';
import { optionsOf, play as playOptions, playSeed } from './simulation/play-seed.ts';
import { SimulatedCluster, type SimulationOptions } from './simulation/simulated-cluster.ts';

/** The same with what was played in every failure's message. */
function play(options: SimulationOptions): SimulatedCluster {
  try {
    return playOptions(options);
  } catch (error) {
    throw new Error(`${JSON.stringify(options)}: ${(error as Error).message}`, { cause: error });
  }
}

test.each([
  { nodes: 3, absent: 0, changes: false, seeds: 120 },
  { nodes: 3, absent: 1, changes: false, seeds: 60 },
  { nodes: 5, absent: 0, changes: false, seeds: 60 },
  { nodes: 5, absent: 2, changes: false, seeds: 60 },
  { nodes: 5, absent: 1, changes: true, seeds: 100 },
])('R1-R12 hold with $nodes brokers, $absent of them late, voters changed: $changes, under crashes, cuts, loss and delay', (options) => {
  let committed = 0;
  for (let seed = 1; seed <= options.seeds; seed++) committed += play({ seed, ...options }).oracle.committed.length;

  expect(committed).toBeGreaterThan(options.seeds * 3);
});

test('R1-R13 hold for the first seeds of npm run simulate:raft, in clusters of 1 to 7, with damaged logs and replaced disks', () => {
  const seeds = Array.from({ length: 150 }, (_, index) => index + 1);

  const failed = seeds.map((seed) => playSeed(seed)).filter(({ failure }) => failure !== undefined);

  expect(failed).toEqual([]);
  const drawn = seeds.map(optionsOf);
  expect(new Set(drawn.map(({ nodes }) => nodes))).toEqual(new Set([1, 3, 4, 5, 7]));
  expect(drawn.filter(({ changes, damage }) => changes && damage).length).toBeGreaterThan(20);
});

test('one seed plays the same run every time', () => {
  const traces = [1, 2].map(() => {
    const lines: string[] = [];
    playSeed(7, { trace: (line) => lines.push(line) });
    return lines;
  });

  expect(traces[0]!.length).toBeGreaterThan(20);
  expect(traces[0]).toEqual(traces[1]);
});

test.each([
  { mutation: { speakBeforePersist: true }, nodes: 3, because: 'R3: a vote left before it was durable' },
  { mutation: { forgetFormation: true }, nodes: 5, because: 'R8: after a restart too few of those named are enough' },
])('the simulation is able to fail: $because', ({ mutation, nodes }) => {
  const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

  expect(() => {
    for (const seed of seeds) play({ seed, nodes, absent: nodes === 5 ? 2 : 0, mutation });
  }).toThrow(/R[38]/);
});

test('brokers that start together found one cluster with all of them within 100 ms', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const cluster = new SimulatedCluster({ seed, nodes: 3 });
    cluster.heal();

    cluster.run(100, () => cluster.hasConverged);

    expect(cluster.hasConverged, `seed ${seed}\n${cluster.describe()}`).toBe(true);
    expect(cluster.leader?.core.voters).toHaveLength(3);
  }
});

test('two of three found the cluster, and the third becomes a voter when it comes', () => {
  const cluster = new SimulatedCluster({ seed: 1, nodes: 3 });
  cluster.heal({ absent: 1 });
  cluster.run(3000, () => cluster.hasConverged);
  expect(cluster.leader?.core.voters.map(({ id }) => id)).toEqual([1, 2]);

  cluster.heal();
  cluster.run(cluster.now + 5000, () => cluster.leader?.core.voters.length === 3 && cluster.hasConverged);

  expect(cluster.leader?.core.voters.map(({ id }) => id)).toEqual([1, 2, 3]);
});

test('a minority of those named founds nothing, however long it waits', () => {
  const cluster = new SimulatedCluster({ seed: 1, nodes: 5 });
  cluster.heal({ absent: 3 });

  cluster.run(120_000);

  expect(cluster.alive.map(({ core }) => core.clusterId)).toEqual([undefined, undefined]);
  expect(cluster.alive.map(({ core }) => core.epoch)).toEqual([0, 0]);
});
