import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Program } from '#cli/testing.ts';
import { exported, shownIn } from '../support/console-block.ts';
import { blocksOf } from '../support/pages.ts';
import { freePorts } from '../support/ports.ts';
import { succeed } from '../support/processes.ts';
import { launcher, temporaryDirectory } from './cluster.ts';

const root = join(import.meta.dirname, '..', '..');
/** The others name the test that runs them. */
const blocks = blocksOf('docs/getting-started.md').filter(
  ({ note, language }) => note === undefined && ['console', 'js'].includes(language),
);
/** How each begins. */
const shown = {
  beside: '$ npx kafka-lite-cluster up --memory --',
  up: '$ npx kafka-lite-cluster up\n',
  records: '$ export KAFKA_BOOTSTRAP_SERVERS',
  tail: '$ kafka-lite-cluster tail',
  kafkajs: "import { Kafka } from 'kafkajs'",
  kcat: '$ kcat ',
  curl: '$ curl localhost:8080/list-topics',
  listen: '$ npx kafka-lite-cluster up --listen',
  elsewhere: '$ curl 192.168.1.5',
};
const block = (name: keyof typeof shown): string => here(blocks.find(({ code }) => code.startsWith(shown[name]))!.code);

const folder = temporaryDirectory();
const ownAddress = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
/** What the reader's second terminal has. */
const variables: Record<string, string> = {};
let firstPort: number;
/** What runs in the first terminal. */
let up: Program | undefined;

const here = (text: string) =>
  text
    .replaceAll(/:808([0-2])\b/g, (_, digit: string) => `:${firstPort + Number(digit)}`)
    .replaceAll('192.168.1.5', ownAddress ?? '127.0.0.1');

beforeAll(async () => {
  firstPort = (await freePorts(3))[0]!;
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  // The command as npm installs it, and npx, which would find it there; curl shows no progress on a terminal.
  const programs = {
    'kafka-lite-cluster': `exec "${process.execPath}" "${launcher}" "$@"`,
    npx: '[ "$1" = kafka-lite-cluster ] && exec "$@"',
    curl: `exec ${spawnSync('sh', ['-c', 'command -v curl'], { encoding: 'utf8' }).stdout.trim()} -s "$@"`,
  };
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  variables['PATH'] = `${bin}:${process.env['PATH']}`;
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(async () => {
  up?.signal('SIGKILL');
  await up?.ended;
  rmSync(folder, { recursive: true, force: true });
});

const terminal = (command: string) => new Program('bash', ['-o', 'pipefail', '-c', command], { cwd: folder, env: variables });

/** Types each command of a block, and compares what it prints. */
async function play(name: keyof typeof shown): Promise<void> {
  for (const { command, prints, isInterrupted } of shownIn(block(name))) {
    if (exported(command, variables)) continue;
    const program = terminal(isInterrupted ? command : `{ ${command}; } 2>&1`);
    if (isInterrupted) {
      await program.until(prints);
      program.signal('SIGINT');
    }
    expect(await program.ended, `${command}\n${program.output}${program.errors}`).toBe(isInterrupted ? 130 : 0);
    // Some answers of the HTTP API end without a line feed.
    expect({ command, prints: program.output.replace(/([^\n])$/, '$1\n') }).toEqual({ command, prints });
  }
}

/** Starts what a block shows in the first terminal, and waits until it is ready. */
async function startUp(name: 'up' | 'listen'): Promise<string> {
  up = terminal(`${shownIn(block(name))[0]!.command} --port=${firstPort}`);
  await up.until('Stop               Ctrl-C', { timeoutMs: 60_000 });
  return up.output.trimEnd();
}

test('all that the page shows here is run here', () => {
  expect(blocks.map(({ code }) => Object.values(shown).find((beginning) => code.startsWith(beginning)) ?? code)).toEqual(
    Object.values(shown),
  );
});

test('tests in any language find a cluster beside them', { timeout: 60_000 }, async () => {
  const [{ command, prints }, ...others] = shownIn(block('beside')) as [ReturnType<typeof shownIn>[number]];
  expect(others).toEqual([]);

  const program = terminal(command);

  expect(await program.ended, program.errors).toBe(0);
  expect(program.output.replaceAll(/:\d+/g, '')).toBe(prints.replaceAll(/:\d+/g, ''));
});

test('on a laptop a cluster is started, written to and read by the command and by kafkajs', { timeout: 120_000 }, async () => {
  expect(await startUp('up')).toBe(shownIn(block('up'))[0]!.prints.trimEnd());
  await play('records');
  await play('tail');
  const env = { KAFKAJS_NO_PARTITIONER_WARNING: '1' };
  await succeed(process.execPath, ['--input-type=module', '--eval', block('kafkajs')], { cwd: folder, env });
});

test.runIf(spawnSync('kcat', ['-V']).status === 0)('kcat reads what both have written (where it is installed)', () => play('kcat'));

test('curl asks, writes and reads', () => play('curl'));

test('Ctrl-C stops it, and the next start has the records, which other machines reach at the address that they dial', async () => {
  up!.signal('SIGINT');
  expect(await up!.ended, up!.errors).toBe(0);

  await startUp('listen');

  await play('elsewhere');
});
