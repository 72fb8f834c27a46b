import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Program } from '#cli/testing.ts';
import { blocksOf } from '../support/pages.ts';
import { Cluster, launcher, runCommand, temporaryDirectory } from './cluster.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operating', 'command-line.md'), 'utf8');
const runFromHere = page.slice(page.indexOf('<!-- The examples from here on are run'));
const examples = [...runFromHere.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]!);

/** The lines of the block of a page whose comment names this file. */
function linesOf(page: string): string[] {
  const blocks = blocksOf(page).filter(({ note }) => note === 'run by test/end-to-end/command-line.test.ts');
  expect(blocks).toHaveLength(1);
  return blocks[0]!.code.trimEnd().split('\n');
}

let clusters: Cluster[] = [];
let directory: string;
/** Some of which go on until they are told to end. */
const programs: Program[] = [];
/** A shell whose commands come one after the other: it is ended with the one that runs. */
let shell: ChildProcess | undefined;

beforeAll(async () => {
  directory = temporaryDirectory();
  writeFileSync(join(directory, 'picture.png'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 10, 255]));
  clusters = await Promise.all([Cluster.start(1), Cluster.start(1)]);
}, 60_000);
afterAll(async () => {
  for (const program of programs) program.signal('SIGKILL');
  if (shell?.exitCode === null && shell.signalCode === null) process.kill(-shell.pid!, 'SIGKILL');
  for (const cluster of clusters) await cluster.destroy();
  rmSync(directory, { recursive: true, force: true });
});

test("every command of the command line's page does what it says", { timeout: 180_000 }, async () => {
  const [here, there] = clusters.map((cluster) => cluster.address(1)) as [string, string];
  const commands = examples.join('').replaceAll('localhost:8080', here).replaceAll('localhost:9092', there);
  const script = `set -e -o pipefail\nkafka-lite-cluster() { "${process.execPath}" "${launcher}" "$@"; }\n${commands}`;
  const child = spawn('bash', ['-c', script], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  shell = child;
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const code = await new Promise((resolve) => child.on('close', resolve));

  expect(code, output + errors).toBe(0);
  expect(examples.length).toBeGreaterThanOrEqual(6);
  expect(output).toContain('"headers":[["trace","a"],["trace","b"]]');
  expect(errors).toContain('Copied 6 records of orders to orders.');
  expect(errors).toContain('Copied 0 records of orders to orders: all that there are were copied by an earlier run.');
  expect(errors).toContain('Wrote 6 records to piped.');
  expect(errors).toContain('Wrote 0 records to piped; 6 records were there already.');
});

const kept = (program: Program): Program => {
  programs.push(program);
  return program;
};
const command = async (args: readonly string[], input = '') => {
  const program = kept(runCommand(args));
  program.type(input);
  program.endInput();
  expect(await program.ended, program.errors).toBe(0);
  return program.output;
};
const there = () => clusters[1]!.address(1);

/** What a shell makes of a line, in which localhost:8080 is the first cluster. Its last command takes the place of the shell, so that signals reach it. */
function inShell(line: string): Program {
  const here = clusters[0]!.address(1);
  const ours = line.replaceAll('localhost:8080', here).replaceAll('kafka.example.org:9092', there());
  const own = `exec "${process.execPath}" "${launcher}" `;
  return kept(new Program('bash', ['-c', `shopt -s lastpipe\n${ours.replace(/(^|\| )kafka-lite-cluster /, `$1${own}`)}`]));
}

test('producer and consumer read their answers from a pipe, as their section shows', { timeout: 60_000 }, async () => {
  const [produce, consume, ...others] = linesOf('docs/operating/command-line.md');
  expect(others).toEqual([]);
  await command(['topic', 'create', 'test', '--partitions=2', '-b', clusters[0]!.address(1)]);

  const producer = inShell(produce!);
  expect(await producer.ended, producer.errors).toBe(0);
  const consumer = inShell(consume!);
  await consumer.until('[Offset 0] Hello World\n');
  consumer.signal('SIGINT');

  expect(await consumer.ended).toBe(130);
});

test('a topic moves as the page of migration shows: copied once, and then with what arrives', { timeout: 120_000 }, async () => {
  // The orders of both clusters belong to the other tests.
  const [copy, follow, ...others] = linesOf('docs/migration.md').map((line) => line.replace('copy orders', 'copy moved'));
  expect(others).toEqual([]);
  const write = (value: string) => command(['produce', 'moved', '-b', there()], `${value}\n`);
  const read = (count: number) => command(['consume', 'moved', '-c', String(count), '-b', clusters[0]!.address(1)]);
  await command(['topic', 'create', 'moved', '--partitions=1', '-b', there()]);
  await write('before');

  const copied = inShell(copy!);
  expect(await copied.ended, copied.errors).toBe(0);
  expect(await read(1)).toBe('before\n');
  const following = inShell(follow!);
  await write('after');

  expect(await read(2)).toBe('before\nafter\n');
  following.signal('SIGINT');
  expect(await following.ended, following.errors).toBe(130);
});

test('the metrics are where their page says', async () => {
  const [line, ...others] = linesOf('docs/operating/metrics.md');
  expect(others).toEqual([]);

  const curl = inShell(line!);

  expect(await curl.ended, curl.errors).toBe(0);
  expect(curl.output).toMatch(/^kafka_brokers 1$/m);
});
