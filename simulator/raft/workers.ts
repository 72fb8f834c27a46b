import { fork } from 'node:child_process';
import { playSeed, type RaftSeedResult } from '#raft/simulation/play-seed.ts';
import { raftMutants } from './mutants.ts';

/** The argument that makes a worker of this program. */
export const workerFlag = '--worker';

/** A child process: plays the seeds it is told, one after another. */
export function work(mutant: string | undefined): void {
  const mutation = plant(mutant);
  process.on('message', (seed: number) => process.send!(playSeed(seed, { mutation })));
  process.on('disconnect', () => process.exit());
}

/** Plants a fault in this process; gives the part of it that is handed to the simulation. */
export function plant(mutant: string | undefined): (typeof raftMutants)[string]['mutation'] {
  if (mutant === undefined) return undefined;
  const { mutation, plant } = raftMutants[mutant]!;
  plant?.();
  return mutation;
}

/**
 * Spreads seeds over processes.
 * @param onResult true: no more seeds; those that are under way come to their end
 */
export async function runSeeds(
  options: { readonly from: number; readonly seeds: number; readonly jobs: number; readonly mutant: string | undefined },
  onResult: (result: RaftSeedResult) => boolean,
): Promise<void> {
  const { from, jobs, mutant, seeds } = options;
  let next = from;
  let stopped = false;
  const workers = Array.from({ length: Math.min(jobs, seeds) }, () => {
    return new Promise<void>((resolve, reject) => {
      const child = fork(`${import.meta.dirname}/main.ts`, [workerFlag, ...(mutant === undefined ? [] : ['--mutant', mutant])]);
      const more = () => {
        if (!stopped && next < from + seeds) child.send(next++);
        else {
          child.disconnect();
          resolve();
        }
      };
      child.on('message', (result: RaftSeedResult) => {
        stopped = onResult(result) || stopped;
        more();
      });
      child.on('error', reject);
      child.on('exit', (code) => {
        if (code !== 0 && code !== null) reject(new Error(`a worker ended with ${code}`));
      });
      more();
    });
  });
  await Promise.all(workers);
}
