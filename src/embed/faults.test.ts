import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { NodeClock, NodeNetwork, silentLogger } from '#platform';
import { type Api, buildRecordBatch, type RequestInput, type ResponseOf } from '#protocol';
import { fetch as fetchRecords } from '#protocol/apis/fetch.ts';
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

/** Asks one broker itself, in order, which kafkajs leaves to chance. */
async function raw<T>(
  address: string,
  act: (send: <A extends Api>(api: A, request: RequestInput<A>) => Promise<ResponseOf<A>>) => Promise<T>,
): Promise<T> {
  const client = new BrokerClient({ network: new NodeNetwork(), clock: new NodeClock(), log: silentLogger, clientId: 'raw' });
  const [host, port] = address.split(':') as [string, string];
  try {
    return await act((api, request) => client.send({ host, port: Number(port) }, api, request));
  } finally {
    client.close();
  }
}

test('metadata of a topic that has no leader for a moment still names the brokers, and tells of other topics', async () => {
  cluster.inject({ api: 'Metadata', topic: 'audit', error: 'LEADER_NOT_AVAILABLE', times: 2 });
  const alone = await raw(cluster.brokers[0]!, (send) => send(metadata, { topics: [{ name: 'audit' }], allowAutoTopicCreation: false }));

  const { brokers, topics } = await raw(cluster.brokers[0]!, (send) =>
    send(metadata, { topics: [{ name: 'audit' }, { name: 'orders' }], allowAutoTopicCreation: false }),
  );

  expect([brokers.length, alone.brokers.length, alone.topics[0]!.errorCode]).toEqual([3, 3, 'LEADER_NOT_AVAILABLE']);
  expect(Object.fromEntries(topics.map(({ name, errorCode, partitions }) => [name, [errorCode, partitions.length]]))).toEqual({
    audit: ['LEADER_NOT_AVAILABLE', 0],
    orders: ['NONE', 3],
  });
});

test('a fetch in a session, which names no topics, is asked to name them and then fails for the one that is meant', async () => {
  await cluster.createTopics({ both: { partitions: 1, replicationFactor: 3 } });
  await cluster.moveLeader('both', 0, await cluster.waitFor.leader('audit'));
  const leader = cluster.broker(await cluster.waitFor.leader('audit')).address;
  await raw(leader, async (send) => {
    const known = await send(metadata, { topics: [{ name: 'audit' }, { name: 'both' }], allowAutoTopicCreation: false });
    const asked = known.topics.map(({ topicId }) => ({
      topicId,
      partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1000 }],
    }));
    const request = { maxWaitMs: 0, minBytes: 0, maxBytes: 1000, forgottenTopicsData: [] };
    const { sessionId } = await send(fetchRecords, { ...request, sessionId: 0, sessionEpoch: 0, topics: asked });
    expect(sessionId).not.toBe(0);
    const fault = cluster.inject({ api: 'Fetch', topic: 'audit', error: 'KAFKA_STORAGE_ERROR', times: 1 });

    const inSession = await send(fetchRecords, { ...request, sessionId, sessionEpoch: 1, topics: [] });
    expect([inSession.errorCode, fault.hits]).toEqual(['FETCH_SESSION_ID_NOT_FOUND', 0]);
    const full = await send(fetchRecords, { ...request, sessionId: 0, sessionEpoch: 0, topics: asked });

    expect(fault.hits).toBe(1);
    const errors = full.responses.map(({ topicId, partitions }) => [topicId === known.topics[0]!.topicId, partitions[0]!.errorCode]);
    expect(errors.toSorted()).toEqual([
      [false, 'NONE'],
      [true, 'KAFKA_STORAGE_ERROR'],
    ]);
  });
});

test('a delayed request is late, and those behind it on its connection keep their order', async () => {
  const leader = cluster.broker(await cluster.waitFor.leader('audit')).address;
  await raw(leader, async (send) => {
    const { topics } = await send(metadata, { topics: [{ name: 'audit' }], allowAutoTopicCreation: false });
    const write = (value: string) => {
      const partitionData = [{ index: 0, records: buildRecordBatch({ records: [{ value }] }) }];
      const topicData = [{ topicId: topics[0]!.topicId, partitionData }];
      return send(produce, { transactionalId: null, acks: -1, timeoutMs: 1000, topicData });
    };
    cluster.inject({ api: 'Produce', delayMs: 60, times: 1 });
    const started = performance.now();

    await Promise.all(['1', '2', '3', '4'].map(write));

    expect(performance.now() - started).toBeGreaterThanOrEqual(59);
  });
  expect((await cluster.records('audit')).map(({ value }) => value)).toEqual(['1', '2', '3', '4']);
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
