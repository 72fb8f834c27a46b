import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, expect, test } from 'vitest';
import { startCluster } from './index.ts';

const scratch = mkdtempSync(join(tmpdir(), 'embedded-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('a cluster that is ready serves its topics, coordinators and HTTP at the first request, from every broker', async () => {
  await using cluster = await startCluster({
    brokers: 3,
    topics: { orders: 3, audit: { replicationFactor: 1, configs: { 'retention.ms': 60_000 } } },
  });

  expect(cluster.brokers).toHaveLength(3);
  for (const broker of cluster.brokers) {
    // One broker, and who is told to come again comes in a minute: too late for this test.
    const kafka = new Kafka({
      clientId: 'first',
      brokers: [broker],
      logLevel: logLevel.NOTHING,
      retry: { retries: 1, initialRetryTime: 60_000 },
    });
    const producer = kafka.producer({ idempotent: true, transactionalId: `id of ${broker}` });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic: 'orders', messages: [{ key: 'a', value: broker }] });
    await transaction.commit();
    await producer.disconnect();
    const response = await fetch(`http://${broker}/readyz`, { headers: { connection: 'close' } });
    expect(response.status).toBe(200);
  }
  expect((await cluster.records('orders', { n: 3 })).map(({ value }) => value)).toEqual(cluster.brokers);
});

test('clusters of one process do not know each other', async () => {
  await using one = await startCluster({ topics: { orders: 1 } });
  await using other = await startCluster({ topics: { orders: 1 } });

  await one.produce('orders', 'of one');

  expect(await other.records('orders')).toEqual([]);
  expect(one.bootstrap).not.toBe(other.bootstrap);
});

test('under one seed topics and members have the same ids, and without one others', async () => {
  const idsOf = async (seed: number | undefined) => {
    await using cluster = await startCluster({ brokers: 2, topics: { orders: 1 }, ...(seed === undefined ? {} : { seed }) });
    const admin = new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING });
    const consumer = admin.consumer({ groupId: 'readers', maxWaitTimeInMs: 50 });
    await consumer.connect();
    await consumer.subscribe({ topic: 'orders' });
    await consumer.run({ eachMessage: async () => {} });
    const [member] = await cluster.waitFor.group('readers', 'stable');
    await consumer.disconnect();
    return member!.memberId;
  };

  const [first, second, random] = [await idsOf(7), await idsOf(7), await idsOf(undefined)];

  expect(second).toBe(first);
  expect(random).not.toBe(first);
});

test('on disk a cluster goes on with what is there, at other ports, in the layout of `up --data`', async () => {
  const directory = join(scratch, 'kept');
  {
    await using cluster = await startCluster({ directory, topics: { orders: 1 }, brokers: 3 });
    await cluster.produce('orders', 'kept');
  }
  expect(existsSync(join(directory, '1', 'meta.properties'))).toBe(true);

  await using again = await startCluster({ directory, topics: { orders: 1 }, brokers: 3 });

  expect((await again.records('orders', { n: 1 }))[0]).toMatchObject({ value: 'kept', offset: 0n });
});

test('a temporary directory is gone with its cluster', async () => {
  const before = readdirSync(tmpdir());
  const cluster = await startCluster({ storage: 'disk' });
  const made = readdirSync(tmpdir()).filter((name) => !before.includes(name) && name.startsWith('kafka-lite-cluster-'));
  await cluster.close();

  expect(made.length).toBeGreaterThan(0);
  for (const name of made) expect(existsSync(join(tmpdir(), name))).toBe(false);
});

test('a fixed port is taken as it is, and one that is in use is named with what to do', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );

  await expect(startCluster({ port })).rejects.toThrow(`port: ${port} cannot be: it is in use. Stop what uses it`);
  await new Promise((resolve) => server.close(resolve));

  await using cluster = await startCluster({ port });
  expect(cluster.ports).toEqual([port]);
});

test.each([
  [{ brokers: 0 }, 'brokers: 0 cannot be: it is a whole number from 1 to 9.'],
  [{ brokers: 1.5 }, 'brokers: 1.5 cannot be'],
  [{ port: 65_536 }, 'port: 65536 cannot be: it is 0 or the first of 1 ports, at most 65535.'],
  [{ storage: 'tape' as 'disk' }, `storage: "tape" cannot be: it is 'memory' or 'disk'.`],
  [
    { storage: 'memory', directory: '/x' } as const,
    `directory: "/x" cannot be: with storage memory nothing is written. Leave storage out, or say 'disk'.`,
  ],
  [{ topics: { orders: 0 } }, 'topics.orders: 0 cannot be: a topic has 1 partition or more.'],
  [{ brokers: 2, topics: { orders: { replicationFactor: 3 } } }, 'topics.orders.replicationFactor: 3 cannot be: there are 2 brokers.'],
  [{ timeout: -1 }, 'timeout: -1 cannot be'],
  [{ fromSnapshot: '/nowhere' }, 'fromSnapshot: "/nowhere" cannot be: there is no snapshot'],
])('%o is refused in words, before anything is started', async (options, message) => {
  await expect(startCluster(options)).rejects.toThrow(message);
});

test('a setting that Kafka does not know in this form keeps the cluster from starting, and nothing is left', async () => {
  await expect(startCluster({ config: { 'num.partitions': 'many' } })).rejects.toThrow('num.partitions');
});

test('a start that takes too long says what was missing, and one that is aborted why', async () => {
  await expect(startCluster({ brokers: 3, timeout: 1 })).rejects.toThrow(/all brokers in service: not within \d+ ms. Seen: broker \d/);

  await expect(startCluster({ signal: AbortSignal.abort(new Error('the tests are over')) })).rejects.toThrow('the tests are over');
});
