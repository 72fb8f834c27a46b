import { expect, test } from 'vitest';
import { idOf } from '../testing.ts';
import { replicated } from './testing.ts';

test('the ISR shrinks and grows as its leader asks, each time in another partition epoch and the same leader epoch', () => {
  const cluster = replicated();

  expect(cluster.alterPartition('orders', [1, 2])).toEqual({
    partitionIndex: 0,
    errorCode: 'NONE',
    leaderId: 1,
    leaderEpoch: 0,
    isr: [1, 2],
    leaderRecoveryState: 0,
    partitionEpoch: 1,
  });
  expect(cluster.alterPartition('orders', [1])).toMatchObject({ errorCode: 'NONE', partitionEpoch: 2 });
  expect(cluster.partition('orders')).toMatchObject({ isr: [1], elr: [2] });
  expect(cluster.alterPartition('orders', [1, 2, 3])).toMatchObject({ errorCode: 'NONE', partitionEpoch: 3 });
  expect(cluster.partition('orders')).toMatchObject({ isr: [1, 2, 3], elr: [], leaderEpoch: 0 });
});

test('the same once more changes nothing and is answered with what is there', () => {
  const cluster = replicated();

  expect(cluster.alterPartition('orders', [1, 2, 3])).toMatchObject({ errorCode: 'NONE', isr: [1, 2, 3], partitionEpoch: 0 });
});

test.each([
  { because: 'its leader epoch is over', change: { leaderEpoch: 0 }, error: 'FENCED_LEADER_EPOCH' },
  { because: 'its leader epoch is not known here yet', change: { leaderEpoch: 2 }, error: 'NOT_CONTROLLER' },
  { because: 'its partition epoch is not known here yet', change: { partitionEpoch: 3 }, error: 'NOT_CONTROLLER' },
  { because: 'the partition has changed since', change: { partitionEpoch: 1 }, error: 'INVALID_UPDATE_VERSION' },
  { because: 'it does not lead', change: { brokerId: 3 }, error: 'INVALID_REQUEST' },
  { because: 'it is not in the ISR itself', change: { isr: [3] }, error: 'INVALID_REQUEST' },
  { because: 'a member is no replica', change: { isr: [2, 3, 4] }, error: 'INVALID_REQUEST' },
  { because: 'a member comes twice', change: { isr: [2, 3, 3] }, error: 'INVALID_REQUEST' },
  { because: 'a member is fenced (KIP-841)', change: { isr: [2, 3, 1] }, error: 'INELIGIBLE_REPLICA' },
  { because: 'it claims to recover and does not', change: { isr: [2], leaderRecoveryState: 1 }, error: 'INVALID_REQUEST' },
  { because: 'there is no such partition', change: { partitionIndex: 1 }, error: 'UNKNOWN_TOPIC_OR_PARTITION' },
  { because: 'there is no such topic', change: { topicId: idOf(7) }, error: 'UNKNOWN_TOPIC_ID' },
])('$error when $because (P11)', ({ change, error }) => {
  const cluster = replicated();
  cluster.startBrokers(4);
  cluster.pass(3500, 2, 3, 4);
  expect(cluster.alterPartition('orders', [2])).toMatchObject({ partitionEpoch: 2 });
  const before = cluster.partition('orders');

  expect(cluster.alterPartition('orders', change.isr ?? [2, 3], change)).toMatchObject({ errorCode: error });

  expect(cluster.partition('orders')).toBe(before);
});

test('rebooted-follower-stale-fetch: a member of an earlier incarnation is not let in (KAFKA-15221, KAFKA-14617, P6)', () => {
  const cluster = replicated();
  const epochs = new Map([[3, cluster.image.brokers.get(3)!.epoch]]);
  cluster.register(3, 2);
  cluster.heartbeat(3);

  expect(cluster.alterPartition('orders', [1, 2, 3], { epochs })).toMatchObject({ errorCode: 'INELIGIBLE_REPLICA' });
  expect(cluster.alterPartition('orders', [1, 2, 3])).toMatchObject({ errorCode: 'NONE' });
});

test('a member that is about to stop is not let in', () => {
  const cluster = replicated();
  cluster.heartbeat(3, { wantShutDown: true });

  expect(cluster.alterPartition('orders', [1, 2, 3])).toMatchObject({ errorCode: 'INELIGIBLE_REPLICA' });
});

test('version 2 says no broker epochs, and they are not looked at', () => {
  const cluster = replicated();

  expect(cluster.alterPartition('orders', [1, 2], { version: 2 })).toMatchObject({ errorCode: 'NONE', isr: [1, 2] });
});

test('an earlier incarnation of the leader is not heard at all', () => {
  const cluster = replicated();
  const request = { brokerId: 1, brokerEpoch: 1n, topics: [] };

  expect(cluster.controller.alterPartition(request, 3).response.errorCode).toBe('STALE_BROKER_EPOCH');
});

test('the same partition twice in one request is changed once', () => {
  const cluster = replicated();
  const request = cluster.alterPartitionRequest('orders', [1, 2]);
  request.topics[0]!.partitions.push({ ...request.topics[0]!.partitions[0]! });

  const { topics } = cluster.carryOut(cluster.controller.alterPartition(request, 3));

  expect(topics[0]!.partitions.map(({ errorCode }) => errorCode)).toEqual(['NONE', 'INVALID_UPDATE_VERSION']);
});
