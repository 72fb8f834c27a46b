import { afterAll, beforeAll, expect, test } from 'vitest';
import { runMainInTerminal } from '#cli/testing.ts';
import { CopyRefused, ExactCopy, type KnownTopic, RemoteCluster, readMetadata } from '#client';
import { nodePlatform, silentLogger } from '#platform';
import { BrokerClient } from '#transport';
import { Cluster, runCommand } from './cluster.ts';

let brokers: Cluster;
let client: BrokerClient;
let cluster: RemoteCluster;

beforeAll(async () => {
  brokers = await Cluster.start(1);
  const { network, clock } = nodePlatform({ log: silentLogger });
  client = new BrokerClient({ network, clock, log: silentLogger, clientId: 'test' });
  cluster = new RemoteCluster({ client, clock, bootstrap: [{ host: 'localhost', port: brokers.port(1) }], patienceMs: 15_000 });
}, 60_000);
afterAll(async () => {
  client?.close();
  await brokers?.destroy();
});

async function command(...args: string[]) {
  const program = runCommand([...args, '-b', brokers.address(1)]);
  program.endInput();
  expect(await program.ended, program.errors).toBe(0);
  return program.output;
}

async function newTopic(name: string): Promise<KnownTopic> {
  await command('topic', 'create', name, '--partitions=2');
  return (await readMetadata(cluster, [name])).topics.get(name)!;
}

const begin = (target: KnownTopic, source = 'orders with id 1') =>
  ExactCopy.begin({ cluster, name: `copy-to-${target.name}`, target, source, mayAppend: false });

test('what a copy had written and not committed when it was killed is there once, after the one that follows', {
  timeout: 60_000,
}, async () => {
  const target = await newTopic('crashed');
  const killed = await begin(target);
  killed.add(0, { value: 'a' });
  killed.reached(0, 1n);
  await killed.commit();
  killed.add(0, { value: 'b' });
  killed.add(1, { value: 'c' });
  killed.reached(0, 2n);
  killed.reached(1, 1n);
  // Acknowledged, and then it dies.
  await killed.producer.flush();

  const next = await begin(target);

  expect(next.isContinued).toBe(true);
  expect([...next.positions].sort()).toEqual([
    [0, 1n],
    [1, 0n],
  ]);
  expect([next.lacks(0, 0n), next.lacks(0, 1n), next.lacks(1, 0n)]).toEqual([false, true, true]);
  next.add(0, { value: 'b' });
  next.reached(0, 2n);
  next.add(1, { value: 'c' });
  next.reached(1, 1n);
  await next.commit();
  expect((await command('consume', 'crashed', '-e', '-f', '%p%v ')).trim().split(' ').sort()).toEqual(['0a', '0b', '1c']);

  // The one that was taken for dead and was not cannot write any more.
  killed.add(0, { value: 'zombie' });
  killed.reached(0, 9n);
  await expect(killed.commit()).rejects.toThrow();
  expect(await command('consume', 'crashed', '-e', '-f', '%v')).not.toContain('zombie');
});

test('a copy is not begun where nobody can tell what is there, and not continued from another source', { timeout: 60_000 }, async () => {
  const target = await newTopic('taken');
  const copy = await begin(target);
  copy.add(0, { value: 'a' });
  copy.reached(0, 1n);
  await copy.commit();

  await expect(begin(target, 'orders with id 2')).rejects.toThrow(CopyRefused);
  const other = ExactCopy.begin({ cluster, name: 'other', target, source: 'orders with id 1', mayAppend: false });
  await expect(other).rejects.toThrow('taken has records already');
});

test('the topic that a copy makes keeps what its source keeps', { timeout: 60_000 }, async () => {
  const settings = ['--config=retention.ms=-1', '--config=cleanup.policy=compact', '--config=message.timestamp.before.max.ms=1000'];
  await command('topic', 'create', 'forever', ...settings);
  const program = runCommand(['topic', 'copy', 'forever', 'forever-too', '-b', brokers.address(1)]);
  program.endInput();
  expect(await program.ended, program.errors).toBe(0);

  expect(program.errors).toMatch(/^Created forever-too with \d+ partitions? at the target, and as its source with .*\bretention\.ms=-1\b/);
  const described = JSON.parse(await command('config', 'describe', 'topic', 'forever-too', '--json')) as { name: string; value: string }[];
  expect(Object.fromEntries(described.map(({ name, value }) => [name, value]))).toEqual({
    'cleanup.policy': 'compact',
    'retention.ms': '-1',
  });
});

test('on a terminal it shows how far it is, how quick, and how long it will take; elsewhere nothing', { timeout: 60_000 }, async () => {
  const source = await newTopic('watched');
  const line = `${'x'.repeat(100)}\n`;
  const writer = runCommand(['produce', source.name, '-b', brokers.address(1)]);
  writer.type(line.repeat(20_000));
  writer.endInput();
  expect(await writer.ended, writer.errors).toBe(0);
  const copy = (to: string) => ['topic', 'copy', source.name, to, `--to=${brokers.address(1)}`, '-b', brokers.address(1)];

  const watched = runMainInTerminal(copy('shown'));
  expect(await watched.ended, watched.output).toBe(0);
  const unwatched = runCommand(copy('silent'));
  unwatched.endInput();
  expect(await unwatched.ended, unwatched.errors).toBe(0);

  expect(watched.output).toMatch(/\d+% \| \d+\/20000 \| (\d+|\?)\/s \| \S+ left/);
  expect(watched.output).toContain('Copied 20000 records');
  expect(unwatched.errors).not.toMatch(/% \||left/);
});
