import { raftMutants } from './mutants.ts';
import { runSeeds } from './workers.ts';

/** What became of one fault. */
interface Verdict {
  readonly name: string;
  /** Undefined: no seed noticed it. */
  readonly seed: number | undefined;
  readonly noticed: string;
}

/** Runs every fault until a seed fails, and prints a table. Gives the exit code: 1 when one was not noticed. */
export async function runMutants(options: { readonly from: number; readonly seeds: number; readonly jobs: number }): Promise<number> {
  console.log('| fault | what it breaks | seeds needed | noticed by |\n|---|---|---|---|');
  let missed = 0;
  for (const name of Object.keys(raftMutants)) {
    const { noticed, seed } = await firstFailure(name, options);
    if (seed === undefined) missed++;
    const needed = seed === undefined ? `not noticed by ${options.seeds}` : String(seed - options.from + 1);
    console.log(`| \`${name}\` | ${raftMutants[name]!.breaks} | ${needed} | ${noticed} |`);
  }
  return missed === 0 ? 0 : 1;
}

/** The lowest seed that fails: seeds are given out in their order, and those under way are waited for. */
async function firstFailure(
  name: string,
  options: { readonly from: number; readonly seeds: number; readonly jobs: number },
): Promise<Verdict> {
  let verdict: Verdict = { name, seed: undefined, noticed: '' };
  await runSeeds({ ...options, mutant: name }, ({ failure, seed }) => {
    if (failure !== undefined && (verdict.seed === undefined || seed < verdict.seed))
      verdict = { name, seed, noticed: whatNoticed(failure) };
    return failure !== undefined;
  });
  return verdict;
}

/** `R6: leader lacks committed batch` out of a failure's text, without names and numbers. */
function whatNoticed(failure: string): string {
  const [line = ''] = failure.split('\n');
  return line
    .replace(/^\w*Error( \[\w+\])?: /, '')
    .replace(/#\d+|\b\d+\b/g, 'n')
    .slice(0, 80);
}
