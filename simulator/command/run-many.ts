import type { WorkloadKind } from '../plan/plan.ts';
import { runFarm } from './farm.ts';
import { report, type SentResult } from './report.ts';

export interface ManyOptions {
  readonly workload: WorkloadKind;
  readonly from: number;
  readonly seeds: number;
  /** Stop after so long. */
  readonly forMs?: number;
  readonly jobs: number;
  readonly mutant?: string | undefined;
  /** Run each seed twice and compare. */
  readonly twice?: boolean;
}

/** Runs seeds on all cores, with a progress line. */
export async function runMany(options: ManyOptions): Promise<number> {
  const failed: number[] = [];
  const totals = { done: 0, virtualMs: 0, acknowledged: 0, events: 0 };
  const startedMs = Date.now();
  const first = new Map<number, SentResult>();
  let begun = 0;
  const runs = options.seeds * (options.twice ? 2 : 1);
  await runFarm({
    jobs: Math.min(options.jobs, runs),
    mutant: options.mutant,
    workload: options.workload,
    next() {
      if (begun >= runs || (options.forMs !== undefined && Date.now() - startedMs >= options.forMs)) return undefined;
      return options.from + Math.floor(begun++ / (options.twice ? 2 : 1));
    },
    done(result) {
      totals.done++;
      totals.virtualMs += result.virtualMs;
      totals.acknowledged += result.acknowledged;
      totals.events += result.events;
      const other = first.get(result.seed);
      const differs = other !== undefined && (other.digest !== result.digest || other.acknowledged !== result.acknowledged);
      if (options.twice) first.set(result.seed, result);
      const failure = differs
        ? `seed ${result.seed} twice gives two runs: digests ${other.digest.toString(16)} and ${result.digest.toString(16)}`
        : result.failure;
      if (failure !== undefined && !failed.includes(result.seed)) {
        failed.push(result.seed);
        process.stderr.write('\n');
        report(
          { ...result, failure },
          `npm run simulate -- ${options.workload === 'records' ? '' : `--workload ${options.workload} `}--seed ${result.seed} --trace`,
        );
      }
      progress(totals, runs, failed.length, startedMs);
    },
  });
  const seconds = (Date.now() - startedMs) / 1000;
  process.stderr.write('\n');
  console.log(
    `${totals.done} runs in ${seconds.toFixed(0)} s: ${(totals.virtualMs / 3_600_000).toFixed(2)} simulated hours, ${totals.events} events, ${totals.acknowledged} records acknowledged`,
  );
  console.log(failed.length === 0 ? 'all held' : `FAILED seeds: ${failed.sort((a, b) => a - b).join(' ')}`);
  console.log(`${totals.done - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
}

function progress({ done, virtualMs }: { done: number; virtualMs: number }, runs: number, failures: number, startedMs: number): void {
  const seconds = (Date.now() - startedMs) / 1000;
  const left = runs > 1e9 ? '' : `, ${((runs - done) / (done / seconds)).toFixed(0)} s left`;
  const of = runs > 1e9 ? '' : `/${runs}`;
  const line = `${done}${of} seeds, ${(done / seconds).toFixed(1)}/s, ${(virtualMs / 1000 / seconds).toFixed(0)} simulated s/s, ${failures} failed${left}`;
  if (process.stderr.isTTY) process.stderr.write(`\r${line.padEnd(100)}`);
  else if (done % 50 === 0) process.stderr.write(`${line}\n`);
}
