import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { madePages } from './documentation.ts';
import { blocksOf, hasCommands, markdownIn } from './support/pages.ts';
import {
  commandNames,
  complaintAbout,
  flagsIn,
  flagsOfCommands,
  flagsOfProgram,
  flagsOfScript,
  programOf,
  spansOf,
  wrongScripts,
} from './support/shown-commands.ts';

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

test('no block stands where the tests of these pages would not see it, indented or between other marks', () => {
  const hidden = ['README.md', ...markdownIn('docs')].filter((page) =>
    /^(?:[ \t>]+```|[ \t>]*~~~)/m.test(readFileSync(join(root, page), 'utf8')),
  );

  expect(hidden).toEqual([]);
});

const read = (page: string) => readFileSync(join(root, page), 'utf8');
const shown = ['README.md', 'CONTRIBUTING.md', ...markdownIn('docs')];

test('every npm run in a page, in its blocks and in its text, names a script and flags that there are', () => {
  const wrong = [...shown, 'CHANGELOG.md', ...markdownIn('test')].flatMap((page) =>
    wrongScripts(read(page)).map((each) => `${page}: ${each}`),
  );

  expect(wrong).toEqual([]);
});

/** Who runs the scripts that pages name, as programs of their own. */
const scriptsRunBy: Readonly<Record<string, readonly string[]>> = {
  '.ci/run': ['lint', 'types', 'test:package', 'test:deployment', 'test:clients:quick', 'simulate', 'simulate:raft', 'crash', 'chaos'],
  'test/clients/benchmarks.test.ts': [
    'benchmark',
    'benchmark:consume',
    'benchmark:groups',
    'benchmark:embedded',
    'benchmark:http',
    'test:clients:install',
  ],
  'test/clients/campaigns.test.ts': ['chaos:pause', 'crash-points', 'test:copy'],
  'test/end-to-end/readme.test.ts': ['quickstart'],
  'test/package/executable.test.ts': ['executable'],
};
/** Nobody runs these as they stand. */
const scriptsNotRun: Readonly<Record<string, string>> = {
  docs: 'it writes the pages of docs/reference, which the first test here compares with what it would write',
  format: 'it is lint, and writes',
  'protocol:check': "it needs Kafka's definitions; test/protocol-check/compare.test.ts compares with one that is written like them",
  'test:clients': 'it is test:clients:quick with more',
};

test('every script that the README, docs/ or CONTRIBUTING name is run by a test or by CI', () => {
  const named = new Set(shown.flatMap((page) => [...read(page).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name!)));
  const run = Object.entries(scriptsRunBy).flatMap(([path, names]) => {
    const text = read(path);
    const calls = (name: string) => new RegExp(`npm run ${name}(?![\\w:-])|'run', '${name}'|script: '${name}'`).test(text);
    return names.filter((name) => calls(name) || text.includes(`${programOf(name)}'`));
  });

  expect([...named].filter((name) => !run.includes(name) && !(name in scriptsNotRun))).toEqual([]);
});

test('every program of this repository that a page has bash or Node run is there', () => {
  const missing = [...shown, ...markdownIn('test')].flatMap((page) => {
    const named = [...read(page).matchAll(/\b(?:bash|node)(?: --\S+)* ((?:\.ci|benchmarks|packaging|simulator|src|test)\/[\w./-]+)/g)];
    return named.filter(([, path]) => !existsSync(join(root, path!))).map(([command]) => `${page}: ${command}`);
  });

  expect(missing).toEqual([]);
});

test('every command of ours in the running text of a page is one that the command line knows, with its flags', () => {
  const names = commandNames();
  const commands = shown.flatMap((page) =>
    spansOf(read(page)).flatMap((span) => {
      const words = /^(?:\.\/|npx )?kafka-lite-cluster (.*)$/.exec(span)?.[1] ?? span;
      const isOurs = words !== span || (words.includes(' ') && names.includes(words.split(' ')[0]!));
      return isOurs ? [{ page, span, complaint: complaintAbout(words) }] : [];
    }),
  );

  expect(commands.length).toBeGreaterThan(40);
  expect(commands.filter(({ complaint }) => complaint !== undefined)).toEqual([]);
});

test('every command of ours in a block is one that the command line knows, with its flags, though it may be run elsewhere only', () => {
  const lines = shown.flatMap(blocksOf).flatMap(({ code }) => code.replaceAll(/\\\n\s*/g, '').split('\n'));
  const commands = lines.flatMap((line) =>
    [...line.matchAll(/(?<=^(?:\$ )?|\| )(?:\.\/|npx )?kafka-lite-cluster ([^#]*)/g)].map(([, words]) => words!),
  );

  expect(commands.length).toBeGreaterThan(40);
  expect(commands.map(complaintAbout).filter((complaint) => complaint !== undefined)).toEqual([]);
});

/** Flags of other people's programs that a page speaks of. */
const foreignFlags: Readonly<Record<string, string>> = {
  '--heap-growing-percent': 'V8',
  '--standalone': "Kafka's kafka-storage",
};

test('every flag that stands alone in the text of a page is one of our commands, or of a program that the page shows', () => {
  const ours = flagsOfCommands();
  const unknown = shown.flatMap((page) => {
    const text = read(page);
    const scripts = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].flatMap(([, name]) => [...flagsOfScript(name!)]);
    const programs = [...text.matchAll(/\bnode ([\w/-]+\.ts)/g)].flatMap(([, path]) => [...flagsOfProgram(path!)]);
    const known = new Set([...ours, ...scripts, ...programs, ...Object.keys(foreignFlags)]);
    const flags = spansOf(text)
      .filter((span) => span.startsWith('--'))
      .flatMap(flagsIn);
    return flags.filter((flag) => !known.has(flag)).map((flag) => `${page}: ${flag}`);
  });

  expect(unknown).toEqual([]);
});

test("each flag in a table of the command line's page belongs to a command of the heading above it", () => {
  const sections = read('docs/operating/command-line.md').split(/^## /m);
  const names = commandNames();
  const wrong = sections.flatMap((section) => {
    const [heading] = section.split('\n');
    const commands = heading!.split(/[ ,]+/).filter((word) => names.includes(word));
    const cells = [...section.matchAll(/^\|([^|]*)\|/gm)].map(([, cell]) => cell!);
    const flags = cells.flatMap(spansOf).flatMap((span) => /^--?[\w-]+/.exec(span)?.[0] ?? []);
    if (flags.length === 0) return [];
    const there = flagsOfCommands(commands);
    return flags.filter((flag) => !there.has(flag)).map((flag) => `${heading}: ${flag}`);
  });

  expect(wrong).toEqual([]);
});
