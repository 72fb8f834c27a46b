import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Program, runMainInTerminal } from '#cli/testing.ts';
import { freePorts, isFree } from '../support/ports.ts';
import { eventually, http, launcher, runCommand, temporaryDirectory } from './cluster.ts';

const programs: Program[] = [];
const directories: string[] = [];

afterEach(async () => {
  for (const program of programs.splice(0)) {
    program.signal('SIGKILL');
    await program.ended;
  }
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function kept(program: Program): Program {
  programs.push(program);
  return program;
}

function newDirectory(): string {
  const directory = temporaryDirectory();
  directories.push(directory);
  return directory;
}

test('a broker keeps its data in ./kafka-lite-data/<id>, and SIGINT ends it in good order', async () => {
  const directory = newDirectory();
  const [port] = (await freePorts(1)) as [number];
  const broker = kept(runCommand(['broker', '--id=7', `--port=${port}`], { cwd: directory }));
  await broker.until(`Broker 7 running on :${port}\n`);

  broker.signal('SIGINT');

  expect(await broker.ended).toBe(0);
  expect(spawnSync('ls', [join(directory, 'kafka-lite-data', '7')], { encoding: 'utf8' }).stdout).toContain('meta.properties');
});

test('Ctrl-C on a terminal ends it once and in good order', async () => {
  const directory = newDirectory();
  const [port] = (await freePorts(1)) as [number];
  const broker = kept(runMainInTerminal(['broker', '--id=1', `--port=${port}`], { cwd: directory }));
  await broker.until(`Broker 1 running on :${port}`);
  broker.type('\u0003');

  expect(await broker.ended).toBe(0);
  expect(await isFree(port)).toBe(true);
});

test('a port in use is named, with what to do', async () => {
  const [port] = (await freePorts(1)) as [number];
  const other = createServer().listen(port, '127.0.0.1');
  const broker = kept(runCommand(['broker', '--id=1', `--port=${port}`], { cwd: newDirectory() }));

  expect(await broker.ended).toBe(1);
  other.close();
  expect(broker.errors).toContain(`--port=${port}: the port is in use by another process.`);
  expect(broker.output).toBe('');
});

test('two brokers on one data directory: the second is refused and the first goes on', async () => {
  const directory = newDirectory();
  const [port, otherPort] = (await freePorts(2)) as [number, number];
  const first = kept(runCommand(['broker', '--id=1', `--port=${port}`, '--data=d'], { cwd: directory }));
  await first.until('running on');
  const second = kept(runCommand(['broker', '--id=1', `--port=${otherPort}`, '--data=d'], { cwd: directory }));

  expect(await second.ended).toBe(2);
  expect(second.errors).toMatch(/--data=d: .*in use/);
  expect((await http('GET', `http://localhost:${port}/healthz`)).status).toBe(200);
});

test("another broker's data directory is refused by name", async () => {
  const directory = newDirectory();
  const [port] = (await freePorts(1)) as [number];
  const first = kept(runCommand(['broker', '--id=1', `--port=${port}`, '--data=d'], { cwd: directory }));
  await first.until('running on');
  await eventually(
    () => http('GET', `http://localhost:${port}/readyz`),
    ({ status }) => status === 200,
  );
  first.signal('SIGTERM');
  await first.ended;
  const second = kept(runCommand(['broker', '--id=2', `--port=${port}`, '--data=d'], { cwd: directory }));

  expect(await second.ended).toBe(2);
  expect(second.errors).toMatch(/--data=d: .*broker 1/s);
});

test('its own address among the peers is left out with a note', async () => {
  const [port] = (await freePorts(1)) as [number];
  const broker = kept(runCommand(['broker', '--id=1', `--port=${port}`, '--memory', `--peers=localhost:${port}`], { cwd: newDirectory() }));
  await broker.until('running on');

  expect(broker.errors).toContain(`note: --peers names localhost:${port}, which is this broker itself; it is left out.`);
  await eventually(
    () => http('GET', `http://localhost:${port}/readyz`),
    ({ status }) => status === 200,
  );
});

/** A Node that cannot run TypeScript, as many systems come with. */
const oldNode = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return status === 0 && Number(/^v(\d+)/.exec(stdout)?.[1]) < 22;
});

test.runIf(oldNode !== undefined)('an old Node hands over to the one beside the dependencies', async () => {
  const [port] = (await freePorts(1)) as [number];
  const broker = kept(new Program(oldNode!, [launcher, 'broker', '--id=1', `--port=${port}`, '--memory'], { cwd: newDirectory() }));
  await broker.until(`Broker 1 running on :${port}\n`);

  broker.signal('SIGTERM');

  expect(await broker.ended).toBe(0);
});

test.runIf(oldNode !== undefined)('kill -9 of the launcher under an old Node ends the broker as well', async () => {
  const [port] = (await freePorts(1)) as [number];
  const broker = kept(new Program(oldNode!, [launcher, 'broker', '--id=1', `--port=${port}`, '--memory'], { cwd: newDirectory() }));
  await broker.until('running on');

  broker.signal('SIGKILL');

  await eventually(
    () => isFree(port),
    (isIt) => isIt,
  );
});

test.runIf(oldNode !== undefined)('an old Node without the dependencies says what to do', () => {
  const bare = newDirectory();
  mkdirSync(bare, { recursive: true });
  copyFileSync(launcher, join(bare, 'kafka-lite-cluster'));
  copyFileSync(join(launcher, '..', 'package.json'), join(bare, 'package.json'));

  const { status, stderr } = spawnSync(oldNode!, [join(bare, 'kafka-lite-cluster'), '--version'], { encoding: 'utf8' });

  expect(status).toBe(2);
  expect(stderr).toContain('npm ci');
});
