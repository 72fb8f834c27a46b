import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { markdownIn } from '../support/pages.ts';
import { runAsNpm, spansOf, withoutNpm } from '../support/shown-commands.ts';
import { areThoroughTestsWanted } from './installed.ts';

const root = join(import.meta.dirname, '..', '..');
const shown = [...new Set(markdownIn('docs').flatMap((page) => spansOf(readFileSync(join(root, page), 'utf8'))))];

/** Campaigns that the pages of docs/ name in their text and no other test starts as a program, and how each is cut down to seconds. */
const cuts: readonly { script: string; shorter: readonly [shown: RegExp, instead: string][]; more: string; says: RegExp }[] = [
  { script: 'chaos:pause', shorter: [[/--kills \d+/, '--kills 1']], more: '', says: /^http +all +1 /m },
  { script: 'crash-points', shorter: [], more: '--seeds 1 --every 20000', says: /wrong: 0$/m },
  {
    script: 'test:copy',
    shorter: [],
    more: "--records=20000 --pair='ours to ours'",
    says: /^ours to ours, consume \| produce: 20000 records, the same checksums/m,
  },
];
const commands = cuts.flatMap((cut) =>
  shown.filter((span) => span.split(' -- ')[0] === `npm run ${cut.script}`).map((span) => ({ ...cut, span })),
);

test('each of them is still in the pages', () => {
  expect(cuts.filter(({ script }) => !commands.some((command) => command.script === script))).toEqual([]);
});

describe.runIf(areThoroughTestsWanted)('campaigns that the pages name', { timeout: 200_000 }, () => {
  test.each(commands)('$span', async ({ span, shorter, more, says }) => {
    const short = shorter.reduce((so, [from, to]) => so.replace(from, to), withoutNpm(span));
    const ended = await runAsNpm(`${short} ${more}`, 190_000);

    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    expect(ended.stdout).toMatch(says);
  });
});
