import { expect, test } from 'vitest';
import { unassignedDirectory } from '../image/directory-ids.ts';
import { idOf } from '../testing.ts';
import { newTopic, replicated, TestCluster } from './testing.ts';

const lost = 'AAAAAAAAAAAAAAAAAAAAAg';

test('a replica whose log is lost leaves the ISR; what it led goes to another that is in sync, and it is not eligible (P5)', () => {
  const cluster = replicated();
  cluster.alterPartition('orders', [1, 2]);

  expect(cluster.assign(1, 'orders', lost)).toBe('NONE');

  expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2], elr: [], directories: [lost, idOf(5002), idOf(5003)] });
  cluster.pass(3500, 1);
  expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [], elr: [2] });
});

test('a replica that has begun anew is in its directory again, and comes into the ISR only when its leader says so', () => {
  const cluster = replicated();
  cluster.assign(1, 'orders', lost);

  expect(cluster.assign(1, 'orders', idOf(5001))).toBe('NONE');

  expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2, 3], elr: [], directories: [idOf(5001), idOf(5002), idOf(5003)] });
  expect(cluster.alterPartition('orders', [2, 3, 1])).toMatchObject({ errorCode: 'NONE' });
});

test('a replica that begins anew ends the leader epoch, once, although the leader stays: fetches for what it had may still be on their way (P6)', () => {
  const cluster = replicated();
  const { leaderEpoch } = cluster.partition('orders');

  cluster.assign(2, 'orders', lost);
  cluster.assign(2, 'orders', lost);
  cluster.assign(2, 'orders', idOf(5002));

  expect(cluster.partition('orders')).toMatchObject({ leader: 1, leaderEpoch: leaderEpoch + 1, isr: [1, 3] });
});

test('the last that was eligible stays on record although its log is lost: it does not lead, nor begin anew, until somebody decides', () => {
  const cluster = new TestCluster().startBrokers(1);
  cluster.createTopics([newTopic('orders', { numPartitions: 1 })]);

  expect(cluster.assign(1, 'orders', lost)).toBe('NONE');
  expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [], elr: [1], directories: [lost] });
  expect(cluster.assign(1, 'orders', idOf(5001))).toBe('ELIGIBLE_LEADERS_NOT_AVAILABLE');
  cluster.register(1, 2);
  cluster.heartbeat(1);
  expect(cluster.partition('orders').leader).toBe(-1);
  expect(cluster.elect('orders', 'unclean').errorCode).toBe('NONE');

  expect(cluster.partition('orders')).toMatchObject({ leader: 1, isr: [1], directories: [idOf(5001)] });
});

test('when all logs are lost, one after another, the last one is kept for somebody to decide about', () => {
  const cluster = replicated();

  for (const id of [1, 2, 3]) cluster.assign(id, 'orders', lost);

  expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [], elr: [3], directories: [lost, lost, lost] });
  expect([1, 2, 3].map((id) => cluster.assign(id, 'orders', idOf(5000 + id)))).toEqual(['NONE', 'NONE', 'ELIGIBLE_LEADERS_NOT_AVAILABLE']);
  expect(cluster.partition('orders').leader).toBe(-1);
});

test('a directory that does not work is as good as lost', () => {
  const cluster = replicated();

  expect(cluster.assign(1, 'orders', idOf(7777))).toBe('NONE');

  expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2, 3] });
});

test('to say what is known already changes nothing', () => {
  const cluster = replicated();
  const before = cluster.image;

  expect(cluster.assign(1, 'orders', idOf(5001))).toBe('NONE');

  expect(cluster.image).toBe(before);
});

test('a replica moves between directories that work, and stays in the ISR', () => {
  const cluster = new TestCluster();
  cluster.register(1, 1, { logDirs: [idOf(5001), idOf(6001)] });
  cluster.heartbeat(1);
  cluster.createTopics([newTopic('orders', { numPartitions: 1 })]);
  expect(cluster.partition('orders').directories).toEqual([unassignedDirectory]);

  cluster.assign(1, 'orders', idOf(5001));
  cluster.assign(1, 'orders', idOf(6001));

  expect(cluster.partition('orders')).toMatchObject({ leader: 1, leaderEpoch: 0, isr: [1], directories: [idOf(6001)] });
});

test('a directory that fails takes along the replicas in it, and the broker stays in service with the others', () => {
  const cluster = replicated();
  cluster.register(4, 1, { logDirs: [idOf(5004), idOf(6004)] });
  cluster.heartbeat(4);
  cluster.reassign('orders', [4, 2, 3]);
  cluster.assign(4, 'orders', idOf(6004));
  cluster.alterPartition('orders', [1, 2, 3, 4]);
  cluster.elect('orders');
  expect(cluster.partition('orders')).toMatchObject({ leader: 4, isr: [2, 3, 4] });

  cluster.heartbeat(4, { offlineLogDirs: [idOf(6004)] });

  expect(cluster.image.brokers.get(4)).toMatchObject({ fenced: false, directories: [idOf(5004)] });
  expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2, 3] });
});

test('each partition has its error, and an earlier incarnation is not heard', () => {
  const cluster = replicated();
  cluster.startBrokers(4);
  const { id } = cluster.image.topics.byName('orders')!;
  const ask = (brokerId: number, topicId: string, partitionIndex: number, directory: string, brokerEpoch?: bigint) => {
    const topics = [{ topicId, partitions: [{ partitionIndex }] }];
    const request = {
      brokerId,
      brokerEpoch: brokerEpoch ?? cluster.image.brokers.get(brokerId)!.epoch,
      directories: [{ id: directory, topics }],
    };
    const { errorCode, directories } = cluster.controller.assignReplicasToDirs(request).response;
    return directories[0]?.topics[0]?.partitions[0]?.errorCode ?? errorCode;
  };

  expect(ask(1, idOf(7), 0, lost)).toBe('UNKNOWN_TOPIC_ID');
  expect(ask(1, id, 7, lost)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  expect(ask(4, id, 0, lost)).toBe('NOT_LEADER_OR_FOLLOWER');
  expect(ask(1, id, 0, unassignedDirectory)).toBe('INVALID_REQUEST');
  expect(ask(1, id, 0, lost, 1n)).toBe('STALE_BROKER_EPOCH');
});
