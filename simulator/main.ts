import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { serveFarm } from './command/farm.ts';
import { runMutants } from './command/mutant-table.ts';
import { runMany } from './command/run-many.ts';
import { runOne } from './command/run-one.ts';
import { runShrink } from './command/run-shrink.ts';
import { mutants, mutantsOf } from './mutants/index.ts';
import { drawPlan } from './plan/draw-plan.ts';
import { workloadKinds } from './plan/plan.ts';
import { readPlan } from './plan/plan-file.ts';

const usage = `npm run simulate -- [options]
  --workload KIND        what clients do: records (as a rule), transactions or groups
  --seeds N              run N seeds (default 100)
  --hours H              run seeds for so long
  --from S               the first of them (default 1)
  --check-determinism N  run N seeds twice each: both runs must be the same
  --seed S               run this one seed
  --plan FILE            run the plan in this file
  --trace                print what happens as it happens (with --seed or --plan)
  --shrink               the seed or plan fails: find a plan with few faults that fails as well, and print it
  --jobs N               processes (default: the number of cores)
  --mutant NAME          plant this fault in the code first
  --mutants              plant each fault that the workload is to notice in turn, or those that --mutant names: after how many seeds is it caught? At most --seeds (default 1000)
  Faults to plant: ${Object.keys(mutants).join(', ')}
Ends with 0 when all held, with 1 and the failing seeds when not.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    hours: { type: 'string' },
    from: { type: 'string' },
    'check-determinism': { type: 'string' },
    seed: { type: 'string' },
    plan: { type: 'string' },
    trace: { type: 'boolean' },
    shrink: { type: 'boolean' },
    jobs: { type: 'string' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean' },
    workload: { type: 'string', default: 'records' },
    worker: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const { mutant } = values;
  const workload = workloadKinds.find((kind) => kind === values.workload);
  if (workload === undefined) return complain(`--workload=${values.workload} is none of ${workloadKinds.join(', ')}.`);
  for (const name of mutant?.split(',') ?? []) if (!(name in mutants)) return complain(`--mutant=${name} is not known.`);
  if (values.mutants) {
    const names = mutant?.split(',') ?? mutantsOf[workload];
    return runMutants({
      workload,
      names,
      from: number('from', values.from ?? '1'),
      most: number('seeds', values.seeds ?? '1000'),
      jobs: number('jobs', values.jobs ?? String(availableParallelism())),
    });
  }
  if (mutant !== undefined) mutants[mutant]!.plant();
  if (values.worker) return serveFarm(workload);
  const jobs = number('jobs', values.jobs ?? String(availableParallelism()));
  const from = number('from', values.from ?? '1');
  if (values.seed !== undefined || values.plan !== undefined) {
    const plan = values.plan === undefined ? drawPlan(number('seed', values.seed!), workload) : readPlan(values.plan);
    const again = `npm run simulate -- ${workload === 'records' ? '' : `--workload ${workload} `}${values.plan === undefined ? `--seed ${values.seed}` : `--plan ${values.plan}`}${mutant === undefined ? '' : ` --mutant ${mutant}`}`;
    return values.shrink ? runShrink(plan) : runOne(plan, { trace: values.trace ?? false, again });
  }
  if (values['check-determinism'] !== undefined)
    return runMany({ workload, from, seeds: number('check-determinism', values['check-determinism']), jobs, mutant, twice: true });
  if (values.hours !== undefined)
    return runMany({ workload, from, seeds: Number.MAX_SAFE_INTEGER, forMs: Number(values.hours) * 3_600_000, jobs, mutant });
  return runMany({ workload, from, seeds: number('seeds', values.seeds ?? '100'), jobs, mutant });
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) process.exit(complain(`--${name}=${text} is not a whole number.`));
  return value;
}

function complain(what: string): number {
  console.error(`${what}\n${usage}`);
  return 2;
}
