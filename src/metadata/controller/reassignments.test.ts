import { describe, expect, test } from 'vitest';
import { idOf } from '../testing.ts';
import { newTopic, TestCluster } from './testing.ts';

/** Five brokers, and the topic orders with one partition on some of them. */
function clusterWith(replicas: readonly number[], configs: Record<string, string> = {}): TestCluster {
  const cluster = new TestCluster().startBrokers(1, 2, 3, 4, 5);
  const assignments = [{ partitionIndex: 0, brokerIds: [...replicas] }];
  const given = Object.entries(configs).map(([name, value]) => ({ name, value }));
  cluster.createTopics([newTopic('orders', { numPartitions: -1, replicationFactor: -1, assignments, configs: given })]);
  return cluster;
}

function listed(cluster: TestCluster, topics: { name: string; partitionIndexes: number[] }[] | null = null) {
  return cluster.controller.listPartitionReassignments({ timeoutMs: 1000, topics }).response.topics;
}

describe('a partition that moves', () => {
  test('has the old and the new replicas until the new ones are in sync, then only those, led by one of them', () => {
    const cluster = clusterWith([1, 2, 3]);

    expect(cluster.reassign('orders', [3, 4, 5])).toEqual({ partitionIndex: 0, errorCode: 'NONE', errorMessage: null });
    expect(cluster.partition('orders')).toMatchObject({
      replicas: [3, 4, 5, 1, 2],
      directories: [3, 4, 5, 1, 2].map((id) => idOf(5000 + id)),
      addingReplicas: [4, 5],
      removingReplicas: [1, 2],
      isr: [1, 2, 3],
      leader: 1,
      leaderEpoch: 0,
    });
    expect(cluster.alterPartition('orders', [1, 2, 3, 4])).toMatchObject({ errorCode: 'NONE' });
    expect(cluster.alterPartition('orders', [1, 2, 3, 4, 5])).toMatchObject({ errorCode: 'NEW_LEADER_ELECTED' });

    expect(cluster.partition('orders')).toMatchObject({
      replicas: [3, 4, 5],
      directories: [3, 4, 5].map((id) => idOf(5000 + id)),
      addingReplicas: [],
      removingReplicas: [],
      isr: [3, 4, 5],
      leader: 3,
      leaderEpoch: 1,
    });
  });

  test('keeps a leader that stays, in another leader epoch, since those that go may not fetch any more', () => {
    const cluster = clusterWith([1, 2]);
    cluster.reassign('orders', [1, 3]);

    expect(cluster.alterPartition('orders', [1, 2, 3])).toMatchObject({ errorCode: 'NEW_LEADER_ELECTED' });

    expect(cluster.partition('orders')).toMatchObject({ replicas: [1, 3], isr: [1, 3], leader: 1, leaderEpoch: 1 });
  });

  test('is there at once when nobody comes: another order, or fewer replicas', () => {
    const cluster = clusterWith([1, 2, 3]);

    cluster.reassign('orders', [2, 3, 1]);
    expect(cluster.partition('orders')).toMatchObject({ replicas: [2, 3, 1], leader: 1, leaderEpoch: 0, addingReplicas: [] });
    cluster.reassign('orders', [2]);

    expect(cluster.partition('orders')).toMatchObject({ replicas: [2], isr: [2], leader: 2, leaderEpoch: 1, removingReplicas: [] });
  });

  test('does not lose replicas while too few of those that stay are in sync (P1)', () => {
    const cluster = clusterWith([1, 2, 3], { 'min.insync.replicas': '2' });
    cluster.alterPartition('orders', [1, 2]);

    cluster.reassign('orders', [2, 3]);
    expect(cluster.partition('orders')).toMatchObject({ replicas: [2, 3, 1], removingReplicas: [1], isr: [1, 2] });
    cluster.alterPartition('orders', [1, 2, 3]);

    expect(cluster.partition('orders')).toMatchObject({ replicas: [2, 3], isr: [2, 3], leader: 2 });
  });

  test('counts with the min.insync.replicas of its old number of replicas until it is there (P8)', () => {
    const cluster = clusterWith([1]);
    const needed = () => cluster.configs.minInsyncReplicas(cluster.image, 'orders', 0);

    cluster.reassign('orders', [1, 2, 3]);
    expect(needed()).toBe(1);
    expect(cluster.alterPartition('orders', [1, 2, 3])).toMatchObject({ errorCode: 'NEW_LEADER_ELECTED' });

    expect(needed()).toBe(2);
    expect(cluster.partition('orders')).toMatchObject({ replicas: [1, 2, 3], isr: [1, 2, 3], addingReplicas: [] });
  });

  test('is listed, alone or among all, until it is there', () => {
    const cluster = clusterWith([1, 2]);
    const row = { partitionIndex: 0, replicas: [1, 4, 2], addingReplicas: [4], removingReplicas: [2] };
    expect(listed(cluster)).toEqual([]);

    cluster.reassign('orders', [1, 4]);

    expect(listed(cluster)).toEqual([{ name: 'orders', partitions: [row] }]);
    expect(listed(cluster, [{ name: 'orders', partitionIndexes: [0, 1] }])).toEqual([{ name: 'orders', partitions: [row] }]);
    expect(listed(cluster, [{ name: 'orders', partitionIndexes: [1] }])).toEqual([]);
    expect(listed(cluster, [{ name: 'nobody', partitionIndexes: [0] }])).toEqual([]);
    cluster.alterPartition('orders', [1, 2, 4]);
    expect(listed(cluster)).toEqual([]);
  });

  test('gets no more partitions than its replicas of before have', () => {
    const cluster = clusterWith([1, 2]);
    cluster.reassign('orders', [1, 3, 4, 5]);

    cluster.carryOut(
      cluster.controller.createPartitions({
        topics: [{ name: 'orders', count: 2, assignments: null }],
        timeoutMs: 1,
        validateOnly: false,
      }),
    );

    expect(cluster.partitions('orders')[1]!.replicas).toEqual([2, 3]);
  });
});

describe('a move that is stopped or changed', () => {
  test('leaves the partition as it was', () => {
    const cluster = clusterWith([1, 2]);
    cluster.reassign('orders', [3, 4]);
    cluster.alterPartition('orders', [1, 2, 3]);

    expect(cluster.reassign('orders', null).errorCode).toBe('NONE');

    expect(cluster.partition('orders')).toMatchObject({
      replicas: [1, 2],
      directories: [idOf(5001), idOf(5002)],
      isr: [1, 2],
      leader: 1,
      leaderEpoch: 1,
      addingReplicas: [],
      removingReplicas: [],
    });
    expect(cluster.reassign('orders', null).errorCode).toBe('NO_REASSIGNMENT_IN_PROGRESS');
  });

  test('goes elsewhere: what was coming and is not wanted any more goes at once', () => {
    const cluster = clusterWith([1, 2]);
    cluster.reassign('orders', [3, 4]);
    cluster.alterPartition('orders', [1, 2, 3]);

    cluster.reassign('orders', [4, 5]);

    expect(cluster.partition('orders')).toMatchObject({
      replicas: [4, 5, 1, 2],
      isr: [1, 2],
      leader: 1,
      addingReplicas: [4, 5],
      removingReplicas: [1, 2],
    });
  });

  test('is refused where only what was coming has everything (P1)', () => {
    const cluster = clusterWith([1]);
    cluster.reassign('orders', [2, 3]);
    cluster.alterPartition('orders', [1, 2]);
    cluster.pass(3500, 2, 3, 4, 5);
    expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2], elr: [] });

    expect(cluster.reassign('orders', null).errorCode).toBe('INVALID_REPLICA_ASSIGNMENT');
    expect(cluster.reassign('orders', [4]).errorCode).toBe('INVALID_REPLICA_ASSIGNMENT');

    expect(cluster.partition('orders')).toMatchObject({ leader: 2, replicas: [2, 3, 1] });
  });
});

test.each([
  { wanted: [], error: 'INVALID_REPLICA_ASSIGNMENT', because: 'nobody is named' },
  { wanted: [1, 1], error: 'INVALID_REPLICA_ASSIGNMENT', because: 'one is named twice' },
  { wanted: [1, 9], error: 'INVALID_REPLICA_ASSIGNMENT', because: 'one is not registered' },
  { wanted: [1, 2, 3], error: 'INVALID_REPLICATION_FACTOR', because: 'the number of replicas may not change' },
])('a move to $wanted is refused: $because', ({ wanted, error }) => {
  const cluster = clusterWith([1, 2]);

  expect(cluster.reassign('orders', wanted, false)).toMatchObject({ errorCode: error, errorMessage: expect.any(String) });
  expect(cluster.partition('orders').partitionEpoch).toBe(0);
});

test('each partition has its row, and one that comes twice is moved once', () => {
  const cluster = clusterWith([1, 2]);
  const partitions = [0, 0, 7].map((partitionIndex) => ({ partitionIndex, replicas: [1, 3] }));
  const topics = [
    { name: 'orders', partitions },
    { name: 'nobody', partitions: partitions.slice(0, 1) },
  ];

  const { responses } = cluster.carryOut(
    cluster.controller.alterPartitionReassignments({ timeoutMs: 1000, allowReplicationFactorChange: true, topics }),
  );

  expect(responses.map((topic) => topic.partitions.map(({ errorCode }) => errorCode))).toEqual([
    ['NONE', 'INVALID_REQUEST', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['UNKNOWN_TOPIC_OR_PARTITION'],
  ]);
});
