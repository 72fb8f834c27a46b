import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { NodeClock, NodeNetwork, silentLogger } from '#platform';
import { metadata } from '#protocol/apis/metadata.ts';
import { BrokerClient } from '#transport';
import { type KafkaCluster, startCluster } from './index.ts';

let cluster: KafkaCluster;
beforeAll(async () => {
  cluster = await startCluster({ brokers: 3, topics: { orders: 1 } });
});
beforeEach(() => cluster.reset());
afterAll(() => cluster.close());

function client(retries = 5): Kafka {
  return new Kafka({
    clientId: 'shop',
    brokers: cluster.brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 200,
    retry: { retries, initialRetryTime: 20, maxRetryTime: 50 },
  });
}

test('when the leader is killed in the middle of a transaction another takes over, and all of it or nothing is there', async () => {
  const kafka = client(50);
  const producer = kafka.producer({ idempotent: true, transactionalId: 'shop-1', maxInFlightRequests: 1 });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic: 'orders', messages: [{ value: 'before' }] });
  const leader = await cluster.waitFor.leader('orders');

  await cluster.broker(leader).kill();
  await transaction.send({ topic: 'orders', messages: [{ value: 'after' }] });
  expect(await cluster.records('orders')).toEqual([]);
  await transaction.commit();
  await producer.disconnect();

  expect(await cluster.waitFor.leader('orders')).not.toBe(leader);
  expect((await cluster.records('orders', { n: 2 })).map(({ value }) => value)).toEqual(['before', 'after']);
});

test('what is older than the retention is gone when time was moved on past it, and sessions do not notice', async () => {
  await cluster.createTopics({ brief: { configs: { 'retention.ms': 3_600_000 } } });
  const consumer = client().consumer({ groupId: 'readers', sessionTimeout: 1000, heartbeatInterval: 50, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic: 'orders' });
  await consumer.run({ eachMessage: async () => {} });
  const members = await cluster.waitFor.group('readers', 'stable');
  await cluster.produce('brief', ['old', 'older']);

  await cluster.advanceTime(2 * 3_600_000);

  const admin = client().admin();
  await admin.connect();
  expect(await admin.fetchTopicOffsets('brief')).toMatchObject([{ low: '2', high: '2' }]);
  await admin.disconnect();
  await cluster.produce('brief', 'new');
  expect((await cluster.records('brief')).map(({ value }) => value)).toEqual(['new']);
  expect(await cluster.waitFor.group('readers', 'stable')).toEqual(members);
  expect(cluster.now() - Date.now()).toBeGreaterThan(7_000_000);
  await consumer.disconnect();
});

test('offsets expire and transactions that take too long are aborted when time is moved on', async () => {
  const kafka = client();
  const admin = kafka.admin();
  await admin.connect();
  const offsets = JSON.stringify({ offsets: [{ topic: 'orders', partition: 0, offset: 0 }] });
  const headers = { connection: 'close', 'content-type': 'application/json' };
  expect((await fetch(`${cluster.httpUrl}/groups/gone/offsets`, { method: 'PUT', body: offsets, headers })).status).toBe(200);
  const producer = kafka.producer({ transactionalId: 'slow', transactionTimeout: 60_000, maxInFlightRequests: 1, retry: { retries: 1 } });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic: 'orders', messages: [{ value: 'never' }] });

  await cluster.advanceTime(8 * 24 * 3_600_000);

  expect(await admin.fetchOffsets({ groupId: 'gone', topics: ['orders'] })).toMatchObject([{ partitions: [{ offset: '-1' }] }]);
  await expect(transaction.commit()).rejects.toThrow();
  await cluster.produce('orders', 'next');
  expect((await cluster.records('orders', { n: 1 })).map(({ value }) => value)).toEqual(['next']);
  await producer.disconnect();
  await admin.disconnect();
});

test('a broker that is stopped hands its leadership over, and comes back with what it had', async () => {
  await cluster.produce('orders', 'kept');
  const leader = await cluster.waitFor.leader('orders');

  await cluster.broker(leader).stop();
  expect(cluster.broker(leader).state).toBe('stopped');
  expect(await cluster.waitFor.leader('orders', { not: leader })).not.toBe(leader);
  await expect(fetch(`http://${cluster.broker(leader).address}/healthz`)).rejects.toThrow();
  await cluster.broker(leader).start();
  await cluster.moveLeader('orders', 0, leader);

  expect((await cluster.records('orders')).map(({ value }) => value)).toEqual(['kept']);
});

/** Asks one broker itself, which kafkajs leaves to chance. */
async function asking<T>(address: string, act: (ask: () => Promise<unknown>) => Promise<T>): Promise<T> {
  const raw = new BrokerClient({ network: new NodeNetwork(), clock: new NodeClock(), log: silentLogger, clientId: 'raw' });
  const [host, port] = address.split(':') as [string, string];
  try {
    return await act(() => raw.send({ host, port: Number(port) }, metadata, { topics: [], allowAutoTopicCreation: false }));
  } finally {
    raw.close();
  }
}

test('a paused broker is silent on old and new connections, over Kafka and HTTP, and goes on where it was', async () => {
  const broker = cluster.broker(2);
  // Over the connection that is there, and over a new one.
  const overHttp = (connection: 'keep-alive' | 'close') =>
    fetch(`http://${broker.address}/healthz`, { headers: { connection } }).then((response) => response.text());
  await overHttp('keep-alive');
  await asking(broker.address, async (ask) => {
    await ask();

    broker.pause();
    expect(broker.state).toBe('paused');
    const answered: string[] = [];
    const asked = [ask(), overHttp('keep-alive'), overHttp('close')].map((answer) => answer.then(() => answered.push('answer')));
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(answered).toEqual([]);
    broker.resume();

    await Promise.all(asked);
  });
});

test('a leader that is cut off is replaced, and follows when it is back', async () => {
  const leader = await cluster.waitFor.leader('orders');

  cluster.broker(leader).isolate();
  expect(cluster.broker(leader).state).toBe('isolated');
  const other = await cluster.waitFor.leader('orders', { not: leader });
  await cluster.produce('orders', 'by the next');
  cluster.broker(leader).heal();

  expect(other).not.toBe(leader);
  expect(await cluster.waitFor.leader('orders')).toBeGreaterThan(0);
  expect((await cluster.records('orders', { n: 1 })).map(({ value }) => value)).toEqual(['by the next']);
});

test('a broker that is cut off from the other brokers alone still answers clients', async () => {
  cluster.broker(3).isolate({ from: 'brokers' });

  await asking(cluster.broker(3).address, (ask) => ask());
  await expect(cluster.waitFor.leader('orders', { broker: 9, timeout: 20 })).rejects.toThrow(
    /^broker 9 as leader of orders-0: not within 20 ms. Seen: broker 1 knows /,
  );
});

test('a slow broker answers so much later', async () => {
  const broker = cluster.broker(1);
  await asking(broker.address, async (ask) => {
    await ask();
    broker.slow(80);
    const started = performance.now();
    await ask();
    expect(performance.now() - started).toBeGreaterThanOrEqual(79);
  });
});

test('a leader is moved to a broker of choice, and to one that had no replica', async () => {
  await cluster.createTopics({ single: { replicationFactor: 1 } });
  await cluster.produce('single', 'carried');
  const leader = await cluster.waitFor.leader('single');
  const target = leader === 3 ? 1 : 3;

  await cluster.moveLeader('single', 0, target);

  expect(await cluster.waitFor.leader('single', { broker: target })).toBe(target);
  expect((await cluster.records('single')).map(({ value }) => value)).toEqual(['carried']);
});

test('a snapshot is the start of other clusters, at other ports, as often as is wanted', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'snapshot-'));
  try {
    await cluster.produce('orders', ['one', 'two']);
    await cluster.snapshot(directory);
    await cluster.produce('orders', 'three');
    await using first = await startCluster({ fromSnapshot: directory });
    await using second = await startCluster({ fromSnapshot: directory, topics: { more: 1 } });
    await first.produce('orders', 'of the first');

    const values = async (of: KafkaCluster) => (await of.records('orders')).map(({ value }) => value);
    expect(await values(first)).toEqual(['one', 'two', 'of the first']);
    expect(await values(second)).toEqual(['one', 'two']);
    expect(await values(cluster)).toEqual(['one', 'two', 'three']);
    expect(new Set([...first.ports, ...second.ports, ...cluster.ports]).size).toBe(9);
    await second.snapshot(directory);
    await using third = await startCluster({ fromSnapshot: directory });
    expect(await third.records('more')).toEqual([]);
    expect(await values(third)).toEqual(['one', 'two']);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a reset brings everything back as it was at the start, and does not take long', async () => {
  await cluster.createTopics({ extra: 2 });
  await cluster.produce('orders', 'old');
  await cluster.broker(2).kill();
  cluster.broker(3).slow(20);
  cluster.inject({ error: 'UNKNOWN_SERVER_ERROR' });
  await cluster.advanceTime(1000);
  await cluster.reset();

  const admin = client().admin();
  await admin.connect();
  expect(await admin.listTopics()).toEqual(expect.not.arrayContaining(['extra']));
  expect((await admin.listGroups()).groups).toEqual([]);
  await admin.disconnect();
  expect(await cluster.records('orders')).toEqual([]);
  expect(Math.abs(cluster.now() - Date.now())).toBeLessThan(1000);
  expect([1, 2, 3].map((id) => cluster.broker(id).state)).toEqual(['running', 'running', 'running']);
});

test('a client that is still there does not keep a reset from making the topics as they were', async () => {
  await using other = await startCluster({ topics: { orders: 3 } });
  const options = { brokers: other.brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 2, maxRetryTime: 2, retries: 1000 } };
  const producer = new Kafka(options).producer({ allowAutoTopicCreation: true });
  await producer.connect();
  let isOver = false;
  const writing = (async () => {
    while (!isOver) await producer.send({ topic: 'orders', messages: [{ value: 'again' }] }).catch(() => {});
  })();

  for (let round = 0; round < 5; round++) await other.reset();
  isOver = true;
  await writing;
  await producer.disconnect();

  const admin = new Kafka(options).admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: ['orders'] });
  await admin.disconnect();
  expect(topics[0]!.partitions).toHaveLength(3);
});
