import { describe, expect, test } from 'vitest';
import { idOf } from '../testing.ts';
import { newTopic, replicated, TestCluster } from './testing.ts';

const lost = 'AAAAAAAAAAAAAAAAAAAAAg';

/** Broker 1, the preferred one, was away and is back: 2 leads. */
function afterFailover(): TestCluster {
  const cluster = replicated();
  cluster.pass(3500, 2, 3);
  cluster.heartbeat(1);
  return cluster;
}

/** Nobody leads: 1 was the last in sync and is gone, and only 3, which lags, is in service. */
function stuck(): TestCluster {
  const cluster = replicated({ 'min.insync.replicas': '1' });
  cluster.alterPartition('orders', [1]);
  cluster.pass(3500, 3);
  return cluster;
}

describe('a preferred election', () => {
  test('gives the leadership back to the first replica once it is in sync, in another leader epoch', () => {
    const cluster = afterFailover();

    expect(cluster.elect('orders')).toMatchObject({ errorCode: 'PREFERRED_LEADER_NOT_AVAILABLE' });
    expect(cluster.partition('orders')).toMatchObject({ leader: 2, leaderEpoch: 1 });
    cluster.alterPartition('orders', [2, 3, 1]);

    expect(cluster.elect('orders')).toEqual({ partitionId: 0, errorCode: 'NONE', errorMessage: null });
    expect(cluster.partition('orders')).toMatchObject({ leader: 1, isr: [2, 3, 1], leaderEpoch: 2 });
    expect(cluster.elect('orders').errorCode).toBe('ELECTION_NOT_NEEDED');
  });

  test('does not choose one that is about to stop', () => {
    const cluster = replicated();
    cluster.heartbeat(1, { wantShutDown: true });

    expect(cluster.elect('orders')).toMatchObject({ errorCode: 'PREFERRED_LEADER_NOT_AVAILABLE' });
    expect(cluster.partition('orders').leader).toBe(2);
  });

  test('without partitions is about all, and tells only of those that needed it', () => {
    const cluster = afterFailover();
    cluster.createTopics([newTopic('fine', { replicationFactor: 3 })]);
    cluster.alterPartition('orders', [2, 3, 1]);

    const answer = cluster.carryOut(cluster.controller.electLeaders({ electionType: 0, topicPartitions: null, timeoutMs: 1000 }));

    expect(answer.replicaElectionResults).toEqual([
      { topic: 'orders', partitionResult: [{ partitionId: 0, errorCode: 'NONE', errorMessage: null }] },
    ]);
  });

  test.each([
    { topic: 'nobody', partition: 0 },
    { topic: 'orders', partition: 7 },
  ])('of $topic-$partition, which is not there, is refused', ({ topic, partition }) => {
    const request = { electionType: 0, topicPartitions: [{ topic, partitions: [partition] }], timeoutMs: 1000 };

    const { response } = replicated().controller.electLeaders(request);

    expect(response.replicaElectionResults[0]!.partitionResult[0]!.errorCode).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  test('of a type that does not exist is refused', () => {
    expect(() => replicated().controller.electLeaders({ electionType: 7, topicPartitions: null, timeoutMs: 1 })).toThrow(/type 7/);
  });

  test('takes place by itself, and not where it is switched off', () => {
    const cluster = afterFailover();
    const balance = () => cluster.carryOut({ records: cluster.controller.balanceLeaders(), response: undefined });

    balance();
    expect(cluster.partition('orders').leader).toBe(2);
    cluster.alterPartition('orders', [2, 3, 1]);
    cluster.configure('', 'auto.leader.rebalance.enable', 'false');
    balance();
    expect(cluster.partition('orders').leader).toBe(2);
    cluster.configure('', 'auto.leader.rebalance.enable', 'true');
    balance();

    expect(cluster.partition('orders').leader).toBe(1);
    expect(cluster.controller.balanceLeaders()).toEqual([]);
  });
});

describe('an unclean election', () => {
  test('does not come by itself: who may lack acknowledged records waits for who has them', () => {
    const cluster = stuck();

    expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [], elr: [1] });
    cluster.heartbeat(3);
    cluster.heartbeat(2);
    expect(cluster.partition('orders').leader).toBe(-1);
    cluster.heartbeat(1);

    expect(cluster.partition('orders')).toMatchObject({ leader: 1, isr: [1] });
  });

  test('on demand makes any replica that lives the leader, alone in sync and recovering', () => {
    const cluster = stuck();

    expect(cluster.elect('orders', 'unclean').errorCode).toBe('NONE');

    expect(cluster.partition('orders')).toMatchObject({ leader: 3, isr: [3], elr: [], lastKnownElr: [], leaderRecoveryState: 1 });
    expect(cluster.elect('orders', 'unclean').errorCode).toBe('ELECTION_NOT_NEEDED');
    expect(cluster.alterPartition('orders', [3], { leaderRecoveryState: 1 }), 'still recovering').toMatchObject({ errorCode: 'NONE' });
    expect(cluster.alterPartition('orders', [3])).toMatchObject({ errorCode: 'NONE', leaderRecoveryState: 0 });
  });

  test('on demand is clean where somebody eligible is there', () => {
    const cluster = replicated();
    cluster.pass(3500);
    for (const id of [1, 2, 3]) cluster.assign(id, 'orders', lost);
    expect(cluster.partition('orders')).toMatchObject({ leader: -1, elr: [3] });
    const other = replicated();
    other.pass(3500);

    expect(other.elect('orders', 'unclean').errorCode).toBe('ELIGIBLE_LEADERS_NOT_AVAILABLE');
    other.heartbeat(2);

    expect(other.partition('orders')).toMatchObject({ leader: 2, leaderRecoveryState: 0 });
  });

  test('on demand takes even a replica whose disk was replaced, when no other lives, and records where it lies now', () => {
    const cluster = new TestCluster().startBrokers(1);
    cluster.createTopics([newTopic('orders', { numPartitions: 1 })]);
    cluster.pass(3500);
    cluster.register(1, 2, { logDirs: [idOf(99)] });
    cluster.heartbeat(1);
    expect(cluster.partition('orders')).toMatchObject({ leader: -1, elr: [1], directories: [idOf(5001)] });

    expect(cluster.elect('orders', 'unclean').errorCode).toBe('NONE');

    expect(cluster.partition('orders')).toMatchObject({ leader: 1, isr: [1], elr: [], directories: [idOf(99)], leaderRecoveryState: 1 });
  });

  test('unclean.leader.election.enable acts at once where nobody leads, and from then on', () => {
    const cluster = stuck();

    cluster.configure('orders', 'unclean.leader.election.enable', 'true');
    expect(cluster.partition('orders')).toMatchObject({ leader: 3, isr: [3], elr: [], leaderRecoveryState: 1 });
    cluster.heartbeat(2);
    cluster.pass(3500, 2);

    expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2] });
  });
});
