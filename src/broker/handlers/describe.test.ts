import { describe, expect, test } from 'vitest';
import { config, newTopic } from '#metadata/testing.ts';
import { deleteRecords } from '#protocol/apis/delete-records.ts';
import { describeCluster } from '#protocol/apis/describe-cluster.ts';
import { describeConfigs } from '#protocol/apis/describe-configs.ts';
import { describeLogDirs } from '#protocol/apis/describe-log-dirs.ts';
import { describeProducers } from '#protocol/apis/describe-producers.ts';
import { type DescribeTopicPartitionsResponse, describeTopicPartitions } from '#protocol/apis/describe-topic-partitions.ts';
import { batchOf, billsId, ordersId, TestBroker } from '../testing.ts';

async function withOrders(leaders: readonly number[] = [1]): Promise<TestBroker> {
  const broker = await TestBroker.start();
  await broker.topic('orders', ordersId, leaders);
  return broker;
}

describe('DescribeCluster', () => {
  test.each([0, 1, 2])('version %i names the brokers in service', async (version) => {
    const broker = await withOrders();

    const answer = await broker.ask(describeCluster, version, { includeClusterAuthorizedOperations: false });

    expect(answer).toMatchObject({ errorCode: 'NONE', clusterId: broker.services.clusterId, controllerId: 2, endpointType: 1 });
    expect(answer.brokers.map(({ brokerId, port, rack, isFenced }) => [brokerId, port, rack, isFenced])).toEqual([
      [1, 8080, null, false],
      [2, 8081, 'b', false],
    ]);
  });

  test('names the fenced ones as well for who asks for them', async () => {
    const broker = await withOrders();

    const { brokers } = await broker.ask(describeCluster, 2, { includeClusterAuthorizedOperations: false, includeFencedBrokers: true });

    expect(brokers.map(({ brokerId, isFenced }) => [brokerId, isFenced])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
  });

  test.each([
    { endpointType: 2, expected: 'NONE' },
    { endpointType: 3, expected: 'UNSUPPORTED_ENDPOINT_TYPE' },
  ])('endpoints of type $endpointType: $expected', async ({ endpointType, expected }) => {
    const broker = await withOrders();

    expect((await broker.ask(describeCluster, 1, { includeClusterAuthorizedOperations: false, endpointType })).errorCode).toBe(expected);
  });
});

describe('DescribeTopicPartitions', () => {
  async function withThree(): Promise<TestBroker> {
    const broker = await TestBroker.start();
    broker.commit(
      ...newTopic('b', ordersId, [1, 2, 1]),
      ...newTopic('a', billsId, [1, -1]),
      ...newTopic('c', 'Y2NjY2NjY2NjY2NjY2NjYw', [2]),
    );
    await broker.applied();
    return broker;
  }

  test('gives topics by name, page by page, each partition once', async () => {
    const broker = await withThree();
    const pages: string[][] = [];
    let cursor: DescribeTopicPartitionsResponse['nextCursor'] = null;
    do {
      const answer: DescribeTopicPartitionsResponse = await broker.ask(describeTopicPartitions, 0, {
        topics: [],
        responsePartitionLimit: 2,
        cursor,
      });
      pages.push(answer.topics.flatMap(({ name, partitions }) => partitions.map(({ partitionIndex }) => `${name}-${partitionIndex}`)));
      cursor = answer.nextCursor;
    } while (cursor !== null);

    expect(pages).toEqual([
      ['a-0', 'a-1'],
      ['b-0', 'b-1'],
      ['b-2', 'c-0'],
    ]);
  });

  test('tells of leaders, and of topics that are not there, once each', async () => {
    const broker = await withThree();
    const topics = ['nobody', 'a', 'a', '..'].map((name) => ({ name }));

    const answer = await broker.ask(describeTopicPartitions, 0, { topics, responsePartitionLimit: 2000, cursor: null });

    expect(answer.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['..', 'INVALID_TOPIC_EXCEPTION'],
      ['a', 'NONE'],
      ['nobody', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ]);
    expect(answer.topics[1]!.partitions.map(({ leaderId, errorCode }) => [leaderId, errorCode])).toEqual([
      [1, 'NONE'],
      [-1, 'LEADER_NOT_AVAILABLE'],
    ]);
    expect(answer.nextCursor).toBeNull();
  });

  test.each([
    { responsePartitionLimit: 0, cursor: null, expected: ['a-0'], because: 'a page has at least one' },
    { responsePartitionLimit: -1, cursor: null, expected: ['a-0'], because: 'a page has at least one' },
    {
      responsePartitionLimit: 9,
      cursor: { topicName: 'aa', partitionIndex: 1 },
      expected: ['b-0', 'b-1', 'b-2', 'c-0'],
      because: 'its topic is gone',
    },
    { responsePartitionLimit: 9, cursor: { topicName: 'b', partitionIndex: 99 }, expected: ['c-0'], because: 'its partition never was' },
  ])('limit $responsePartitionLimit, cursor $cursor gives $expected: $because', async ({ responsePartitionLimit, cursor, expected }) => {
    const broker = await withThree();

    const { topics } = await broker.ask(describeTopicPartitions, 0, { topics: [], responsePartitionLimit, cursor });

    expect(topics.flatMap(({ name, partitions }) => partitions.map(({ partitionIndex }) => `${name}-${partitionIndex}`))).toEqual(expected);
  });

  test('a cursor before the first partition is refused', async () => {
    const broker = await withThree();
    const cursor = { topicName: 'a', partitionIndex: -2 };

    const { topics } = await broker.ask(describeTopicPartitions, 0, { topics: [{ name: 'a' }], responsePartitionLimit: 9, cursor });

    expect(topics).toMatchObject([{ name: 'a', errorCode: 'INVALID_REQUEST', partitions: [] }]);
  });
});

describe('DescribeConfigs', () => {
  test.each([1, 2, 3, 4])('version %i gives every topic config with its source', async (version) => {
    const broker = await withOrders();
    broker.commit(config(2, 'orders', 'retention.ms', '1000'));

    const { results } = await broker.ask(describeConfigs, version, {
      resources: [{ resourceType: 2, resourceName: 'orders', configurationKeys: null }],
      includeSynonyms: true,
    });

    expect(results).toMatchObject([{ errorCode: 'NONE', resourceType: 2, resourceName: 'orders' }]);
    const byName = new Map(results[0]!.configs.map((found) => [found.name, found]));
    expect(byName.get('retention.ms')).toMatchObject({ value: '1000', configSource: 1, readOnly: false, isSensitive: false });
    expect(byName.get('retention.ms')!.synonyms.length).toBeGreaterThan(1);
    expect(byName.get('cleanup.policy')).toMatchObject({ value: 'delete', configSource: 5 });
    expect(byName.get('cleanup.policy')!.configType).toBe(version >= 3 ? 7 : 0);
    expect(byName.size).toBeGreaterThan(20);
  });

  test.each([
    { type: 2, name: 'nobody', expected: 'UNKNOWN_TOPIC_OR_PARTITION' },
    { type: 2, name: '..', expected: 'INVALID_TOPIC_EXCEPTION' },
    { type: 4, name: '1', expected: 'NONE' },
    { type: 4, name: '', expected: 'NONE' },
    { type: 4, name: '2', expected: 'INVALID_REQUEST' },
    { type: 4, name: 'x', expected: 'INVALID_REQUEST' },
    { type: 32, name: 'a-group', expected: 'NONE' },
    { type: 8, name: '1', expected: 'INVALID_REQUEST' },
    { type: -1, name: '1', expected: 'INVALID_REQUEST' },
  ])('resource "$name" of type $type: $expected', async ({ type, name, expected }) => {
    const broker = await withOrders();
    const resources = [{ resourceType: type, resourceName: name, configurationKeys: null }];

    expect((await broker.ask(describeConfigs, 4, { resources, includeDocumentation: true })).results).toMatchObject([
      { errorCode: expected, resourceType: type, resourceName: name },
    ]);
    expect(broker.lines).toEqual([]);
  });

  test('gives only the keys that are named, and each resource once', async () => {
    const broker = await withOrders();
    const resource = { resourceType: 2, resourceName: 'orders', configurationKeys: ['retention.ms', 'no.such.key'] };

    const { results } = await broker.ask(describeConfigs, 4, { resources: [resource, resource, resource] });

    expect(results.map(({ configs }) => configs.map(({ name }) => name))).toEqual([['retention.ms']]);
  });
});

describe('DescribeLogDirs', () => {
  test.each([1, 2, 3, 4, 5])('version %i gives the bytes of each partition here', async (version) => {
    const broker = await withOrders([1, 2, 1]);
    const batch = batchOf(['some text']);
    await broker.write(batch);

    const { results } = await broker.ask(describeLogDirs, version, { topics: null });

    expect(results).toMatchObject([
      {
        errorCode: 'NONE',
        logDir: '/data',
        usableBytes: version >= 4 ? 123_456n : -1n,
        topics: [
          {
            name: 'orders',
            partitions: [
              { partitionIndex: 0, partitionSize: BigInt(batch.length), offsetLag: 0n, isFutureKey: false },
              { partitionIndex: 2, partitionSize: 0n },
            ],
          },
        ],
      },
    ]);
  });

  test('gives only the partitions that are named', async () => {
    const broker = await withOrders([1, 1]);

    const { results } = await broker.ask(describeLogDirs, 4, {
      topics: [
        { topic: 'orders', partitions: [1, 7] },
        { topic: 'x', partitions: [0] },
      ],
    });

    expect(results[0]!.topics.map(({ name, partitions }) => [name, partitions.map(({ partitionIndex }) => partitionIndex)])).toEqual([
      ['orders', [1]],
    ]);
  });

  test('says so of a directory that is offline', async () => {
    const broker = await withOrders();
    broker.disk.failNext('sync', 'EIO', { path: 'orders-0' });
    await broker.leader().append(batchOf(['x']), 1, 1000);
    await broker.pass(100);

    expect((await broker.ask(describeLogDirs, 4, { topics: null })).results).toMatchObject([
      { errorCode: 'KAFKA_STORAGE_ERROR', topics: [], usableBytes: -1n },
    ]);
  });
});

describe('DescribeProducers', () => {
  test('gives who has written idempotently, and how far', async () => {
    const broker = await withOrders([1, 2]);
    await broker.write(batchOf(['a', 'b', 'c'], { producerId: 5n, producerEpoch: 1, baseSequence: 0 }));

    const { topics } = await broker.ask(describeProducers, 0, { topics: [{ name: 'orders', partitionIndexes: [0, 1, 2] }] });

    expect(topics[0]!.partitions).toMatchObject([
      {
        errorCode: 'NONE',
        activeProducers: [{ producerId: 5n, producerEpoch: 1, lastSequence: 2, coordinatorEpoch: -1, currentTxnStartOffset: -1n }],
      },
      { errorCode: 'NOT_LEADER_OR_FOLLOWER' },
      { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' },
    ]);
  });
});

describe('DeleteRecords', () => {
  test.each([0, 1, 2])('version %i moves the start of the log, and tells where it is', async (version) => {
    const broker = await withOrders([1, 2]);
    await broker.write(batchOf(['a']), batchOf(['b']));
    const partitions = [
      { partitionIndex: 0, offset: 1n },
      { partitionIndex: 1, offset: 1n },
      { partitionIndex: 2, offset: 1n },
    ];

    const { topics } = await broker.ask(deleteRecords, version, { topics: [{ name: 'orders', partitions }], timeoutMs: 1000 });

    expect(topics[0]!.partitions.map(({ errorCode, lowWatermark }) => [errorCode, lowWatermark])).toEqual([
      ['NONE', 1n],
      ['NOT_LEADER_OR_FOLLOWER', -1n],
      ['UNKNOWN_TOPIC_OR_PARTITION', -1n],
    ]);
  });

  test.each([
    { offset: -1n, expected: 'NONE', lowWatermark: 2n },
    { offset: 2n, expected: 'NONE', lowWatermark: 2n },
    { offset: 3n, expected: 'OFFSET_OUT_OF_RANGE', lowWatermark: -1n },
  ])('before $offset of a log that ends at 2: $expected', async ({ offset, expected, lowWatermark }) => {
    const broker = await withOrders();
    await broker.write(batchOf(['a']), batchOf(['b']));

    const { topics } = await broker.ask(deleteRecords, 2, {
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset }] }],
      timeoutMs: 1000,
    });

    expect(topics[0]!.partitions[0]).toEqual({ partitionIndex: 0, errorCode: expected, lowWatermark });
  });
});
