import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Which folders of src/ a folder may import from. Folders between the same two arrows are siblings and do not know each other. */
const mayImport = layers([
  ['platform', 'protocol'],
  ['transport'],
  ['storage'],
  ['raft'],
  ['metadata'],
  ['replication', 'coordinators', 'security'],
  ['broker', 'client'],
  ['metrics'],
  ['http'],
  ['cli', 'embed'],
]);
/** The files right in src/ start a front door and do nothing else. */
const rootFiles = new Map([
  ['main.ts', ['cli']],
  ['index.ts', ['embed']],
]);
/** Beside the front doors: folders whose files are imported one by one. */
const importedByFile = /^#protocol\/(apis|stored)\/[a-z0-9-]+\.ts$/;

/** What tests of one folder lend to those of others. */
const forTests = /\/testing\.ts$/;

/** What only some folders may touch, as a pattern over code without comments and the text of its strings. */
const reserved: { what: string; pattern: RegExp; folders: string[] }[] = [
  { what: 'Date.now', pattern: /\bDate\s*\.\s*now\b/, folders: ['platform'] },
  { what: 'new Date() without an argument', pattern: /\bnew\s+Date\b(?!\s*\(\s*[^\s)])/, folders: ['platform'] },
  { what: 'Date()', pattern: /(?<!\bnew\s+)(?<![\w.#$])Date\s*\(/, folders: ['platform'] },
  { what: 'Math.random', pattern: /\bMath\s*\.\s*random\b/, folders: ['platform'] },
  { what: 'a timer', pattern: /(?<![\w#$]|(?<!globalThis)\.)set(Timeout|Interval|Immediate)\b/, folders: ['platform'] },
  { what: 'performance.now', pattern: /\bperformance\s*\.\s*now\b/, folders: ['platform'] },
  { what: 'process.hrtime', pattern: /\bprocess\s*\.\s*hrtime\b/, folders: ['platform'] },
  { what: 'randomness', pattern: /\b(randomBytes|randomInt|randomUUID|randomFill(Sync)?|getRandomValues)\b/, folders: ['platform'] },
];
/** Who may import which of Node's modules and other packages. A type-only import leaves nothing in the running program, and is free. */
const reservedModules: { pattern: RegExp; folders: string[] }[] = [
  { pattern: /^(node:)?(fs|net|dgram|timers|perf_hooks)(\/.*)?$/, folders: ['platform'] },
  { pattern: /^pino(\/.*)?$/, folders: ['platform'] },
  { pattern: /^prom-client(\/.*)?$/, folders: ['metrics'] },
  { pattern: /^(node:)?child_process$/, folders: ['cli'] },
  // The interactive clients of the command line are HTTP clients.
  { pattern: /^(node:)?https?$/, folders: ['http', 'cli'] },
  { pattern: /^(node:http2|http2|fastify|@fastify\/.*)$/, folders: ['http'] },
];

describe('the sources', () => {
  const root = join(import.meta.dirname, '..', 'src');
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .sort();

  test('imports point one way, through front doors, and only platform/ touches the world outside', () => {
    expect(paths.length).toBeGreaterThan(100);
    expect(paths.flatMap((path) => violationsIn(path, readFileSync(join(root, path), 'utf8')))).toEqual([]);
  });
});

describe('the checker', () => {
  test.each([
    ['storage/a.ts', `import { x } from '#raft';`, 'storage may not import raft'],
    ['storage/a.ts', `export * from\n  "#broker"`, 'storage may not import broker'],
    ['storage/a.ts', `const x = await import('#http');`, 'storage may not import http'],
    ['storage/a.ts', `import type { X } from '#raft';`, 'storage may not import raft'],
    ['storage/a.ts', `import '#cli'`, 'storage may not import cli'],
    ['platform/a.ts', `import { x } from '#protocol';`, 'platform may not import protocol'],
    ['protocol/a.ts', `import { x } from '#platform';`, 'protocol may not import platform'],
    ['security/a.ts', `import { x } from '#replication';`, 'security may not import replication'],
    ['embed/a.ts', `import { x } from '#cli';`, 'embed may not import cli'],
    ['raft/a.test.ts', `import { x } from '#metadata';`, 'raft may not import metadata'],
    ['broker/a.ts', `import { x } from '#storage/log.ts';`, "'#storage/log.ts' is not a front door"],
    ['broker/a.ts', `import { x } from '#protocol/schema/define.ts';`, "'#protocol/schema/define.ts' is not a front door"],
    ['broker/a.ts', `import { x } from '#storage/testing.ts';`, "'#storage/testing.ts' is not a front door"],
    ['broker/handlers/a.ts', `import { x } from '../../storage/index.ts';`, "'../../storage/index.ts' leaves the folder: use '#storage'"],
    ['main.ts', `import { x } from '#broker';`, 'main.ts may not import broker'],
    ['helpers/a.ts', `import { x } from '#platform';`, 'helpers is in no layer'],
    ['storage/a.ts', `import fs from 'node:fs';`, "only platform may import 'node:fs'"],
    ['storage/a.ts', `import { readFile } from 'fs/promises';`, "only platform may import 'fs/promises'"],
    ['storage/a.ts', `const net = require('net');`, "only platform may import 'net'"],
    ['transport/a.ts', `import wait from 'node:timers/promises';`, "only platform may import 'node:timers/promises'"],
    ['broker/a.ts', `import { spawn } from 'node:child_process';`, "only cli may import 'node:child_process'"],
    ['broker/a.ts', `import { x } from '#metrics';`, 'broker may not import metrics'],
    ['broker/a.ts', `import { Registry } from 'prom-client';`, "only metrics may import 'prom-client'"],
    ['broker/a.ts', `import Fastify from 'fastify';`, "only http may import 'fastify'"],
    ['raft/a.ts', 'const now = Date.now();', 'only platform may use Date.now'],
    ['raft/a.ts', 'const now = Date\n  .now;', 'only platform may use Date.now'],
    ['raft/a.ts', 'const now = new Date();', 'only platform may use new Date() without an argument'],
    ['raft/a.ts', 'const now = +new Date;', 'only platform may use new Date() without an argument'],
    ['raft/a.ts', 'const now = Date();', 'only platform may use Date()'],
    ['raft/a.ts', 'const x = Math.random();', 'only platform may use Math.random'],
    ['raft/a.ts', 'setTimeout(() => {}, 5);', 'only platform may use a timer'],
    ['raft/a.ts', 'globalThis.setInterval(f, 5);', 'only platform may use a timer'],
    ['raft/a.ts', 'const later = { run: setImmediate };', 'only platform may use a timer'],
    ['raft/a.ts', 'const start = performance.now();', 'only platform may use performance.now'],
    ['raft/a.ts', 'process.hrtime.bigint();', 'only platform may use process.hrtime'],
    ['raft/a.ts', `import { randomBytes } from 'node:crypto';`, 'only platform may use randomness'],
    ['raft/a.ts', `\`\${\`\${Date.now()}\`}\``, 'only platform may use Date.now'],
    ['raft/a.ts', `const a = b / c; Math.random(); d / e;`, 'only platform may use Math.random'],
    ['raft/a.ts', `/* a comment */ Date.now(); // another`, 'only platform may use Date.now'],
    ['raft/a.ts', `const quote = /["'\`/*]/; Date.now();`, 'only platform may use Date.now'],
  ])('finds the fault in %s: %s', (path, source, fault) => {
    expect(violationsIn(path, source)).toEqual([`src/${path}: ${fault}`]);
  });

  test.each([
    ['storage/a.ts', `import { x } from '#platform';\nimport { y } from './b.ts';\nimport { z } from './deeper/c.ts';`],
    ['storage/deep/a.ts', `import { y } from '../b.ts';\nimport assert from 'node:assert/strict';`],
    ['broker/a.ts', `import { x } from '#protocol/apis/fetch.ts';\nimport { y } from '#protocol/stored/topic-record.ts';`],
    ['broker/a.ts', `import { x } from '#security';\nimport { y } from '#coordinators';`],
    ['main.ts', `import { run } from '#cli';`],
    ['index.ts', `export { startCluster } from '#embed';`],
    ['http/a.ts', `import Fastify from 'fastify';\nimport http from 'node:http';\nimport type { Socket } from 'node:net';`],
    ['cli/a.ts', `import { spawn } from 'node:child_process';`],
    ['platform/node/a.ts', `import fs from 'node:fs'; Date.now(); setTimeout(f, 1); Math.random();`],
    ['raft/a.test.ts', `import fs from 'node:fs'; setTimeout(f, 1);`],
    ['raft/a.test.ts', `import { damagedLog } from '#storage/testing.ts';`],
    ['raft/testing.ts', `import { damagedLog } from '#storage/testing.ts';`],
    ['raft/a.ts', `// Date.now() and import '#cli'\n/* Math.random() */ const text = "new Date()"; const other = 'it\\'s setTimeout(';`],
    ['raft/a.ts', `\`from "#cli" Date.now() \${name} Math.random()\``],
    ['raft/a.ts', 'const at = new Date(timestampMs); socket.setTimeout(5); this.#setTimeout(); const taskSetTimeout = 1;'],
    ['raft/a.ts', `const pattern = /Date.now()/g; const ratio = width / 2 / height;`],
    ['raft/a.ts', `const bytes = Buffer.from('#cli'); const x = Array.from("#http");`],
  ])('finds no fault in %s: %s', (path, source) => {
    expect(violationsIn(path, source)).toEqual([]);
  });
});

/** What a file under src/ does that it may not, in words. Tests may touch the world outside and use other folders' test helpers. */
function violationsIn(path: string, source: string): string[] {
  const folder = path.includes('/') ? path.slice(0, path.indexOf('/')) : undefined;
  const allowed = folder === undefined ? rootFiles.get(path) : mayImport.get(folder);
  const name = folder ?? path;
  if (!allowed) return [`src/${path}: ${name} is in no layer`];
  const { code, strings } = scan(source);
  const isTest = path.endsWith('.test.ts');
  const mayShareTests = isTest || path.endsWith('/testing.ts');
  const faults = importsOf(code, strings).map(({ specifier, isType }) => {
    if (specifier.startsWith('#'))
      return (
        directionFault(specifier, name, folder, allowed) ??
        (mayShareTests && forTests.test(specifier) ? undefined : frontDoorFault(specifier))
      );
    if (specifier.startsWith('.')) return relativeFault(specifier, path, folder);
    return isTest || isType ? undefined : moduleFault(specifier, name);
  });
  if (!isTest) {
    for (const { what, pattern, folders } of reserved) {
      if (!folders.includes(name) && pattern.test(code)) faults.push(`only ${folders.join(' and ')} may use ${what}`);
    }
  }
  return faults.filter((fault) => fault !== undefined).map((fault) => `src/${path}: ${fault}`);
}

function directionFault(specifier: string, name: string, folder: string | undefined, allowed: readonly string[]): string | undefined {
  const target = folderOf(specifier);
  return target === folder || allowed.includes(target) ? undefined : `${name} may not import ${target}`;
}

function frontDoorFault(specifier: string): string | undefined {
  return specifier === `#${folderOf(specifier)}` || importedByFile.test(specifier) ? undefined : `'${specifier}' is not a front door`;
}

function folderOf(specifier: string): string {
  return specifier.slice(1).split('/')[0]!;
}

function relativeFault(specifier: string, path: string, folder: string | undefined): string | undefined {
  const target = new URL(specifier, `file:///${path}`).pathname.slice(1).split('/');
  if (folder === undefined ? target.length === 1 : target[0] === folder) return undefined;
  return `'${specifier}' leaves the folder: use '#${target[0]}'`;
}

function moduleFault(specifier: string, name: string): string | undefined {
  const rule = reservedModules.find(({ pattern }) => pattern.test(specifier));
  return rule && !rule.folders.includes(name) ? `only ${rule.folders.join(' and ')} may import '${specifier}'` : undefined;
}

/** What a piece of scanned code imports, in any form: import, export from, import(), require(). */
function importsOf(code: string, strings: readonly string[]): { specifier: string; isType: boolean }[] {
  const importing =
    /(?:\b(?:import|export)\s+(type)\s[^;"]*?\bfrom\s*|(?<![.\w#$])from\s*|(?<![.\w#$])(?:import|require)\s*\(?\s*)"§(\d+)"/g;
  return [...code.matchAll(importing)].map(([, isType, index]) => ({ specifier: strings[Number(index)]!, isType: isType !== undefined }));
}

/** Comments, strings, regular expressions (only where a value may begin), and everything else character by character. */
const tokens = [
  /\/\/[^\n]*|\/\*.*?\*\//,
  /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"/,
  /(?<=(?:^|[=(,:;[!&|?{}+\-*%<>~^]|\breturn|\bcase)\s*)\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/,
  /./,
];

/** The code without its comments, each string replaced by "§" and its number in `strings`. Code within templates stays. */
function scan(source: string): { code: string; strings: string[] } {
  const strings: string[] = [];
  const token = new RegExp(tokens.map((pattern) => pattern.source).join('|'), 'gsy');
  let code = '';
  /** For each template that is open: how many braces are open in its current substitution. */
  const templates: number[] = [];
  token.lastIndex = 0;
  for (let match = token.exec(source); match; match = token.exec(source)) {
    const [text, single, double] = match;
    if (single !== undefined || double !== undefined) {
      code += `"§${strings.push(single ?? double ?? '') - 1}"`;
    } else if (text === '`' || (text === '}' && templates.at(-1) === 0)) {
      if (text === '}') templates.pop();
      token.lastIndex = skipTemplateText(source, token.lastIndex, templates);
      code += ' ';
    } else if (text.length > 1) {
      code += ' ';
    } else {
      const depth = text === '{' ? 1 : text === '}' ? -1 : 0;
      if (depth !== 0 && templates.length > 0) templates.push(templates.pop()! + depth);
      code += text;
    }
  }
  expect(templates, 'a template that does not end: the scanner has lost its way').toEqual([]);
  return { code, strings };
}

/** Passes over a template's text up to its end, or into its next substitution; gives where to go on. */
function skipTemplateText(source: string, from: number, templates: number[]): number {
  for (let at = from; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '`') return at + 1;
    else if (source.startsWith('${', at)) {
      templates.push(0);
      return at + 2;
    }
  }
  return source.length;
}

/** Rows of siblings, from left to right: each may import all rows before its own. */
function layers(rows: string[][]): Map<string, string[]> {
  return new Map(rows.flatMap((row, index) => row.map((folder) => [folder, rows.slice(0, index).flat()] as [string, string[]])));
}
