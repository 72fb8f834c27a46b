import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linkPackage } from '../support/linked-package.ts';
import { succeed } from '../support/processes.ts';

const root = join(import.meta.dirname, '..', '..');
const examples = join(root, 'examples');
const scratch = mkdtempSync(join(tmpdir(), 'examples-'));
/** Of a run of tests within a run of tests. */
const env = {
  ...process.env,
  NODE_ENV: 'test',
  VITEST: undefined,
  VITEST_POOL_ID: undefined,
  VITEST_WORKER_ID: undefined,
  NODE_TEST_CONTEXT: undefined,
};

beforeAll(() => {
  // As npm would lay it out, with this checkout as the package.
  const modules = join(scratch, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(root, 'node_modules'))) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  linkPackage(modules);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The snippets of the pages for users: each is a whole program, or a file of tests. */
function snippets(kind: '' | ' vitest'): string[] {
  const pages = ['README.md', 'docs/getting-started.md', 'docs/embedding.md', 'docs/migration.md']
    .map((page) => readFileSync(join(root, page), 'utf8'))
    .join('\n');
  return [...pages.matchAll(/```ts( vitest)?\n(.*?)```/gs)].filter(([, found = '']) => found === kind).map(([, , code]) => code!);
}

/** What Vitest writes of a run. */
interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly title: string; readonly duration: number }[];
  }[];
}

function prepared(example: string): string {
  const directory = join(scratch, example);
  cpSync(join(examples, example), directory, { recursive: true });
  return directory;
}

test('the example of node:test passes', { timeout: 60_000 }, async () => {
  const printed = await succeed(process.execPath, ['--test', '--test-reporter=tap'], { cwd: prepared('node-test'), env });

  expect(printed).toContain('# pass 3');
  expect(printed).toContain('# fail 0');
});

test('the example of Vitest passes, each fault in less than a second, and so do the tests that the pages for users show', {
  timeout: 60_000,
}, async () => {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');

  const [cwd, outputFile] = [prepared('vitest'), join(scratch, 'vitest.json')];

  const shown = snippets(' vitest');
  for (const [index, code] of shown.entries()) writeFileSync(join(cwd, `shown-${index}.test.ts`), code);

  await succeed(process.execPath, [vitest, 'run', '--no-isolate', '--maxWorkers=1', '--reporter=json', `--outputFile=${outputFile}`], {
    cwd,
    env,
  });

  const report = JSON.parse(readFileSync(outputFile, 'utf8')) as VitestReport;
  expect(report).toMatchObject({ numPassedTests: 10, numTotalTests: 10, success: true });
  const faults = report.testResults.find(({ name }) => name.endsWith('faults.test.ts'))!.assertionResults;
  expect(faults.length).toBeGreaterThan(2);
  for (const { title, duration } of faults) expect(duration, title).toBeLessThan(1000);
});

test('every program that the pages for users show runs', { timeout: 60_000 }, async () => {
  const cwd = prepared('node-test');
  const shown = snippets('');
  expect(shown.length).toBeGreaterThan(3);
  for (const [index, code] of shown.entries()) writeFileSync(join(cwd, `shown-${index}.ts`), code);
  const all = shown.map((_, index) => `await import('./shown-${index}.ts');`).join('');

  await succeed(process.execPath, ['--input-type=module', '--eval', `${all} console.log('done');`], { cwd, env });
});

test('what Jest is told to load starts a cluster, tells it to tests by the environment, and ends it', { timeout: 60_000 }, async () => {
  const directory = prepared('jest');
  const { jest } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { jest: Record<string, string> };
  // What Jest does with the two: it loads them, calls their default exports, and runs the tests in other processes in between.
  const contract = `
    const [setup, teardown] = await Promise.all([import('${jest['globalSetup']}'), import('${jest['globalTeardown']}')]);
    await setup.default({}, {});
    const { Kafka, logLevel } = await import('kafkajs');
    const admin = new Kafka({ brokers: process.env.KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'orders' }] });
    const response = await fetch(process.env.KAFKA_REST_URL + '/list-topics');
    console.log(JSON.stringify([await admin.listTopics(), response.status]));
    await admin.disconnect();
    await teardown.default({}, {});
    const gone = await fetch(process.env.KAFKA_REST_URL).then(() => 'there', () => 'gone');
    console.log(gone);
  `;

  const printed = await succeed(process.execPath, ['--input-type=module', '--eval', contract], { cwd: directory, env });

  const [topics, after] = printed.trim().split('\n');
  expect(JSON.parse(topics!)).toEqual([expect.arrayContaining(['orders']), 200]);
  expect(after).toBe('gone');
});

test('it can be required as well as imported', { timeout: 60_000 }, async () => {
  const program = `require('kafka-lite-cluster').startCluster().then((cluster) => cluster.close()).then(() => console.log('closed'));`;

  const printed = await succeed(process.execPath, ['--input-type=commonjs', '--eval', program], { cwd: prepared('node-test'), env });

  expect(printed.trim()).toBe('closed');
});

test('a cluster that is closed, or that may be left alone, does not keep its process from ending', { timeout: 60_000 }, async () => {
  for (const ending of ['await cluster.close()', 'cluster.unref()']) {
    const program = `
      import { startCluster } from 'kafka-lite-cluster';
      const cluster = await startCluster({ brokers: 3, topics: { orders: 1 } });
      await cluster.produce('orders', 'one');
      const handlers = ['SIGINT', 'SIGTERM', 'uncaughtException', 'unhandledRejection', 'exit'].map((name) => process.listenerCount(name));
      console.log(JSON.stringify([(await cluster.records('orders')).length, handlers]));
      ${ending};
    `;

    const printed = await succeed(process.execPath, ['--input-type=module', '--eval', program], { cwd: prepared('node-test'), env });

    expect(JSON.parse(printed)).toEqual([1, [0, 0, 0, 0, 0]]);
  }
});
