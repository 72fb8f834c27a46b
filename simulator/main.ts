import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { mutants } from './mutants.ts';
import { runSeed, type SeedResult } from './run-seed.ts';

const usage = `npm run simulate -- [options]
  --seeds N     run N seeds (default 100)
  --from S      the first of them (default 1)
  --seed S      run this one seed
  --trace       print what happens as it happens (with --seed)
  --jobs N      processes (default: the number of cores)
  --mutant NAME plant this fault in the code first: ${Object.keys(mutants).join(', ')}
Ends with 0 when all held, with 1 and the failing seeds when not.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string' },
    seed: { type: 'string' },
    trace: { type: 'boolean' },
    jobs: { type: 'string' },
    mutant: { type: 'string' },
    worker: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

if (values.mutant !== undefined && !(values.mutant in mutants)) {
  console.error(`--mutant=${values.mutant} is not known.\n${usage}`);
  process.exit(2);
}
if (values.mutant !== undefined) mutants[values.mutant]!.plant();

if (values.help) console.log(usage);
else if (values.worker) work();
else if (values.seed !== undefined) process.exitCode = await runOne(number('seed', values.seed), values.trace ?? false);
else
  process.exitCode = await runMany(
    number('from', values.from ?? '1'),
    number('seeds', values.seeds ?? '100'),
    number('jobs', values.jobs ?? String(availableParallelism())),
  );

function number(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    console.error(`--${name}=${text} is not a whole number.\n${usage}`);
    process.exit(2);
  }
  return value;
}

async function runOne(seed: number, trace: boolean): Promise<number> {
  const result = await runSeed(seed, { trace: trace ? (line) => console.log(line) : undefined });
  if (!trace || result.failure === undefined) report(result, !trace);
  else console.log(result.failure.stack);
  return result.failure === undefined ? 0 : 1;
}

function report(result: SeedResult, withTimeline: boolean): void {
  const { seed, failure, timeline, virtualMs, events, acknowledged, read, elections, digest } = result;
  console.log(
    `seed ${seed}: ${failure === undefined ? 'held' : 'FAILED'}; ${(virtualMs / 1000).toFixed(1)} simulated s, ${events} events, ${acknowledged} acknowledged, ${read} read, ${elections} elections, digest ${digest.toString(16)}`,
  );
  if (failure === undefined) return;
  if (withTimeline) for (const line of timeline.slice(-60)) console.log(line);
  console.log(failure.stack ?? failure.message);
  console.log(`again: npm run simulate -- --seed ${seed} --trace`);
}

/** A child process: runs the seeds it is told, one after another. */
function work(): void {
  process.on('message', (seed: number) => {
    void runSeed(seed).then((result) => {
      const { failure, timeline, ...rest } = result;
      process.send!({
        ...rest,
        failure: failure === undefined ? undefined : (failure.stack ?? failure.message),
        timeline: failure === undefined ? [] : timeline,
      });
    });
  });
  process.on('disconnect', () => process.exit());
}

async function runMany(from: number, seeds: number, jobs: number): Promise<number> {
  const failed: number[] = [];
  const totals = { done: 0, virtualMs: 0, acknowledged: 0, events: 0 };
  const startedMs = Date.now();
  let next = from;
  const finished = Array.from({ length: Math.min(jobs, seeds) }, () => {
    return new Promise<void>((resolve, reject) => {
      const child = fork(import.meta.filename, ['--worker', ...(values.mutant === undefined ? [] : ['--mutant', values.mutant])]);
      const more = () => {
        if (next < from + seeds) child.send(next++);
        else {
          child.disconnect();
          resolve();
        }
      };
      child.on('message', (message: Omit<SeedResult, 'failure'> & { failure: string | undefined }) => {
        totals.done++;
        totals.virtualMs += message.virtualMs;
        totals.acknowledged += message.acknowledged;
        totals.events += message.events;
        if (message.failure !== undefined) {
          failed.push(message.seed);
          process.stderr.write('\n');
          report({ ...message, failure: Object.assign(new Error(), { stack: message.failure }) }, true);
        }
        progress(totals, seeds, failed.length, startedMs);
        more();
      });
      child.on('error', reject);
      child.on('exit', (code) => {
        if (code !== 0 && code !== null) reject(new Error(`a worker ended with ${code}`));
      });
      more();
    });
  });
  await Promise.all(finished);
  const seconds = (Date.now() - startedMs) / 1000;
  process.stderr.write('\n');
  console.log(
    `${totals.done} seeds in ${seconds.toFixed(0)} s: ${(totals.virtualMs / 3_600_000).toFixed(2)} simulated hours, ${totals.events} events, ${totals.acknowledged} records acknowledged`,
  );
  console.log(failed.length === 0 ? 'all held' : `FAILED seeds: ${failed.sort((a, b) => a - b).join(' ')}`);
  console.log(`${totals.done - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
}

function progress({ done, virtualMs }: { done: number; virtualMs: number }, seeds: number, failures: number, startedMs: number): void {
  const seconds = (Date.now() - startedMs) / 1000;
  const line = `${done}/${seeds} seeds, ${(done / seconds).toFixed(1)}/s, ${(virtualMs / 1000 / seconds).toFixed(0)} simulated s/s, ${failures} failed, ${((seeds - done) / (done / seconds)).toFixed(0)} s left`;
  if (process.stderr.isTTY) process.stderr.write(`\r${line.padEnd(100)}`);
  else if (done % 50 === 0) process.stderr.write(`${line}\n`);
}
