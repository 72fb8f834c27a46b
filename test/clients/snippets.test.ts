import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { partitionForRecordKey } from '#client';
import { blocksOf } from '../support/pages.ts';
import { run, succeed } from '../support/processes.ts';
import { type ClusterUnderTest, startClusterUnderTest } from './cluster-under-test.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';
import { mainClasses } from './kafka-tools.ts';

const root = join(import.meta.dirname, '..', '..');
/** The programs of a page, each with the heading above it. */
const programsOf = (page: string) => {
  const text = readFileSync(join(root, page), 'utf8');
  return blocksOf(page).map(({ line, language, code }) => {
    const above = text.split('\n').slice(0, line).join('\n');
    return {
      heading: above
        .match(/^#+ .*$/gm)!
        .at(-1)!
        .replace(/^#+ /, ''),
      language,
      code,
    };
  });
};
const programs = programsOf('docs/clients.md');
/** They start a cluster of their own. */
const suites = programsOf('docs/migration.md').filter(({ language }) => ['python', 'java', 'go'].includes(language));

/** What Apache Kafka brings beside its jars. */
const scripts = {
  'kafka-topics.sh': mainClasses.topics,
  'kafka-console-producer.sh': mainClasses.consoleProducer,
  'kafka-console-consumer.sh': mainClasses.consoleConsumer,
  'kafka-consumer-groups.sh': mainClasses.consumerGroups,
};

describe.runIf(areForeignClientsWanted)('the programs that the page of clients shows', () => {
  let cluster: ClusterUnderTest;
  let directory: string;

  beforeAll(async () => {
    cluster = await startClusterUnderTest();
    directory = mkdtempSync(join(tmpdir(), 'snippets-'));
    mkdirSync(join(directory, 'go'));
    mkdirSync(join(directory, 'bin'));
    for (const [name, mainClass] of Object.entries(scripts)) {
      const options = '-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=error';
      writeFileSync(join(directory, 'bin', name), `#!/bin/sh\nexec java ${options} -cp '${foreign.kafkaTools}/*' ${mainClass} "$@"\n`, {
        mode: 0o755,
      });
    }
    const own = `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'kafka-lite-cluster')}" "$@"\n`;
    writeFileSync(join(directory, 'bin', 'kafka-lite-cluster'), own, { mode: 0o755 });
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  });
  afterAll(async () => {
    await cluster?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** How a program of a language is run; undefined where what it needs is not installed. */
  function commandFor(language: string, code: string): { command: string; args: string[]; cwd?: string } | undefined {
    const file = (name: string) => {
      const path = join(directory, name);
      writeFileSync(path, code);
      return path;
    };
    switch (language) {
      case 'sh': {
        if (code.includes('kcat') && foreign.kcat === undefined) return undefined;
        if (code.includes('kafka-topics.sh') && foreign.kafkaTools === undefined) return undefined;
        const own = `"${process.execPath}" "${join(root, 'kafka-lite-cluster')}"`;
        const script = `PATH="${directory}/bin:$PATH"\n${code.replaceAll('./kafka-lite-cluster', own)}`;
        return { command: 'bash', args: ['-e', '-o', 'pipefail', '-c', script] };
      }
      case 'js':
        return { command: process.execPath, args: [file('program.mjs')] };
      case 'python':
        return foreign.python === undefined ? undefined : { command: foreign.python, args: [file('program.py')] };
      case 'java':
        return foreign.kafkaTools === undefined
          ? undefined
          : { command: 'java', args: ['-cp', `${foreign.kafkaTools}/*`, file('Orders.java')] };
      case 'go':
        return foreign.franz === undefined
          ? undefined
          : { command: 'go', args: ['run', file('go/main.go')], cwd: join(import.meta.dirname, 'go') };
      default:
        throw new Error(`nobody knows how to run ${language}`);
    }
  }

  test.for(programs)('$heading, $language', { timeout: 120_000 }, async ({ language, code, heading }, { skip }) => {
    // One after the other: the first makes the topic.
    const found = commandFor(language, code.replaceAll('localhost:8080', cluster.bootstrap.split(',')[0]!));
    if (found === undefined) return skip('what it needs is not installed: npm run test:clients:install');

    const printed = await succeed(found.command, found.args, { timeoutMs: 90_000, ...(found.cwd === undefined ? {} : { cwd: found.cwd }) });

    if (heading !== 'Clients') expect(printed).toContain('order-1 paid');
  });

  test.runIf(foreign.kcat !== undefined)('librdkafka chooses the partition of a key as the others do when it is told to', async () => {
    const write = async (key: string, ...flags: string[]) => {
      const args = ['-P', '-b', cluster.bootstrap, '-t', 'orders', '-K', ':', ...flags];
      await succeed('kcat', args, { input: `${key}:by kcat` });
      const format = ['-C', '-b', cluster.bootstrap, '-t', 'orders', '-o', 'beginning', '-e', '-q', '-f', '%k %p\\n'];
      const lines = (await succeed('kcat', format)).split('\n').filter((line) => line.startsWith(`${key} `));
      return lines.map((line) => Number(line.split(' ')[1]));
    };
    const keys = ['order-2', 'order-3', 'order-4', 'order-5', 'order-6'];

    const told = await Promise.all(keys.map((key) => write(key, '-X', 'partitioner=murmur2_random')));
    const untold = await Promise.all(keys.map((key) => write(`${key}+`)));

    expect(told.map(([partition]) => partition)).toEqual(keys.map((key) => partitionForRecordKey(Buffer.from(key), 3)));
    expect(untold.map(([partition]) => partition)).not.toEqual(keys.map((key) => partitionForRecordKey(Buffer.from(`${key}+`), 3)));
  });

  test.for(suites)(
    '$language: a suite that comes from testcontainers starts a cluster itself',
    { timeout: 120_000 },
    async (suite, { skip }) => {
      const found = suiteFor(suite.language, suite.code);
      if (found === undefined) return skip('what it needs is not installed: npm run test:clients:install');
      const env = { PATH: `${join(directory, 'bin')}:${process.env['PATH']}` };

      const { stdout, stderr } = await run(found.command, found.args, { timeoutMs: 90_000, cwd: found.cwd, env });

      expect(stdout + stderr).toMatch(found.says);
    },
  );

  /** How each language runs it, and what it says when all went well. */
  function suiteFor(language: string, code: string): { command: string; args: string[]; cwd: string; says: RegExp } | undefined {
    const folder = join(directory, `suite-${language}`);
    const write = (name: string) => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, name), code);
    };
    switch (language) {
      case 'python':
        if (foreign.python === undefined) return undefined;
        write('test_orders.py');
        return { command: foreign.python, args: ['-m', 'unittest', 'test_orders'], cwd: folder, says: /Ran 1 test[\s\S]*\nOK\n$/ };
      case 'java':
        if (foreign.kafkaTools === undefined) return undefined;
        write('Kafka.java');
        return { command: 'java', args: ['-cp', `${foreign.kafkaTools}/*`, 'Kafka.java'], cwd: folder, says: /^orders\n/ };
      default: {
        if (foreign.franz === undefined) return undefined;
        write('orders_test.go');
        // Its imports are found in the module of the other programs.
        return {
          command: 'go',
          args: ['test', '-v', join(folder, 'orders_test.go')],
          cwd: join(import.meta.dirname, 'go'),
          says: /\nPASS\n/,
        };
      }
    }
  }

  test('are those of all clients that the tests know', () => {
    expect(programs.map(({ heading }) => heading)).toEqual(
      expect.arrayContaining(['kafkajs', '@platformatic/kafka', 'Java', 'Python', 'Go', "Kafka's own tools", 'kcat', 'Without a client']),
    );
  });
});
