import { describe, expect, test } from 'vitest';
import { newLeader, newTopic, removeTopic } from '#metadata/testing.ts';
import { batchesIn, type RequestInput, type ResponseOf } from '#protocol';
import { type FetchRequest, fetch } from '#protocol/apis/fetch.ts';
import { metadataTopicId, metadataTopicName } from '#raft';
import { batchOf, billsId, decodeAnswer, FakeClient, ordersAgainId, ordersId, TestBroker, textsOf } from '../testing.ts';

type Asked = Partial<FetchRequest['topics'][number]['partitions'][number]>;

const versions = Array.from({ length: 15 }, (_, i) => 4 + i);

function request(version: number, partitions: readonly Asked[] = [{}], options: Partial<RequestInput<typeof fetch>> = {}) {
  const topic = version >= 13 ? { topicId: ordersId } : { topic: 'orders' };
  return {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 10_000_000,
    topics: [
      { ...topic, partitions: partitions.map((asked) => ({ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1_000_000, ...asked })) },
    ],
    ...options,
  } satisfies RequestInput<typeof fetch>;
}

function only(response: ResponseOf<typeof fetch>) {
  return response.responses[0]!.partitions[0]!;
}

async function withOrders(leaders: readonly number[] = [1]): Promise<TestBroker> {
  const broker = await TestBroker.start();
  await broker.topic('orders', ordersId, leaders);
  return broker;
}

async function writeTo(broker: TestBroker, partition: number, text: string): Promise<void> {
  await broker.done(broker.leader('orders', partition).append(batchOf([text]), -1, 60_000).committed!);
}

describe('a fetch', () => {
  test.each(versions)('in version %i gets whole batches from the one that holds the offset', async (version) => {
    const broker = await withOrders();
    await broker.write(batchOf(['a', 'b']), batchOf(['c']));

    const response = await broker.ask(fetch, version, request(version, [{ fetchOffset: 1n }]));

    expect(only(response)).toMatchObject({ errorCode: 'NONE', highWatermark: 3n, lastStableOffset: 3n, abortedTransactions: null });
    expect(textsOf(only(response).records)).toEqual(['0:a', '1:b', '2:c']);
    expect(response).toMatchObject({ errorCode: 'NONE', sessionId: 0 });
    expect(broker.lines).toEqual([]);
  });

  test.each(versions)('in version %i of committed records only has a list of aborted transactions, if an empty one', async (version) => {
    const broker = await withOrders();
    await broker.write(batchOf(['a']));

    const response = await broker.ask(fetch, version, request(version, [{}], { isolationLevel: 1 }));

    expect(only(response).abortedTransactions).toEqual([]);
  });

  test('gives nothing that is not committed (P10)', async () => {
    const broker = await withOrders();
    await broker.write(batchOf(['committed']));
    broker.leader().append(batchOf(['not yet']), 1, 1000);

    const response = await broker.dispatch(fetch, 12, request(12));

    expect(textsOf(only(decodeAnswer(fetch, 12, response)).records)).toEqual(['0:committed']);
  });
});

describe('the long poll', () => {
  test('at the high watermark waits for max.wait, and then has nothing', async () => {
    const broker = await withOrders();
    await broker.write(batchOf(['a']));
    const before = broker.world.nowMs;

    const response = await broker.ask(fetch, 12, request(12, [{ fetchOffset: 1n }], { maxWaitMs: 500 }));

    expect([broker.world.nowMs - before, only(response).records!.length]).toEqual([500, 0]);
  });

  test('ends as soon as something is committed', async () => {
    const broker = await withOrders();
    const waiting = broker.dispatch(fetch, 12, request(12, [{}], { maxWaitMs: 60_000 }));
    await broker.pass(100);

    await broker.write(batchOf(['at last']));
    const before = broker.world.nowMs;
    const response = decodeAnswer(fetch, 12, await broker.done(Promise.resolve(waiting)));

    expect([broker.world.nowMs - before, textsOf(only(response).records)]).toEqual([0, ['0:at last']]);
  });

  test('gathers min.bytes, over several partitions', async () => {
    const broker = await withOrders([1, 1]);
    const wanted = batchOf(['x']).length * 2;
    let answered = false;
    const waiting = Promise.resolve(
      broker.dispatch(fetch, 12, request(12, [{ partition: 0 }, { partition: 1 }], { maxWaitMs: 60_000, minBytes: wanted })),
    ).finally(() => {
      answered = true;
    });

    await writeTo(broker, 0, 'x');
    await broker.pass(10);
    expect(answered).toBe(false);
    await writeTo(broker, 1, 'y');

    const response = decodeAnswer(fetch, 12, await broker.done(waiting));
    expect(response.responses[0]!.partitions.map(({ records }) => textsOf(records))).toEqual([['0:x'], ['0:y']]);
  });

  test.each([
    { what: 'the topic is deleted', change: () => [removeTopic(ordersId)], expected: 'UNKNOWN_TOPIC_ID' },
    { what: 'the leadership is lost', change: () => [newLeader(ordersId, 0, 2)], expected: 'NOT_LEADER_OR_FOLLOWER' },
    {
      what: 'the topic is made again',
      change: () => [removeTopic(ordersId), ...newTopic('orders', ordersAgainId, [1])],
      expected: 'UNKNOWN_TOPIC_ID',
    },
  ])('ends when $what', async ({ change, expected }) => {
    const broker = await withOrders();
    const waiting = broker.dispatch(fetch, 13, request(13, [{}], { maxWaitMs: 60_000 }));
    await broker.pass(10);

    broker.commit(...change());
    const response = decodeAnswer(fetch, 13, await broker.done(Promise.resolve(waiting)));

    expect(only(response).errorCode).toBe(expected);
  });

  test('ends when its client is gone, however long it wanted to wait, and leaves nothing behind', async () => {
    const broker = await withOrders();
    const client = new FakeClient();
    const waiting = broker.dispatch(fetch, 12, request(12, [{}], { maxWaitMs: 2_000_000_000 }), client);
    await broker.pass(10);
    const before = broker.world.nowMs;

    client.leave();
    await broker.done(Promise.resolve(waiting));

    expect(broker.world.nowMs).toBe(before);
  });

  test('registers with a connection once, however often it waits', async () => {
    const broker = await withOrders();

    for (let i = 0; i < 20; i++) await broker.ask(fetch, 12, request(12, [{}], { maxWaitMs: 10 }));

    expect(broker.client.closeCallbacks).toHaveLength(1);
  });

  test('does not wait beside an error, nor for an empty list', async () => {
    const broker = await withOrders([1, 2]);

    const before = broker.world.nowMs;
    await broker.ask(fetch, 12, request(12, [{ partition: 0 }, { partition: 1 }], { maxWaitMs: 60_000 }));
    await broker.ask(fetch, 12, { ...request(12), topics: [], maxWaitMs: 60_000 });

    expect(broker.world.nowMs).toBe(before);
  });
});

describe('the size of an answer', () => {
  const text = 'x'.repeat(1000);

  test('the first batch comes whole, however small the limits (KIP-74)', async () => {
    const broker = await withOrders();
    await broker.write(batchOf([text]), batchOf([text]));

    for (const [maxBytes, partitionMaxBytes] of [
      [1, 1_000_000],
      [1_000_000, 1],
      [0, 0],
    ] as const) {
      const response = await broker.ask(fetch, 12, request(12, [{ partitionMaxBytes }], { maxBytes }));
      expect([...batchesIn(only(response).records!)]).toHaveLength(1);
    }
  });

  test('max.bytes counts over the partitions in their order; only the first that has something may go beyond', async () => {
    const broker = await withOrders([1, 1, 1]);
    for (const partition of [1, 2]) await writeTo(broker, partition, text);
    const partitions = [0, 1, 2].map((partition) => ({ partition }));

    const response = await broker.ask(fetch, 12, request(12, partitions, { maxBytes: 1500 }));

    expect(response.responses[0]!.partitions.map(({ records }) => records!.length > 0)).toEqual([false, true, false]);
  });

  test('a later partition keeps to its own limit', async () => {
    const broker = await withOrders([1, 1]);
    for (const partition of [0, 1]) await writeTo(broker, partition, text);

    const response = await broker.ask(fetch, 12, request(12, [{ partition: 0 }, { partition: 1, partitionMaxBytes: 100 }]));

    expect(response.responses[0]!.partitions.map(({ records }) => records!.length > 0)).toEqual([true, false]);
  });
});

describe('a partition that cannot answer', () => {
  test.each([
    { asked: { fetchOffset: 4n }, because: 'it lies beyond the end' },
    { asked: { fetchOffset: 0n }, because: 'it was deleted' },
    { asked: { fetchOffset: -1n }, because: 'it is no offset' },
  ])('offset $asked.fetchOffset is out of range, and the log start is told: $because', async ({ asked }) => {
    const broker = await withOrders();
    await broker.write(batchOf(['a']), batchOf(['b']), batchOf(['c']));
    await broker.done(broker.leader().deleteRecordsBefore(1n, 1000));

    expect(only(await broker.ask(fetch, 12, request(12, [asked])))).toMatchObject({
      errorCode: 'OFFSET_OUT_OF_RANGE',
      highWatermark: 3n,
      logStartOffset: 1n,
    });
  });

  test.each([
    { currentLeaderEpoch: 0, expected: 'FENCED_LEADER_EPOCH' },
    { currentLeaderEpoch: 1, expected: 'NONE' },
    { currentLeaderEpoch: 2, expected: 'UNKNOWN_LEADER_EPOCH' },
    { currentLeaderEpoch: -1, expected: 'NONE' },
  ])('in leader epoch 1, asked in epoch $currentLeaderEpoch, says $expected (KIP-320, P11)', async ({ currentLeaderEpoch, expected }) => {
    const broker = await withOrders();
    broker.commit(newLeader(ordersId, 0, 1));
    await broker.applied();

    expect(only(await broker.ask(fetch, 12, request(12, [{ currentLeaderEpoch }]))).errorCode).toBe(expected);
  });

  test.each([11, 12, 15, 16, 18])('in version %i names the leader from 12 on, and its address from 16 on', async (version) => {
    const broker = await withOrders([2]);

    const response = await broker.ask(fetch, version, request(version));

    expect(only(response).errorCode).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(only(response).currentLeader).toEqual(version >= 12 ? { leaderId: 2, leaderEpoch: 0 } : { leaderId: -1, leaderEpoch: -1 });
    expect(response.nodeEndpoints).toEqual(version >= 16 ? [{ nodeId: 2, host: 'localhost', port: 8081, rack: 'b' }] : []);
  });

  test.each([
    { version: 12, topic: { topic: 'nobody' }, expected: 'UNKNOWN_TOPIC_OR_PARTITION' },
    { version: 12, topic: { topic: metadataTopicName }, expected: 'UNKNOWN_TOPIC_OR_PARTITION' },
    { version: 13, topic: { topicId: billsId }, expected: 'UNKNOWN_TOPIC_ID' },
    { version: 13, topic: {}, expected: 'UNKNOWN_TOPIC_ID' },
  ])('is unknown in version $version: $expected', async ({ version, topic, expected }) => {
    const broker = await withOrders();
    const topics = [{ ...topic, partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1 }] }];

    expect(only(await broker.ask(fetch, version, { ...request(version), topics })).errorCode).toBe(expected);
  });
});

describe('a reader that followed a history which was cut off (P14)', () => {
  // Offsets 0 and 1 in epoch 0, offset 2 in epoch 2; the leader is in epoch 3.
  async function history(): Promise<TestBroker> {
    const broker = await withOrders();
    await broker.write(batchOf(['a']), batchOf(['b']));
    broker.commit(newLeader(ordersId, 0, 1));
    broker.commit(newLeader(ordersId, 0, 1));
    await broker.applied();
    await broker.write(batchOf(['c']));
    broker.commit(newLeader(ordersId, 0, 1));
    await broker.applied();
    return broker;
  }

  test.each([
    { lastFetchedEpoch: 0, fetchOffset: 2n, diverging: undefined, because: 'epoch 0 ended there' },
    { lastFetchedEpoch: 0, fetchOffset: 3n, diverging: { epoch: 0, endOffset: 2n }, because: 'epoch 0 ended before' },
    { lastFetchedEpoch: 1, fetchOffset: 2n, diverging: { epoch: 0, endOffset: 2n }, because: 'nothing of epoch 1 is here' },
    { lastFetchedEpoch: 2, fetchOffset: 3n, diverging: undefined, because: 'epoch 2 is the last that wrote' },
    { lastFetchedEpoch: 3, fetchOffset: 3n, diverging: undefined, because: 'the leader itself has not written yet' },
  ])('after epoch $lastFetchedEpoch at offset $fetchOffset: $because', async ({ lastFetchedEpoch, fetchOffset, diverging }) => {
    const broker = await history();

    const response = await broker.ask(fetch, 12, request(12, [{ lastFetchedEpoch, fetchOffset }]));

    expect(only(response).errorCode).toBe('NONE');
    expect(only(response).divergingEpoch).toEqual(diverging ?? { epoch: -1, endOffset: -1n });
    if (diverging !== undefined) expect(only(response).records).toHaveLength(0);
  });

  test('of an epoch that is to come is out of range', async () => {
    const broker = await history();

    expect(only(await broker.ask(fetch, 12, request(12, [{ lastFetchedEpoch: 4, fetchOffset: 3n }]))).errorCode).toBe(
      'OFFSET_OUT_OF_RANGE',
    );
  });
});

describe('a session', () => {
  test('is told only what is new', async () => {
    const broker = await withOrders([1, 1]);
    await writeTo(broker, 0, 'a');

    const first = await broker.ask(fetch, 12, request(12, [{ partition: 0 }, { partition: 1 }], { sessionEpoch: 0 }));
    expect([first.sessionId > 0, first.responses[0]!.partitions.length]).toEqual([true, 2]);

    await writeTo(broker, 1, 'b');
    const second = await broker.ask(fetch, 12, {
      ...request(12, [{ partition: 0, fetchOffset: 1n }], { sessionId: first.sessionId, sessionEpoch: 1 }),
    });
    expect(second.sessionId).toBe(first.sessionId);
    expect(second.responses[0]!.partitions.map(({ partitionIndex, records }) => [partitionIndex, textsOf(records)])).toEqual([
      [1, ['0:b']],
    ]);
  });

  test('of version 12 is not continued in version 13', async () => {
    const broker = await withOrders();
    const { sessionId } = await broker.ask(fetch, 12, request(12, [{}], { sessionEpoch: 0 }));

    const response = await broker.ask(fetch, 13, request(13, [{}], { sessionId, sessionEpoch: 1 }));

    expect([response.errorCode, response.responses]).toEqual(['FETCH_SESSION_TOPIC_ID_ERROR', []]);
  });
});

describe('a fetch of the metadata log', () => {
  test.each([
    { version: 12, topic: { topic: metadataTopicName }, who: { replicaId: 2 } },
    { version: 18, topic: { topicId: metadataTopicId }, who: { replicaState: { replicaId: 2, replicaEpoch: -1n } } },
  ])('by a voter or observer in version $version is raft’s, also before the cluster is formed', async ({ version, topic, who }) => {
    const broker = await TestBroker.start({
      raft: { fetch: async () => ({ throttleTimeMs: 0, errorCode: 'NONE', responses: [], sessionId: 77 }) },
    });
    broker.isFormed = false;
    const topics = [{ ...topic, partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1 }] }];

    expect((await broker.ask(fetch, version, { ...request(version), ...who, topics })).sessionId).toBe(77);
  });
});
