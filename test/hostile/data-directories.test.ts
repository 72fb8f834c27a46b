import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { freePorts } from '../support/ports.ts';
import { run } from '../support/processes.ts';

const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
/** The exit code for a configuration that is wrong, which another try will not help. */
const wrongConfiguration = 2;
const failed = 1;
let cluster: BrokerProcesses;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kafka-lite-hostile-'));
  cluster = await BrokerProcesses.start(1);
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a broker that must not start; it says why on stderr. */
async function refusedBroker(id: number, data: string, ...args: string[]): Promise<{ code: number | null; reason: string }> {
  const [port] = await freePorts(1);
  const { code, stderr, stdout } = await run(
    process.execPath,
    [main, 'broker', `--id=${id}`, `--port=${port}`, `--data=${data}`, ...args],
    {
      timeoutMs: 20_000,
    },
  );
  expect(stdout).not.toContain('running on');
  expect(stderr).not.toMatch(/^\s+at /m); // a sentence, not a stack
  return { code, reason: stderr };
}

test('a second broker on the same data directory is refused with the name of the directory, and the first goes on', async () => {
  const { code, reason } = await refusedBroker(1, cluster.dataOf(1));

  expect(code).toBe(wrongConfiguration);
  expect(reason).toContain(cluster.dataOf(1));
  expect(reason).toMatch(/in use|another broker|locked|another process/i);
  expect((await fetch(cluster.url(1, '/readyz'))).status).toBe(200);
});

test('a data directory of another broker id is refused, and says which id it has', async () => {
  const copy = join(directory, 'of-broker-1');
  cpSync(cluster.dataOf(1), copy, { recursive: true, filter: (path) => !path.endsWith('.lock') });

  const { code, reason } = await refusedBroker(5, copy);

  expect(code).toBe(wrongConfiguration);
  expect(reason).toContain(copy);
  expect(reason).toMatch(/\b1\b/);
  expect(reason).toMatch(/\b5\b/);
});

test('a meta.properties that is not one is refused with its name', async () => {
  const copy = join(directory, 'damaged');
  cpSync(cluster.dataOf(1), copy, { recursive: true, filter: (path) => !path.endsWith('.lock') });
  writeFileSync(join(copy, 'meta.properties'), Buffer.from('7f454c460201', 'hex'));

  const { code, reason } = await refusedBroker(1, copy);

  expect(code).toBe(wrongConfiguration);
  expect(reason).toContain('meta.properties');
});

test('a broker whose data belongs to another cluster does not join this one, and says so with both ids', async () => {
  const other = await BrokerProcesses.start(1);
  const ids = [cluster, other].map((each) => /cluster\.id=(\S+)/.exec(readFileSync(join(each.dataOf(1), 'meta.properties'), 'utf8'))![1]!);
  await other.kill(1, 'SIGTERM');
  const data = other.dataOf(1);
  writeFileSync(join(data, 'meta.properties'), readFileSync(join(data, 'meta.properties'), 'utf8').replace('node.id=1', 'node.id=2'));

  const [port] = await freePorts(1);
  const { code, stdout, stderr } = await run(
    process.execPath,
    [main, 'broker', '--id=2', `--port=${port}`, `--data=${data}`, `--peers=localhost:${cluster.port(1)}`],
    { timeoutMs: 25_000 },
  );

  expect(code).toBe(wrongConfiguration);
  for (const id of ids) expect(stdout + stderr).toContain(id);
  const shown = (await (await fetch(cluster.url(1, '/readyz'))).json()) as { clusterId: string };
  expect(shown.clusterId).toBe(ids[0]);
  await other.stop();
});

test('a data directory that is a file, or that may not be written, is refused', async () => {
  const file = join(directory, 'a-file');
  writeFileSync(file, 'x');

  const { code, reason } = await refusedBroker(1, file);

  expect(code).toBe(wrongConfiguration);
  expect(reason).toContain(file);
});

test.each([
  { args: ['--no-such-flag'], says: 'no-such-flag' },
  { args: ['--config', 'log.segment.bytes=many'], says: 'log.segment.bytes' },
  { args: ['--config', 'log.segment.bytes'], says: 'log.segment.bytes' },
  { args: ['--peers=localhost'], says: 'localhost' },
  { args: ['--listen=not a host'], says: '--listen' },
])('the command line $args is refused before anything is written', async ({ args, says }) => {
  const data = join(directory, 'never-made');

  const { code, reason } = await refusedBroker(1, data, ...args);

  expect(code).toBe(wrongConfiguration);
  expect(reason).toContain(says);
});

test('a port that is taken is named, with what to do', async () => {
  const args = ['broker', '--id=1', `--port=${cluster.port(1)}`, `--data=${join(directory, 'other-port')}`];

  const { code, stderr } = await run(process.execPath, [main, ...args], { timeoutMs: 20_000 });

  expect(code).toBe(failed);
  expect(stderr).toContain(String(cluster.port(1)));
  expect(stderr).toMatch(/in use/i);
});
