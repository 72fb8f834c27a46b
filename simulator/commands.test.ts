import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf } from '../test/support/pages.ts';
import { run } from '../test/support/processes.ts';
import { withoutNpm } from '../test/support/shown-commands.ts';
import { drawPlan } from './plan/draw-plan.ts';
import { writePlan } from './plan/plan-file.ts';

const root = join(import.meta.dirname, '..');
const lines = blocksOf('docs/internals/simulator.md')
  .filter(({ note }) => note === 'run by simulator/commands.test.ts')
  .flatMap(({ code }) => code.trimEnd().split('\n'));

/** How each line is cut down to a run of seconds, and what comes of it. Seed 5 is a short one. */
const cuts: readonly { shown: RegExp; instead: string; code: number; says: RegExp }[] = [
  { shown: /^--seeds 500$/, instead: '--seeds 1 --from 5', code: 0, says: /^1 passed, 0 failed$/m },
  { shown: /^--hours 8$/, instead: '--hours 0.0002 --from 5 --jobs 1', code: 0, says: /^\d+ passed, 0 failed$/m },
  { shown: /^--seed 42 --trace$/, instead: '--seed 5 --trace', code: 0, says: /^ *\d+\.\d{3} s .*\nseed 5: held; /m },
  { shown: /^--seed 42 --shrink$/, instead: '--seed 5 --shrink', code: 0, says: /^seed 5 holds: there is nothing to shrink$/m },
  { shown: /^--plan FILE --trace$/, instead: '--plan plan.json --trace', code: 0, says: /^seed 5: held; /m },
  { shown: /^--check-determinism 20$/, instead: '--check-determinism 1 --from 5', code: 0, says: /^2 passed, 0 failed$/m },
  { shown: /^--mutant NAME$/, instead: '--mutant answer-before-sync --seeds 1', code: 1, says: /^FAILED seeds: 1$/m },
  { shown: /^--mutants$/, instead: '--mutants --mutant answer-before-sync', code: 0, says: /^\| `answer-before-sync` \|/m },
  { shown: /^--workload transactions --seeds 300$/, instead: '--workload transactions --seeds 1', code: 0, says: /^1 passed, 0 failed$/m },
];
const simulate = 'node simulator/main.ts ';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kafka-lite-simulate-'));
  writeFileSync(join(directory, 'plan.json'), writePlan(drawPlan(5, 'records')));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('the page shows these commands, and no other', () => {
  expect(lines.map(withoutNpm)).toHaveLength(cuts.length);
});

test.each(lines)('%s', { timeout: 60_000 }, async (line) => {
  const command = withoutNpm(line);
  expect(command.startsWith(simulate), command).toBe(true);
  const args = command.slice(simulate.length);
  const cut = cuts.find(({ shown }) => shown.test(args));
  expect(cut, `"${args}" is not cut down by any rule of this test`).toBeDefined();

  const ended = await run(
    'bash',
    ['-c', `${simulate}${args.replace(cut!.shown, cut!.instead)}`.replace('plan.json', join(directory, 'plan.json'))],
    {
      cwd: root,
      // As npm does. What was compiled for one line need not be for the next.
      env: { PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH']}`, NODE_COMPILE_CACHE: directory },
    },
  );

  expect(ended.code, ended.stderr).toBe(cut!.code);
  expect(ended.stdout).toMatch(cut!.says);
});
