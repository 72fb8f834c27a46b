import { expect, test } from 'vitest';
import { type Api, KafkaError } from '#protocol';
import type { CreateTopicsRequest } from '#protocol/apis/create-topics.ts';
import { findCoordinator } from '#protocol/apis/find-coordinator.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { offsetsTopic } from '../internal-topics.ts';
import { TestBroker } from '../testing.ts';

const offsetsId = 'b2Zmc2V0cy1vZmZzZXRzLQ';

function served(broker: TestBroker): string[] {
  const told: string[] = [];
  broker.services.coordinators.add(0, offsetsTopic, {
    leads: (partition, leaderEpoch) => told.push(`leads ${partition} in ${leaderEpoch}`),
    resigns: (partition) => told.push(`resigns ${partition}`),
  });
  return told;
}

test.each([0, 3, 4, 6])('FindCoordinator v%i names the leader of the partition to which a group belongs', async (version) => {
  const broker = await TestBroker.start();
  served(broker);
  await broker.topic(offsetsTopic.name, offsetsId, [1, 2, 1, 2]);

  const asked = version < 4 ? { key: 'billing' } : { coordinatorKeys: ['billing'] };
  const answer = await broker.ask(findCoordinator, version, asked);

  const [first] = version < 4 ? [answer] : answer.coordinators;
  // -109,829,509 is the hash, and 109,829,509 modulo 4 is 1.
  expect(first).toMatchObject({ errorCode: 'NONE', nodeId: 2, host: 'localhost', port: 8081 });
});

test('many groups are found by one request, each with its own answer', async () => {
  const broker = await TestBroker.start();
  served(broker);
  await broker.topic(offsetsTopic.name, offsetsId, [1, 3]);

  const { coordinators } = await broker.ask(findCoordinator, 4, { coordinatorKeys: ['b', 'a'] });

  expect(coordinators.map(({ key, nodeId, errorCode }) => ({ key, nodeId, errorCode }))).toEqual([
    { key: 'b', nodeId: 1, errorCode: 'NONE' },
    { key: 'a', nodeId: -1, errorCode: 'COORDINATOR_NOT_AVAILABLE' },
  ]);
});

test('the first who needs it has the topic created, compacted and in the configured shape; others meanwhile wait for the same', async () => {
  const broker = await TestBroker.start({ properties: { 'offsets.topic.num.partitions': '7' } });
  served(broker);
  const created = Promise.withResolvers<unknown>();
  broker.onSend = () => created.promise;

  const first = await broker.ask(findCoordinator, 4, { coordinatorKeys: ['a', 'b'] });
  await broker.ask(findCoordinator, 3, { key: 'c' });

  expect(first.coordinators.map(({ errorCode }) => errorCode)).toEqual(['COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_NOT_AVAILABLE']);
  expect(broker.sent).toHaveLength(1);
  const { topics } = broker.sent[0]!.request as CreateTopicsRequest;
  expect(topics).toEqual([
    {
      name: '__consumer_offsets',
      numPartitions: 7,
      replicationFactor: 3,
      assignments: [],
      configs: [
        { name: 'cleanup.policy', value: 'compact' },
        { name: 'compression.type', value: 'producer' },
        { name: 'segment.bytes', value: '104857600' },
      ],
    },
  ]);
});

test('a creation that failed is tried again when the coordinator is needed again', async () => {
  const broker = await TestBroker.start();
  served(broker);
  broker.onSend = async (_api: Api) => {
    throw new KafkaError('NOT_CONTROLLER');
  };

  await broker.ask(findCoordinator, 3, { key: 'a' });
  await broker.pass(10);
  await broker.ask(findCoordinator, 3, { key: 'a' });

  expect(broker.sent).toHaveLength(2);
});

test('a consumer that names the topic has it created in the same shape, not as a topic like others', async () => {
  const broker = await TestBroker.start();
  served(broker);
  broker.onSend = () => new Promise(() => {});

  await broker.ask(metadata, 9, { topics: [{ name: '__consumer_offsets' }], allowAutoTopicCreation: true });
  await broker.ask(findCoordinator, 3, { key: 'a' });

  expect(broker.sent).toHaveLength(1);
  expect((broker.sent[0]!.request as CreateTopicsRequest).topics[0]).toMatchObject({ name: '__consumer_offsets', numPartitions: 50 });
});

test('coordinators hear of the leaderships of their topic, and of no other', async () => {
  const broker = await TestBroker.start();
  const told = served(broker);

  await broker.topic('orders', 'b3JkZXJzLW9yZGVycy1vcg');
  await broker.topic(offsetsTopic.name, offsetsId, [1, 2, 1]);

  expect(told.toSorted()).toEqual(['leads 0 in 0', 'leads 2 in 0']);
  await broker.done(broker.partitions.close());
  expect(told.slice(2)).toEqual(['resigns 0', 'resigns 2']);
});

test('nothing but groups and transactional ids is coordinated', async () => {
  const broker = await TestBroker.start();

  const { coordinators } = await broker.ask(findCoordinator, 6, { keyType: 2, coordinatorKeys: ['a:b:0'] });

  expect(coordinators[0]).toMatchObject({ errorCode: 'INVALID_REQUEST' });
});
