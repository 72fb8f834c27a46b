import { mutants } from '../mutants/index.ts';
import type { WorkloadKind } from '../plan/plan.ts';
import { runFarm } from './farm.ts';
import type { SentResult } from './report.ts';

interface Caught {
  /** How many seeds it took, counted from the first. */
  readonly seeds: number;
  readonly seed: number;
  readonly by: string;
}

/** Plants each fault in turn and runs seeds until one fails. Prints a table as markdown; ends with 1 when a fault was not caught. */
export async function runMutants(options: {
  names: readonly string[];
  from: number;
  most: number;
  jobs: number;
  workload: WorkloadKind;
}): Promise<number> {
  const { names, from, most, jobs, workload } = options;
  const rows: string[] = [];
  let missed = 0;
  for (const name of names) {
    const { breaks } = mutants[name]!;
    const caught = await seedsUntilCaught(name, { from, most, jobs, workload });
    if (caught === undefined) missed++;
    const seeds = caught === undefined ? `not in ${most}` : String(caught.seeds);
    rows.push(`| \`${name}\` | ${breaks} | ${seeds} | ${caught?.by ?? ''} |`);
    process.stderr.write(`${name}: ${seeds} ${caught?.by ?? ''}\n`);
  }
  console.log('| fault | what it breaks | seeds until it is caught | what notices it |\n|---|---|---|---|');
  console.log(rows.join('\n'));
  return missed === 0 ? 0 : 1;
}

async function seedsUntilCaught(
  mutant: string,
  { from, most, jobs, workload }: { from: number; most: number; jobs: number; workload: WorkloadKind },
): Promise<Caught | undefined> {
  const failed: SentResult[] = [];
  let next = from;
  await runFarm({
    jobs,
    mutant,
    workload,
    next: () => (failed.length > 0 || next >= from + most ? undefined : next++),
    done: (result) => {
      if (result.failure !== undefined) failed.push(result);
    },
  });
  const [first] = failed.sort((a, b) => a.seed - b.seed);
  if (first === undefined) return undefined;
  const by = first.failure!.split('\n')[0]!.replaceAll('|', '/').slice(0, 110);
  return { seeds: first.seed - from + 1, seed: first.seed, by };
}
