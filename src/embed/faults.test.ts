import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { NodeClock, NodeNetwork, silentLogger } from '#platform';
import { buildRecordBatch } from '#protocol';
import { metadata } from '#protocol/apis/metadata.ts';
import { produce } from '#protocol/apis/produce.ts';
import { BrokerClient } from '#transport';
import { type KafkaCluster, startCluster } from './index.ts';

let cluster: KafkaCluster;
beforeAll(async () => {
  cluster = await startCluster({ brokers: 3, topics: { orders: 3, audit: 1 } });
});
beforeEach(() => cluster.reset());
afterAll(() => cluster.close());

function client(options: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({
    clientId: 'shop',
    brokers: cluster.brokers,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 10, maxRetryTime: 20 },
    ...options,
  });
}

test('an error that is injected twice is met twice, and the client that tries again succeeds', async () => {
  const fault = cluster.inject({ api: 'Produce', error: 'NOT_LEADER_OR_FOLLOWER', times: 2 });
  const producer = client().producer();
  await producer.connect();

  await producer.send({ topic: 'orders', messages: [{ value: 'paid' }] });
  await producer.disconnect();

  expect(fault.hits).toBe(2);
  expect(cluster.requests({ api: 'Produce', clientId: 'shop' }).map(({ fault: what }) => what)).toEqual(['error', 'error', null]);
  expect((await cluster.records('orders')).map(({ value }) => value)).toEqual(['paid']);
});

test('of a request with several topics only the one that is named fails, and the rest is carried out', async () => {
  await cluster.createTopics({ spoilt: 1 });
  cluster.inject({ api: 'Produce', topic: 'spoilt', error: 'MESSAGE_TOO_LARGE' });
  const producer = client().producer({ retry: { retries: 0 } });
  await producer.connect();

  const sending = producer.sendBatch({
    topicMessages: [
      { topic: 'audit', messages: [{ value: 'good' }] },
      { topic: 'spoilt', messages: [{ value: 'bad' }] },
    ],
  });
  await expect(sending).rejects.toThrow(/max message size|too large/i);
  await producer.disconnect();

  expect((await cluster.records('audit')).map(({ value }) => value)).toEqual(['good']);
  expect(await cluster.records('spoilt')).toEqual([]);
});

test('metadata of a topic that has no leader for a moment still names the brokers', async () => {
  const fault = cluster.inject({ api: 'Metadata', topic: 'audit', error: 'LEADER_NOT_AVAILABLE', times: 2 });
  const admin = client().admin();
  await admin.connect();

  const { topics } = await admin.fetchTopicMetadata({ topics: ['audit'] });
  await admin.disconnect();

  expect(fault.hits).toBe(2);
  expect(topics[0]!.partitions).toHaveLength(1);
});

test('a delayed request is late, and those behind it on its connection keep their order', async () => {
  const raw = new BrokerClient({ network: new NodeNetwork(), clock: new NodeClock(), log: silentLogger, clientId: 'raw' });
  const leader = cluster.broker(await cluster.waitFor.leader('audit'));
  const [host, port] = leader.address.split(':') as [string, string];
  const { topics } = await raw.send({ host, port: Number(port) }, metadata, { topics: [{ name: 'audit' }], allowAutoTopicCreation: false });
  const send = (value: string) => {
    const partitionData = [{ index: 0, records: buildRecordBatch({ records: [{ value }] }) }];
    const topicData = [{ topicId: topics[0]!.topicId, partitionData }];
    return raw.send({ host, port: Number(port) }, produce, { transactionalId: null, acks: -1, timeoutMs: 1000, topicData });
  };
  cluster.inject({ api: 'Produce', delayMs: 60, times: 1 });
  const started = performance.now();

  await Promise.all(['1', '2', '3', '4'].map(send));

  expect(performance.now() - started).toBeGreaterThanOrEqual(60);
  expect((await cluster.records('audit')).map(({ value }) => value)).toEqual(['1', '2', '3', '4']);
  raw.close();
});

test('a request that is dropped was not carried out, and one whose answer is dropped was', async () => {
  const dropped = cluster.inject({ api: 'Produce', drop: true, times: 1 });
  const producer = client().producer({ retry: { retries: 0 } });
  await producer.connect();
  await expect(producer.send({ topic: 'audit', messages: [{ value: 'lost' }] })).rejects.toThrow();
  await producer.connect();
  const silenced = cluster.inject({ api: 'Produce', drop: 'answer', times: 1 });
  await expect(producer.send({ topic: 'audit', messages: [{ value: 'there' }] })).rejects.toThrow();
  await producer.disconnect();

  expect([dropped.hits, silenced.hits]).toEqual([1, 1]);
  expect((await cluster.records('audit', { n: 1 })).map(({ value }) => value)).toEqual(['there']);
});

test('a fault meets only the client, the broker and the API that it names, and only while it is in scope', async () => {
  {
    using other = cluster.inject({ clientId: 'warehouse', error: 'UNKNOWN_SERVER_ERROR' });
    using elsewhere = cluster.inject({ api: 'CreateTopics', broker: 2, drop: true });
    using pattern = cluster.inject({ api: 'ListGroups', clientId: /^sho/, delayMs: 1 });
    const admin = client().admin();
    await admin.connect();
    await admin.listTopics();
    await admin.listGroups();
    await admin.disconnect();

    expect([other.hits, elsewhere.hits]).toEqual([0, 0]);
    expect(pattern.hits).toBeGreaterThan(0);
  }
  const warehouse = client({ clientId: 'warehouse' }).admin();
  await warehouse.connect();
  expect(await warehouse.listTopics()).toContain('orders');
  await warehouse.disconnect();
});

test('every request of clients is seen with what it said, and none of the brokers or of the helpers', async () => {
  await cluster.produce('orders', 'by a helper');
  const producer = client().producer();
  await producer.connect();
  await producer.send({ topic: 'orders', acks: 1, messages: [{ value: 'by a client' }] });
  await producer.disconnect();

  expect(new Set(cluster.requests().map(({ clientId }) => clientId))).toEqual(new Set(['shop']));
  const [produced] = cluster.requests({ api: 'Produce' });
  expect(produced).toMatchObject({ api: 'Produce', topics: ['orders'], request: { acks: 1, topicData: [{ name: 'orders' }] } });
  expect(JSON.stringify(produced!.request)).toMatch(/"recordsBytes":\d+/);
  expect(cluster.requests({ topic: 'audit' })).toEqual([]);
});

test.each([
  [
    { api: 'Fetchh', error: 'NOT_LEADER_OR_FOLLOWER' } as const,
    `api: "Fetchh" cannot be: Kafka's protocol has no such API. Did you mean Fetch`,
  ],
  [
    { api: 'Fetch', error: 'NOT_LEADER' as 'NONE' },
    `error: "NOT_LEADER" cannot be: there is no such error in Kafka's protocol. Did you mean NOT_LEADER_OR_FOLLOWER`,
  ],
  [{ api: 'Fetch' }, 'nothing goes wrong. Say error, delayMs or drop'],
  [{ api: 'Fetch', delayMs: -1 }, 'delayMs: -1 cannot be'],
  [{ api: 'Fetch', drop: true, times: 0 }, 'times: 0 cannot be'],
])('%o is refused in words', (fault, message) => {
  expect(() => cluster.inject(fault)).toThrow(message);
});
