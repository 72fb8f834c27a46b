import { SeededRandom } from '#platform';
import { SimulatedCluster, type SimulationOptions } from './simulated-cluster.ts';

const agreementMs = 60_000;

/** Runs one simulation: faults, then peace, in which all have to agree and what was broken is put right. @throws Error that names what does not hold */
export function play(options: SimulationOptions): SimulatedCluster {
  const cluster = new SimulatedCluster(options);
  playOut(cluster);
  return cluster;
}

function playOut(cluster: SimulatedCluster): void {
  cluster.runWithFaults();
  cluster.trace(() => 'peace');
  cluster.heal();
  agree(cluster);
  exchangeDisks(cluster);
  commitOneMore(cluster);
}

/** How one seed went. */
export interface RaftSeedResult {
  readonly seed: number;
  readonly failure: string | undefined;
  readonly steps: number;
  readonly virtualMs: number;
  readonly committed: number;
  readonly elections: number;
}

/** Plays all that is drawn from a seed. The same seed plays the same run. */
export function playSeed(seed: number, { mutation, trace }: Pick<SimulationOptions, 'mutation' | 'trace'> = {}): RaftSeedResult {
  const options = optionsOf(seed);
  trace?.(
    Object.entries(options)
      .map((pair) => pair.join(' '))
      .join(', '),
  );
  const cluster = new SimulatedCluster({ ...options, ...(mutation && { mutation }), trace });
  let failure: string | undefined;
  try {
    playOut(cluster);
  } catch (error) {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const { now: virtualMs, oracle, steps } = cluster;
  return { seed, failure, steps, virtualMs, committed: oracle.committed.length, elections: oracle.elections };
}

/** What is drawn from a seed. */
export function optionsOf(seed: number): SimulationOptions & { readonly nodes: number } {
  const random = new SeededRandom(`topology of ${seed}`);
  const nodes = [1, 3, 3, 3, 3, 5, 5, 5, 4, 7][random.below(10)]!;
  const absent = random.below(3) === 0 ? random.below(Math.ceil(nodes / 2)) : 0;
  return { seed, nodes, absent, changes: random.below(2) === 0, damage: random.below(3) > 0, faultsMs: 10_000 + random.below(20_000) };
}

function agree(cluster: SimulatedCluster): void {
  cluster.run(cluster.now + agreementMs, () => cluster.hasConverged);
  if (!cluster.hasConverged) throw new Error(`L1: no agreement within a minute:\n${cluster.describe()}`);
}

/** The operator takes each replaced disk out of the voters and puts the new one in. */
function exchangeDisks(cluster: SimulatedCluster): void {
  for (const index of cluster.exchanged) {
    for (let attempt = 0; attempt < 20 && !isVoter(cluster, index); attempt++) {
      cluster.changeVoters(index);
      cluster.run(cluster.now + 500);
    }
    if (!isVoter(cluster, index)) throw new Error(`L1: a replaced disk does not become a voter:\n${cluster.describe()}`);
  }
}

function isVoter(cluster: SimulatedCluster, index: number): boolean {
  const self = cluster.nodes[index]!.self;
  return cluster.leader?.core.voters.some(({ directoryId }) => directoryId === self.directoryId) === true;
}

function commitOneMore(cluster: SimulatedCluster): void {
  const isLast = () => cluster.oracle.committed.at(-1)?.content === 'the last one';
  for (let attempt = 0; attempt < 20 && !isLast(); attempt++) {
    cluster.run(cluster.now + 50);
    if (cluster.leader?.log.batches.at(-1)?.content !== 'the last one') cluster.leader?.append('the last one');
    cluster.run(cluster.now + 500);
  }
  if (!isLast()) throw new Error(`L1: nothing more is committed:\n${cluster.describe()}`);
}
