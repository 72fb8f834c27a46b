import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { playSeed, type RaftSeedResult } from '#raft/simulation/play-seed.ts';
import { runMutants } from './mutant-table.ts';
import { raftMutants } from './mutants.ts';
import { plant, runSeeds, work } from './workers.ts';

const usage = `npm run simulate:raft -- [options]
  --seeds N     run N seeds (default 2000)
  --from S      the first of them (default 1)
  --seed S      run this one seed
  --trace       print what happens as it happens (with --seed)
  --jobs N      processes (default: the number of cores)
  --mutant NAME plant this fault first: ${Object.keys(raftMutants).join(', ')}
  --mutants     run every fault until a seed notices it, at most --seeds (default 1000), and print a table
Ends with 0 when all held (with --mutants: when all were noticed), with 1 and the failing seeds when not.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string' },
    seed: { type: 'string' },
    trace: { type: 'boolean' },
    jobs: { type: 'string' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean' },
    worker: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

if (values.mutant !== undefined && !(values.mutant in raftMutants)) {
  console.error(`--mutant=${values.mutant} is not known.\n${usage}`);
  process.exit(2);
}

const from = number('from', values.from ?? '1');
const jobs = Math.max(1, number('jobs', values.jobs ?? String(availableParallelism())));

if (values.help) console.log(usage);
else if (values.worker) work(values.mutant);
else if (values.seed !== undefined) process.exitCode = runOne(number('seed', values.seed), values.trace ?? false);
else if (values.mutants) process.exitCode = await runMutants({ from, seeds: number('seeds', values.seeds ?? '1000'), jobs });
else process.exitCode = await runMany(number('seeds', values.seeds ?? '2000'));

function number(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    console.error(`--${name}=${text} is not a whole number.\n${usage}`);
    process.exit(2);
  }
  return value;
}

function runOne(seed: number, trace: boolean): number {
  const result = playSeed(seed, { mutation: plant(values.mutant), trace: trace ? (line) => console.log(line) : undefined });
  report(result);
  return result.failure === undefined ? 0 : 1;
}

function report({ committed, elections, failure, seed, steps, virtualMs }: RaftSeedResult): void {
  const verdict = failure === undefined ? 'held' : 'FAILED';
  console.log(
    `seed ${seed}: ${verdict}; ${(virtualMs / 1000).toFixed(1)} simulated s, ${steps} steps, ${committed} batches, ${elections} elections`,
  );
  if (failure === undefined) return;
  console.log(failure);
  const fault = values.mutant === undefined ? '' : ` --mutant ${values.mutant}`;
  console.log(`again: npm run simulate:raft -- --seed ${seed} --trace${fault}`);
}

async function runMany(seeds: number): Promise<number> {
  const failed: number[] = [];
  const totals = { done: 0, virtualMs: 0, steps: 0, committed: 0, elections: 0 };
  const startedMs = Date.now();
  await runSeeds({ from, seeds, jobs, mutant: values.mutant }, (result) => {
    totals.done++;
    totals.virtualMs += result.virtualMs;
    totals.steps += result.steps;
    totals.committed += result.committed;
    totals.elections += result.elections;
    if (result.failure !== undefined) {
      failed.push(result.seed);
      if (process.stderr.isTTY) process.stderr.write('\n');
      report(result);
    }
    progress(totals, seeds, failed.length, startedMs);
    return false;
  });
  const seconds = (Date.now() - startedMs) / 1000;
  if (process.stderr.isTTY) process.stderr.write('\n');
  const { committed, done, elections, steps, virtualMs } = totals;
  console.log(
    `${done} seeds in ${seconds.toFixed(0)} s: ${(virtualMs / 3_600_000).toFixed(2)} simulated hours, ${steps} steps, ${elections} elections, ${committed} batches committed`,
  );
  console.log(failed.length === 0 ? 'all held' : `FAILED seeds: ${failed.sort((a, b) => a - b).join(' ')}`);
  console.log(`${done - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
}

function progress({ done, virtualMs }: { done: number; virtualMs: number }, seeds: number, failures: number, startedMs: number): void {
  if (!process.stderr.isTTY && done % 250 !== 0) return;
  if (process.stderr.isTTY && done % 10 !== 0) return;
  const seconds = (Date.now() - startedMs) / 1000;
  const speed = `${(done / seconds).toFixed(1)}/s, ${(virtualMs / 1000 / seconds).toFixed(0)} simulated s/s`;
  const line = `${done}/${seeds} seeds, ${speed}, ${failures} failed, ${((seeds - done) / (done / seconds)).toFixed(0)} s left`;
  process.stderr.write(process.stderr.isTTY ? `\r${line.padEnd(100)}` : `${line}\n`);
}
