import { describe, expect, test } from 'vitest';
import { newTopic } from '#metadata/testing.ts';
import { zeroUuid } from '#protocol';
import { metadata } from '#protocol/apis/metadata.ts';
import { billsId, fenced, ordersId, TestBroker } from '../testing.ts';

const versions = Array.from({ length: 14 }, (_, version) => version);
const noOperations = -2147483648;

async function withTopics(properties: Record<string, string> = {}): Promise<TestBroker> {
  const broker = await TestBroker.start({ properties });
  broker.commit(...newTopic('orders', ordersId, [1, 2, -1]), ...newTopic('bills', billsId, [2]));
  await broker.applied();
  return broker;
}

describe('all topics', () => {
  test.each(versions)('in version %i are told with their brokers and leaders', async (version) => {
    const broker = await withTopics();

    const response = await broker.ask(metadata, version, { topics: version === 0 ? [] : null });

    expect(response.brokers).toEqual([
      { nodeId: 1, host: 'localhost', port: 8080, rack: null },
      { nodeId: 2, host: 'localhost', port: 8081, rack: version >= 1 ? 'b' : null },
    ]);
    expect([response.clusterId, response.controllerId]).toEqual([version >= 2 ? broker.services.clusterId : null, version >= 1 ? 2 : -1]);
    expect(response.topics.map(({ name, topicId, errorCode }) => [name, topicId, errorCode])).toEqual([
      ['bills', version >= 10 ? billsId : zeroUuid, 'NONE'],
      ['orders', version >= 10 ? ordersId : zeroUuid, 'NONE'],
    ]);
    const leaderEpoch = version >= 7 ? 0 : -1;
    expect(response.topics[1]!.partitions).toMatchObject([
      { partitionIndex: 0, errorCode: 'NONE', leaderId: 1, leaderEpoch, replicaNodes: [1], isrNodes: [1], offlineReplicas: [] },
      { partitionIndex: 1, errorCode: 'NONE', leaderId: 2, leaderEpoch },
      { partitionIndex: 2, errorCode: 'LEADER_NOT_AVAILABLE', leaderId: -1 },
    ]);
    expect(broker.lines).toEqual([]);
  });

  test.each(versions.slice(1))('are not what an empty list asks for in version %i', async (version) => {
    const broker = await withTopics();

    expect((await broker.ask(metadata, version, { topics: [] })).topics).toEqual([]);
  });
});

describe('a topic', () => {
  test.each([
    { name: 'nobody', expected: 'UNKNOWN_TOPIC_OR_PARTITION' },
    { name: '__proto__', expected: 'UNKNOWN_TOPIC_OR_PARTITION' },
    { name: '..', expected: 'INVALID_TOPIC_EXCEPTION' },
    { name: '', expected: 'INVALID_TOPIC_EXCEPTION' },
    { name: 'x'.repeat(250), expected: 'INVALID_TOPIC_EXCEPTION' },
    { name: 'a/b', expected: 'INVALID_TOPIC_EXCEPTION' },
  ])('named "$name" is answered $expected in every version', async ({ name, expected }) => {
    const broker = await withTopics({ 'auto.create.topics.enable': 'false' });

    for (const version of versions) {
      const { topics } = await broker.ask(metadata, version, { topics: [{ name }] });
      expect(topics).toMatchObject([{ name, errorCode: expected, partitions: [] }]);
    }
  });

  test('is named by its id from version 12 on', async () => {
    const broker = await withTopics();

    const { topics } = await broker.ask(metadata, 12, { topics: [{ topicId: ordersId, name: null }] });

    expect(topics).toMatchObject([{ name: 'orders', topicId: ordersId, errorCode: 'NONE' }]);
  });

  test('of an unknown id has no name', async () => {
    const broker = await withTopics();
    const topicId = 'bm9ib2R5LW5vYm9keS1ubw';

    const { topics } = await broker.ask(metadata, 12, { topics: [{ topicId, name: null }] });

    expect(topics).toMatchObject([{ name: null, topicId, errorCode: 'UNKNOWN_TOPIC_ID' }]);
    expect(broker.sent).toEqual([]);
  });

  test.each([
    { version: 10, asked: { topicId: ordersId, name: null } },
    { version: 11, asked: { topicId: ordersId, name: 'orders' } },
    { version: 10, asked: { topicId: zeroUuid, name: null } },
  ])('may not be named by id in version $version', async ({ version, asked }) => {
    const broker = await withTopics();

    const { topics } = await broker.ask(metadata, version, { topics: [asked] });

    expect(topics.map(({ errorCode }) => errorCode)).toEqual(['INVALID_REQUEST']);
    expect(broker.lines).toEqual([]);
  });

  test('that is asked for again and again is answered once', async () => {
    const broker = await withTopics();

    const { topics } = await broker.ask(metadata, 9, { topics: Array(1000).fill({ name: 'orders' }) });

    expect(topics).toHaveLength(1);
  });

  test('has the bits of what the client may do with it only when it asks', async () => {
    const broker = await withTopics();
    const topics = [{ name: 'orders' }];

    const plain = await broker.ask(metadata, 10, { topics });
    const asked = await broker.ask(metadata, 10, {
      topics,
      includeTopicAuthorizedOperations: true,
      includeClusterAuthorizedOperations: true,
    });

    expect([plain.topics[0]!.topicAuthorizedOperations, plain.clusterAuthorizedOperations]).toEqual([noOperations, noOperations]);
    expect([asked.topics[0]!.topicAuthorizedOperations, asked.clusterAuthorizedOperations]).toEqual([0b110111111000, 0b1111110100000]);
  });
});

describe('a topic that is missing', () => {
  test('is created when client and broker allow it; the client is told to ask again', async () => {
    const broker = await withTopics();

    const { topics } = await broker.ask(metadata, 9, { topics: [{ name: 'fresh' }, { name: '..' }, { name: 'orders' }] });

    expect(topics.map(({ errorCode }) => errorCode)).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION', 'NONE']);
    expect(broker.sent).toMatchObject([
      { api: 'CreateTopics', request: { topics: [{ name: 'fresh', numPartitions: -1, replicationFactor: -1 }] } },
    ]);
  });

  test.each([
    { request: { allowAutoTopicCreation: false }, properties: {}, because: 'the client does not want it' },
    { request: {}, properties: { 'auto.create.topics.enable': 'false' }, because: 'the broker is told not to' },
  ])('is not created: $because', async ({ request, properties }) => {
    const broker = await withTopics(properties as Record<string, string>);

    await broker.ask(metadata, 9, { topics: [{ name: 'fresh' }], ...request });

    expect(broker.sent).toEqual([]);
  });

  test('is created once although the client asks again meanwhile, and again when that has failed', async () => {
    const broker = await withTopics();
    let fail: (error: Error) => void = () => {};
    broker.onSend = () =>
      new Promise((_, reject) => {
        fail = reject;
      });
    const ask = () => broker.ask(metadata, 9, { topics: [{ name: 'fresh' }] });

    await ask();
    await ask();
    expect(broker.sent).toHaveLength(1);

    fail(new Error('no controller'));
    await broker.pass(1);
    await ask();
    expect(broker.sent).toHaveLength(2);
    expect(broker.lines).toEqual(['topics could not be created automatically']);
  });

  test('and cannot be created is told to the operator', async () => {
    const broker = await withTopics();
    broker.onSend = async () => ({ topics: [{ name: 'fresh', errorCode: 'INVALID_REPLICATION_FACTOR', errorMessage: 'too few brokers' }] });

    await broker.ask(metadata, 9, { topics: [{ name: 'fresh' }] });
    await broker.pass(1);

    expect(broker.lines).toEqual(['a topic could not be created automatically']);
  });
});

describe('the controller that is shown', () => {
  test.each([
    { controllerId: 2, fence: [], expected: 2, because: 'it is in service' },
    { controllerId: 3, fence: [], expected: 1, because: 'broker 3 is fenced' },
    { controllerId: -1, fence: [], expected: 1, because: 'none is known' },
    { controllerId: 3, fence: [1], expected: 2, because: 'this broker is fenced, too' },
    { controllerId: 3, fence: [1, 2], expected: -1, because: 'nobody is in service' },
  ])('is $expected when it is $controllerId and $fence are fenced: $because', async ({ controllerId, fence, expected }) => {
    const broker = await withTopics();
    broker.controllerId = controllerId;
    if (fence.length > 0) broker.commit(...fence.map(fenced));

    expect((await broker.ask(metadata, 9, { topics: [] })).controllerId).toBe(expected);
  });
});
