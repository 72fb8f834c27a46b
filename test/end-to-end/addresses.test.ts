import { rmSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import type { Program } from '#cli/testing.ts';
import { type Address, NodeClock, NodeNetwork, SystemRandom, silentLogger } from '#platform';
import { describeCluster } from '#protocol/apis/describe-cluster.ts';
import { findCoordinator } from '#protocol/apis/find-coordinator.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { BrokerClient } from '#transport';
import { freePorts } from '../support/ports.ts';
import { eventually, http, runCommand, temporaryDirectory } from './cluster.ts';

const programs: Program[] = [];
const directories: string[] = [];
const clients: BrokerClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const program of programs.splice(0)) {
    program.signal('SIGKILL');
    await program.ended;
  }
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  const cwd = temporaryDirectory();
  directories.push(cwd);
  const program = runCommand(args, { cwd, env });
  programs.push(program);
  return program;
}

/** Where a broker says that all of them are, in every answer that tells it, to one who dials it at `address`. */
async function told(address: Address): Promise<Record<string, string[]>> {
  const client = new BrokerClient({
    network: new NodeNetwork(),
    clock: new NodeClock(),
    random: new SystemRandom(),
    log: silentLogger,
    clientId: 'test',
  });
  clients.push(client);
  const nodes = await client.send(address, metadata, { topics: [] });
  const cluster = await client.send(address, describeCluster, { includeClusterAuthorizedOperations: false });
  const asked = { keyType: 0, coordinatorKeys: ['readers'] };
  const found = await eventually(
    async () => (await client.send(address, findCoordinator, asked)).coordinators,
    ([coordinator]) => coordinator?.errorCode === 'NONE',
  );
  const listed = (all: readonly Address[]) => all.map(({ host, port }) => `${host}:${port}`).sort();
  return { metadata: listed(nodes.brokers), describeCluster: listed(cluster.brokers), findCoordinator: listed(found) };
}

const ownAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

test.skipIf(ownAddress === undefined)(
  'who dials a machine by its address is told to find all of its brokers there (skipped on a machine without a network)',
  async () => {
    const [port] = (await freePorts(2)) as [number];
    const up = start(['up', '--count=2', '--memory', '--listen=0.0.0.0', `--port=${port}`]);
    await up.until('2 brokers are ready.');
    const host = ownAddress!;
    const byAddress = await told({ host, port });

    expect(byAddress['metadata']).toEqual([`${host}:${port}`, `${host}:${port + 1}`]);
    expect(byAddress['describeCluster']).toEqual(byAddress['metadata']);
    expect(byAddress['metadata']).toContain(byAddress['findCoordinator']![0]);
    expect((await told({ host: '127.0.0.1', port }))['metadata']).toEqual([`localhost:${port}`, `localhost:${port + 1}`]);

    await http('POST', `http://${host}:${port}/create-topic`, '{"topic":"test","partitions":1}');
    const shown = async (name: string) => (await http('GET', `http://${name}:${port}/metadata`)).body;
    expect(await shown(host)).toBe(`{"topic_partitions":{"test":[{"partition":0,"broker":"${host}:${port}"}]}}`);
    expect(await shown('localhost')).toBe(`{"topic_partitions":{"test":[{"partition":0,"broker":"localhost:${port}"}]}}`);
    // It is open to everybody who can dial it, and says so.
    expect(up.errors).toContain('there is no authentication yet');
  },
);

test('a broker is started by the environment of the Apache image alone, with a listener for each side', async () => {
  const [inside, outside] = (await freePorts(2)) as [number, number];
  const broker = start(['broker', '--memory'], {
    KAFKA_NODE_ID: '5',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_LISTENERS: `INSIDE://127.0.0.1:${inside},OUTSIDE://127.0.0.1:${outside}`,
    KAFKA_ADVERTISED_LISTENERS: `INSIDE://localhost:${inside},OUTSIDE://kafka.example.org:443`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT',
    KAFKA_INTER_BROKER_LISTENER_NAME: 'INSIDE',
    KAFKA_HEAP_OPTS: '-Xmx1G',
    KAFKA_LOG_RETENTON_MS: '1',
  });
  await broker.until(`Broker 5 running on :${inside}`);

  expect((await told({ host: '127.0.0.1', port: inside }))['metadata']).toEqual([`localhost:${inside}`]);
  expect(Object.values(await told({ host: '127.0.0.1', port: outside }))).toEqual(Array(3).fill(['kafka.example.org:443']));
  expect((await http('GET', `http://127.0.0.1:${outside}/readyz`)).status).toBe(200);
  expect(broker.errors).toContain('KAFKA_HEAP_OPTS: without effect here');
  expect(broker.errors).toContain('Did you mean KAFKA_LOG_RETENTION_MS');
});

test('a value in the environment that cannot be is named by its variable', async () => {
  const broker = start(['broker', '--id=1', '--port=1', '--memory'], { KAFKA_NUM_PARTITIONS: 'many' });

  expect(await broker.ended).toBe(2);
  expect(broker.errors).toContain('error: KAFKA_NUM_PARTITIONS: num.partitions=many: must be a whole number');
});
