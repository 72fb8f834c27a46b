import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { madePages } from './documentation.ts';
import { blocksOf, hasCommands, markdownIn } from './support/pages.ts';

const root = join(import.meta.dirname, '..');

test.each(madePages)('$path says what the code says (npm run docs writes it anew)', ({ path, render }) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(render());
});

test('every link from one page of this repository to another leads somewhere', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', ...markdownIn('docs'), ...markdownIn('test')];
  const broken = pages.flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!);
    return targets.filter((target) => !existsSync(join(root, dirname(page), target))).map((target) => `${page} -> ${target}`);
  });

  expect(broken).toEqual([]);
});

/** Tests that run all of a page, or all of it from a comment of its own on, which names the test. */
const runWhole: Readonly<Record<string, string>> = {
  'README.md': 'test/end-to-end/readme.test.ts',
  'docs/clients.md': 'test/clients/snippets.test.ts',
};

test('every command in a block of the README or of docs/ is run by a test, or a comment above it says why not', () => {
  const unaccounted = ['README.md', ...markdownIn('docs')].flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const all = blocksOf(page).filter(hasCommands);
    const [, fromHere] = /<!-- The examples from here on are run, in their order, by (\S+?):/.exec(text) ?? [];
    const from = fromHere === undefined ? Number.POSITIVE_INFINITY : text.slice(0, text.indexOf(fromHere)).split('\n').length;
    return all.filter(({ line, note }) => {
      const by = runWhole[page] ?? /^run by (\S+)$/.exec(note ?? '')?.[1] ?? (line >= from ? fromHere : undefined);
      if (by === undefined) return !/^not run: .{10}/.test(note ?? '');
      // The test has to read the page: else it would not see what changes there.
      return !existsSync(join(root, by)) || !readFileSync(join(root, by), 'utf8').includes(page.split('/').at(-1)!);
    });
  });

  expect(unaccounted.map(({ page, line, code }) => `${page}:${line}: ${code.split('\n')[0]}`)).toEqual([]);
});
