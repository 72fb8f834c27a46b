import { describe, expect, test } from 'vitest';
import { idOf } from '../testing.ts';
import { newTopic, replicated, TestCluster } from './testing.ts';

const otherDisk = { logDirs: [idOf(99)] };

describe('when brokers go out of service', () => {
  test('leadership goes to the next in the ISR; with enough in sync nobody outside is eligible (P4, P7)', () => {
    const cluster = replicated();

    cluster.pass(3500, 2, 3);

    expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2, 3], elr: [], leaderEpoch: 1, partitionEpoch: 1 });
  });

  test('a follower that goes leaves the ISR, and the leader goes on in its epoch', () => {
    const cluster = replicated();

    cluster.pass(3500, 1, 3);

    expect(cluster.partition('orders')).toMatchObject({ leader: 1, isr: [1, 3], leaderEpoch: 0, partitionEpoch: 1 });
  });

  test('who leaves an ISR that is too small stays eligible; the last one too, and nobody leads (KIP-966)', () => {
    const cluster = replicated();

    cluster.pass(3500, 2, 3);
    cluster.pass(3500, 3);
    expect(cluster.partition('orders')).toMatchObject({ leader: 3, isr: [3], elr: [2] });
    cluster.pass(3500);

    expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [], elr: [2, 3], lastKnownElr: [3] });
  });

  test('several at once leave together: none of them inherits, all that were in sync are eligible (P7)', () => {
    const cluster = replicated();

    cluster.pass(3500);

    expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [], elr: [1, 2, 3], leaderEpoch: 1, partitionEpoch: 1 });
  });

  test('the first eligible one that is back leads, alone in sync, and the others stay eligible while that is too few (P5)', () => {
    const cluster = replicated();
    cluster.pass(3500, 2, 3);
    cluster.pass(3500);

    cluster.heartbeat(1);
    expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [], elr: [2, 3] });
    cluster.heartbeat(3);

    expect(cluster.partition('orders')).toMatchObject({ leader: 3, isr: [3], elr: [2], lastKnownElr: [] });
    expect(cluster.alterPartition('orders', [3, 1])).toMatchObject({ errorCode: 'NONE' });
    expect(cluster.partition('orders')).toMatchObject({ leader: 3, isr: [3, 1], elr: [] });
  });

  test('where one in sync is enough, whoever is elected ends the eligibility of the others (P4)', () => {
    const cluster = replicated({ 'min.insync.replicas': '1' });
    cluster.pass(3500);
    expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [], elr: [1, 2, 3] });

    cluster.heartbeat(2);

    expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2], elr: [] });
  });

  test('one that is known to be gone is taken out at once, another incarnation of it is not', () => {
    const cluster = replicated();
    const { epoch } = cluster.image.brokers.get(1)!;

    expect(cluster.controller.fenceVanished(1, epoch - 1n)).toEqual([]);
    cluster.carryOut({ records: cluster.controller.fenceVanished(1, epoch), response: undefined });

    expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2, 3] });
    expect(cluster.controller.fenceVanished(1, epoch)).toEqual([]);
  });

  test('without eligible.leader.replicas.version the last one stays in the ISR, and only it leads again', () => {
    const cluster = new TestCluster();
    cluster.carryOut({
      records: [{ name: 'FeatureLevelRecord', value: { name: 'eligible.leader.replicas.version', featureLevel: 0 } }],
      response: undefined,
    });
    cluster.startBrokers(1, 2).createTopics([newTopic('orders', { numPartitions: 1, replicationFactor: 2 })]);
    cluster.pass(3500, 2);
    cluster.pass(3500);

    expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [2], elr: [] });
    cluster.heartbeat(1);
    expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [2] });
    cluster.heartbeat(2);
    expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2] });
  });
});

describe('a broker that stops in good order', () => {
  test('hands its leaderships over and leaves the ISRs first, then it is fenced and may go', () => {
    const cluster = replicated();

    expect(cluster.heartbeat(1, { wantShutDown: true })).toMatchObject({ isFenced: false, shouldShutDown: false });
    expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2, 3] });
    expect(cluster.heartbeat(1, { wantShutDown: true })).toMatchObject({ isFenced: true, shouldShutDown: true });
  });

  test('keeps what it alone can lead until it goes', () => {
    const cluster = replicated({ 'min.insync.replicas': '1' });
    cluster.pass(3500, 1);

    expect(cluster.heartbeat(1, { wantShutDown: true })).toMatchObject({ isFenced: true, shouldShutDown: true });

    expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [], elr: [1] });
  });
});

describe('a broker that comes back', () => {
  const crash = (cluster: TestCluster, brokerId: number, incarnation = 2) => cluster.register(brokerId, incarnation);
  const restartCleanly = (cluster: TestCluster, brokerId: number) =>
    cluster.register(brokerId, 2, { previousBrokerEpoch: cluster.image.brokers.get(brokerId)!.epoch });

  test('so soon that it was not missed has left the ISR all the same, before it is in service again', () => {
    const cluster = replicated();

    crash(cluster, 1);

    expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2, 3], elr: [] });
  });

  test('after a crash stays eligible under flush.mode=fsync: what it acknowledged is on its disk', () => {
    const cluster = replicated();
    cluster.pass(3500);

    crash(cluster, 1);
    cluster.heartbeat(1);

    expect(cluster.partition('orders')).toMatchObject({ leader: 1, isr: [1], elr: [2, 3] });
  });

  test('the only replica of a partition leads again after a crash, with either flush mode', () => {
    const cluster = new TestCluster().startBrokers(1);
    cluster.createTopics([
      newTopic('on-disk', { numPartitions: 1 }),
      newTopic('in-memory', { numPartitions: 1, configs: [{ name: 'flush.mode', value: 'os' }] }),
    ]);

    for (const incarnation of [2, 3, 4]) {
      crash(cluster, 1, incarnation);
      cluster.heartbeat(1);
    }

    expect(cluster.partition('on-disk')).toMatchObject({ leader: 1, isr: [1], leaderEpoch: 6, leaderRecoveryState: 0 });
    expect(cluster.partition('in-memory')).toMatchObject({ leader: 1, isr: [1], leaderEpoch: 6, leaderRecoveryState: 1 });
  });

  test('last-replica-standing: after a crash it is not eligible under flush.mode=os, since it may lack what the others have (P5)', () => {
    const cluster = replicated({ 'flush.mode': 'os' });
    cluster.pass(3500, 3);
    expect(cluster.partition('orders')).toMatchObject({ leader: 3, isr: [3], elr: [1, 2] });

    crash(cluster, 3);
    expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [], elr: [1, 2], lastKnownElr: [3] });
    cluster.heartbeat(3);
    expect(cluster.partition('orders').leader).toBe(-1);
    restartCleanly(cluster, 2);
    cluster.heartbeat(2);

    expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2], elr: [1], leaderRecoveryState: 0 });
  });

  test('when all crashed under flush.mode=os, who led last has the most, leads, and is known to have to recover', () => {
    const cluster = replicated({ 'flush.mode': 'os' });
    cluster.pass(3500, 1, 3);
    cluster.pass(3500, 1);
    cluster.pass(3500);
    for (const id of [2, 3, 1]) crash(cluster, id);
    expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [], elr: [], lastKnownElr: [1] });

    cluster.heartbeat(3);
    expect(cluster.partition('orders').leader).toBe(-1);
    cluster.heartbeat(1);

    expect(cluster.partition('orders')).toMatchObject({ leader: 1, isr: [1], elr: [], leaderRecoveryState: 1, lastKnownElr: [] });
  });

  test('who led last does not lead again with another disk: there is nothing on it (P5)', () => {
    const cluster = new TestCluster().startBrokers(1, 2);
    const configs = [{ name: 'flush.mode', value: 'os' }];
    cluster.createTopics([newTopic('orders', { numPartitions: 1, replicationFactor: 2, configs })]);
    cluster.pass(3500, 1);
    crash(cluster, 1);
    expect(cluster.partition('orders')).toMatchObject({ isr: [], elr: [], lastKnownElr: [1] });
    cluster.pass(3500);

    cluster.register(1, 3, otherDisk);
    cluster.heartbeat(1);

    expect(cluster.partition('orders')).toMatchObject({ leader: -1, lastKnownElr: [] });
  });

  test('replaced-disk-nonempty-isr: with another disk it leaves ISR and ELR, and the others elect among themselves (KAFKA-14139, P5)', () => {
    const cluster = replicated();
    expect(cluster.register(1, 2, otherDisk).errorCode, 'while the one before may live').toBe('DUPLICATE_BROKER_REGISTRATION');
    cluster.pass(3500, 2, 3);

    cluster.register(1, 2, otherDisk);
    cluster.heartbeat(1);
    cluster.pass(3500, 1);

    expect(cluster.partition('orders')).toMatchObject({
      leader: -1,
      isr: [],
      elr: [2, 3],
      directories: [idOf(99), idOf(5002), idOf(5003)],
    });
    cluster.heartbeat(3);
    expect(cluster.partition('orders')).toMatchObject({ leader: 3, isr: [3], elr: [2] });
  });

  test('sole-isr-empty-disk: with another disk the last one that was in sync does not lead, nor does a follower that lags (KAFKA-15495, P5)', () => {
    const cluster = replicated({ 'min.insync.replicas': '1' });
    expect(cluster.alterPartition('orders', [1])).toMatchObject({ errorCode: 'NONE' });
    cluster.pass(3500, 2, 3);

    cluster.register(1, 2, otherDisk);
    cluster.heartbeat(1);

    expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [], elr: [1], directories: [idOf(5001), idOf(5002), idOf(5003)] });
    cluster.pass(3500, 2, 3);
    cluster.register(1, 3);
    cluster.heartbeat(1);
    expect(cluster.partition('orders'), 'the old disk is back').toMatchObject({ leader: 1, isr: [1] });
  });

  test('with another disk begins anew there when others are eligible', () => {
    const cluster = replicated();
    cluster.pass(3500);

    cluster.register(1, 2, otherDisk);
    cluster.heartbeat(1);
    expect(cluster.partition('orders')).toMatchObject({ leader: -1, elr: [2, 3], directories: [idOf(99), idOf(5002), idOf(5003)] });
    cluster.heartbeat(3);

    expect(cluster.partition('orders')).toMatchObject({ leader: 3, isr: [3], elr: [2] });
    expect(cluster.alterPartition('orders', [3, 1])).toMatchObject({ errorCode: 'NONE' });
  });
});

describe('another min.insync.replicas', () => {
  test('that is lower ends the eligibility of those who are not needed any more, in the same batch (P4)', () => {
    const cluster = replicated();
    cluster.pass(3500, 2, 3);
    cluster.pass(3500, 3);
    expect(cluster.partition('orders')).toMatchObject({ leader: 3, isr: [3], elr: [2] });

    cluster.configure('orders', 'min.insync.replicas', '1');

    expect(cluster.partition('orders')).toMatchObject({ leader: 3, isr: [3], elr: [] });
  });

  test('of the whole cluster likewise, where the topic has none of its own', () => {
    const cluster = replicated();
    cluster.pass(3500, 2, 3);
    cluster.pass(3500, 3);

    cluster.configure('', 'min.insync.replicas', '1');

    expect(cluster.partition('orders')).toMatchObject({ isr: [3], elr: [] });
  });

  test('does not take away the last eligible ones while nobody leads', () => {
    const cluster = replicated();
    cluster.pass(3500);

    cluster.configure('orders', 'min.insync.replicas', '1');
    expect(cluster.partition('orders')).toMatchObject({ leader: -1, isr: [], elr: [1, 2, 3] });
    cluster.heartbeat(2);

    expect(cluster.partition('orders')).toMatchObject({ leader: 2, isr: [2], elr: [] });
  });

  test('that is higher has to be known to a leader before it can change the ISR: it would commit what those that become eligible lack (P4)', () => {
    const cluster = replicated();
    const { partitionEpoch } = cluster.partition('orders');

    cluster.configure('orders', 'min.insync.replicas', '3');

    expect(cluster.partition('orders')).toMatchObject({ isr: [1, 2, 3], leaderEpoch: 0, partitionEpoch: partitionEpoch + 1 });
    expect(cluster.alterPartition('orders', [1, 2], { partitionEpoch })).toMatchObject({ errorCode: 'INVALID_UPDATE_VERSION' });
    expect(cluster.alterPartition('orders', [1, 2])).toMatchObject({ errorCode: 'NONE' });
    expect(cluster.partition('orders')).toMatchObject({ isr: [1, 2], elr: [3] });
  });

  test('that is not another one changes no partition', () => {
    const cluster = replicated();

    cluster.configure('orders', 'min.insync.replicas', '2');

    expect(cluster.partition('orders').partitionEpoch).toBe(0);
  });
});
