import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { WorkloadKind } from '../plan/plan.ts';
import { runSeed } from '../run-plan.ts';
import { type SentResult, textOf } from './report.ts';

interface FarmOptions {
  readonly workload: WorkloadKind;
  readonly jobs: number;
  readonly mutant?: string | undefined;
  /** The next seed to run; undefined: there is nothing more to do. */
  next(): number | undefined;
  done(result: SentResult): void;
}

/** Runs seeds in several processes, each one seed after another. Resolves when all that were begun have ended. */
export async function runFarm(options: FarmOptions): Promise<void> {
  const children: ChildProcess[] = [];
  try {
    await Promise.all(Array.from({ length: options.jobs }, () => runWorker(options, children)));
  } finally {
    for (const child of children) child.kill();
  }
}

function runWorker(options: FarmOptions, children: ChildProcess[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const mutant = options.mutant === undefined ? [] : ['--mutant', options.mutant];
    const child = fork(join(import.meta.dirname, '../main.ts'), ['--worker', '--workload', options.workload, ...mutant]);
    children.push(child);
    let isDone = false;
    const more = () => {
      const seed = options.next();
      if (seed !== undefined) {
        child.send(seed);
        return;
      }
      isDone = true;
      child.disconnect();
      resolve();
    };
    child.on('message', (result: SentResult) => {
      options.done(result);
      more();
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (!isDone) reject(new Error(`a worker ended with ${signal ?? code} before its seed was done`));
    });
    more();
  });
}

/** The other side: runs the seeds that it is told, until nobody tells it any more. */
export function serveFarm(workload: WorkloadKind): Promise<number> {
  process.on('message', (seed: number) => {
    void runSeed(seed, { workload }).then((result) => process.send!({ ...result, failure: textOf(result.failure) } satisfies SentResult));
  });
  return new Promise((resolve) => {
    process.on('disconnect', () => resolve(0));
  });
}
