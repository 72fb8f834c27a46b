import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { madePages } from './documentation.ts';

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

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.includes('.cache') && !name.includes('node_modules'))
    .map((name) => join(folder, name));
}
