import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Program } from '#cli/testing.ts';
import { blocksOf } from '../support/pages.ts';
import { freePorts, isFree } from '../support/ports.ts';
import { withoutNpm } from '../support/shown-commands.ts';
import { eventually, http, runCommand, temporaryDirectory } from './cluster.ts';

const root = join(import.meta.dirname, '..', '..');
const programs: Program[] = [];
const directories: string[] = [];

afterEach(async () => {
  for (const program of programs.splice(0)) {
    program.signal('SIGKILL');
    await program.ended;
  }
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function up(directory: string, port: number, ...flags: string[]): Program {
  const program = runCommand(['up', `--port=${port}`, ...flags], { cwd: directory });
  programs.push(program);
  return program;
}

function newDirectory(): string {
  const directory = temporaryDirectory();
  directories.push(directory);
  return directory;
}

const get = (port: number, path: string) => http('GET', `http://localhost:${port}${path}`);
const post = (port: number, path: string, body: object) => http('POST', `http://localhost:${port}${path}`, JSON.stringify(body));

async function stopped(program: Program): Promise<number | NodeJS.Signals> {
  program.signal('SIGINT');
  return program.ended;
}

test('up, as npm start calls it, starts three brokers, says when they are ready, and ends with all of them on Ctrl-C', async () => {
  const [port] = (await freePorts(3)) as [number];
  const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH']}`;
  const start = `exec ${withoutNpm('npm start')} --port=${port} --data=${newDirectory()}`;
  const program = new Program('bash', ['-c', start], { cwd: root, env: { PATH: path } });
  programs.push(program);

  await program.until('3 brokers are ready.');
  await program.until(`localhost:${port},localhost:${port + 1},localhost:${port + 2}`);
  expect((await post(port, '/create-topic', { topic: 'test', partitions: 3 })).status).toBe(200);
  expect((await post(port + 2, '/produce', { topic: 'test', partition: 1, message: 'Hello' })).body).toBe('{"offset":0}');

  expect(await stopped(program)).toBe(0);
  for (const taken of [port, port + 1, port + 2]) expect(await isFree(taken)).toBe(true);
});

test('a second up on the same data knows all that was written, also with more brokers and at other ports', async () => {
  const directory = newDirectory();
  const [port] = (await freePorts(5)) as [number];
  const first = up(directory, 0, '--count=3', '--json');
  await first.until('\n');
  const said = JSON.parse(first.output) as { http: string };
  const free = Number(new URL(said.http).port);
  const [shown] = blocksOf('docs/operating/command-line.md').filter(({ language }) => language === 'json');
  expect(first.output).toBe(shown!.code.replaceAll(/808([0-2])/g, (_, digit: string) => String(free + Number(digit))));
  await post(free, '/create-topic', { topic: 'test', partitions: 3 });
  await post(free, '/produce', { topic: 'test', partition: 2, message: 'kept' });
  await stopped(first);

  const second = up(directory, port, '--count=5', '--json');
  await second.until('\n');

  expect((await get(port + 4, '/consume?topic=test&partition=2&offset=0')).body).toBe('{"offset":0,"message":"kept"}');
  expect((await post(port + 3, '/create-topic', { topic: 'wide', partitions: 5 })).status).toBe(200);
  expect((await get(port, '/metadata')).body).toContain(`{"partition":4,"broker":"localhost:${port + 4}"}`);
  expect(await stopped(second)).toBe(0);
});

test('in memory it says loudly that nothing is kept, and writes nothing', async () => {
  const directory = newDirectory();
  const [port] = (await freePorts(1)) as [number];
  const program = up(directory, port, '--count=1', '--memory');

  await program.until('NOTHING IS KEPT');
  await post(port, '/create-topic', { topic: 'test', partitions: 1 });
  expect((await post(port, '/produce', { topic: 'test', partition: 0, message: 'x' })).body).toBe('{"offset":0}');
  program.signal('SIGTERM');
  expect(await program.ended).toBe(0);
  const again = up(directory, port, '--count=1', '--memory', '--advertise=127.0.0.1');

  await again.until('1 broker is ready.');
  expect((await get(port, '/list-topics')).body).toBe('{"topics":[]}');

  // And what it advertises is what everybody is told.
  await post(port, '/create-topic', { topic: 'test', partitions: 1 });
  expect((await get(port, '/metadata')).body).toContain(`"127.0.0.1:${port}"`);
});

test('a broker that is killed is started again', async () => {
  const [port] = (await freePorts(1)) as [number];
  const program = up(newDirectory(), port, '--count=1');
  await program.until('is ready.');
  await post(port, '/create-topic', { topic: 'test', partitions: 1 });

  killBrokers(program);
  await program.untilError('Broker 1 died (SIGKILL); starting it again in 0.5 s.');

  const answer = await eventually(
    () => post(port, '/produce', { topic: 'test', partition: 0, message: 'x' }).catch(() => undefined),
    (seen) => seen?.status === 200,
  );
  expect(answer?.body).toBe('{"offset":0}');
});

test('brokers do not outlive an up that was killed', async () => {
  const [port] = (await freePorts(2)) as [number];
  const program = up(newDirectory(), port, '--count=2');
  await program.until('are ready.');

  program.signal('SIGKILL');
  await program.ended;

  await eventually(
    () => Promise.all([isFree(port), isFree(port + 1)]),
    (free) => free.every((isIt) => isIt),
  );
});

test('a port in use is named, with what to do, before anything is started', async () => {
  const [port] = (await freePorts(3)) as [number];
  const other = createServer().listen(port + 1, '127.0.0.1');
  const program = up(newDirectory(), port, '--count=3');

  expect(await program.ended).toBe(1);
  other.close();
  expect(program.errors).toContain(`broker 2 would listen on port ${port + 1}, but that port is in use.`);
  expect(program.errors).toContain(`--port=${port + 100}`);
  expect(await isFree(port)).toBe(true);
});

/** Ends the brokers of an `up` with SIGKILL. */
function killBrokers(program: Program): void {
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(program.process.pid)], { encoding: 'utf8' });
  for (const pid of children.trim().split(/\s+/)) process.kill(Number(pid), 'SIGKILL');
}
