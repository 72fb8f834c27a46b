import { describe, expect, test } from 'vitest';
import { config, newLeader, newTopic, removeTopic } from '#metadata/testing.ts';
import type { ReplicaManager, ReplicaManagerOptions } from './replica-manager.ts';
import { batchOf, billsId, Host, Metadata, nodeId, Observed, ordersAgainId, ordersId, reading, textsOf } from './testing.ts';

const elsewhere = 2;
const minuteMs = 60_000;

describe('a new topic', () => {
  test('gets a log and a leader for each partition that is here, and counts as applied only then', async () => {
    const { host, manager, metadata } = await start();
    const applied: bigint[] = [];
    manager.onApplied((offset) => applied.push(offset));

    metadata.commit(...newTopic('orders', ordersId, [nodeId, elsewhere, nodeId]));
    expect([manager.appliedOffset, applied]).toEqual([-1n, []]);
    await applyAll(host, manager, metadata);

    expect(applied).toEqual([metadata.offset]);
    expect(manager.all().map(({ name, leaderEpoch }) => [name, leaderEpoch])).toEqual([
      ['orders-0', 0],
      ['orders-2', 0],
    ]);
    expect(host.directory.partitions().map(({ topicId }) => topicId)).toEqual([ordersId, ordersId]);
  });

  test.each([
    { topic: 'bills', partition: 0, expected: 'UNKNOWN_TOPIC_OR_PARTITION', because: 'there is no such topic' },
    { topic: 'orders', partition: 7, expected: 'UNKNOWN_TOPIC_OR_PARTITION', because: 'it has fewer partitions' },
    { topic: 'orders', partition: 1, expected: 'NOT_LEADER_OR_FOLLOWER', because: 'another broker leads it' },
    { topic: '__proto__', partition: 0, expected: 'UNKNOWN_TOPIC_OR_PARTITION', because: 'that is only a name' },
  ])('$topic-$partition answers $expected: $because', async ({ topic, partition, expected }) => {
    const { host, manager, metadata } = await start();
    metadata.commit(...newTopic('orders', ordersId, [nodeId, elsewhere]));
    await applyAll(host, manager, metadata);

    expect(errorOf(manager, topic, partition)).toBe(expected);
  });

  test('is not applied after the manager was closed, and no timer is left', async () => {
    const { host, manager, metadata } = await start();

    await host.done(manager.close());
    metadata.commit(...newTopic('orders', ordersId, [nodeId]));
    await host.pass(10_000);
    const events = host.world.eventCount;
    await host.pass(60_000);

    expect(manager.appliedOffset).toBe(-1n);
    expect(host.world.eventCount).toBe(events);
  });
});

describe('leadership', () => {
  test('is not taken up by metadata of a former life; once it is of this one, everything is led', async () => {
    let isRegistered = false;
    const host = await Host.start();
    const manager = host.manager({}, { isOfThisLife: () => isRegistered });
    const metadata = new Metadata(host, [manager]);
    metadata.commit(...newTopic('orders', ordersId, [nodeId, nodeId]));
    await host.pass(1000);
    expect(errorOf(manager, 'orders', 0)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(manager.appliedOffset).toBe(-1n);

    isRegistered = true;
    metadata.commit(newLeader(ordersId, 1, nodeId));
    await applyAll(host, manager, metadata);

    expect([0, 1].map((partition) => manager.leader('orders', partition).leaderEpoch)).toEqual([0, 1]);
  });

  test('that goes to another broker ends in the moment in which this broker learns of it', async () => {
    const { host, manager, metadata } = await withOrders();
    const waiting = new Observed(manager.leader('orders', 0).append(batchOf(['?']), -1, minuteMs).committed);

    metadata.commit(newLeader(ordersId, 0, -1));

    expect(errorOf(manager, 'orders', 0)).toBe('NOT_LEADER_OR_FOLLOWER');
    await Promise.resolve();
    expect(waiting.errorName).toBe('NOT_LEADER_OR_FOLLOWER');
    await applyAll(host, manager, metadata);
  });

  test('that is lost again before it could be taken up is never taken up (P11)', async () => {
    const { host, manager, metadata } = await start();
    const epochs = new Set<number | undefined>();
    metadata.commit(...newTopic('orders', ordersId, [nodeId]));
    metadata.commit(newLeader(ordersId, 0, -1));
    await host.world.run({
      forMs: 1000,
      until: () => {
        epochs.add(manager.replica('orders', 0)?.leaderEpoch);
        return manager.appliedOffset === metadata.offset;
      },
    });

    expect([...epochs]).toEqual([undefined]);
  });

  test('that comes back has the later epoch, and all the records', async () => {
    const { host, manager, metadata } = await withOrders();
    await host.done(manager.leader('orders', 0).append(batchOf(['kept']), -1, minuteMs).committed!);

    metadata.commit(newLeader(ordersId, 0, -1));
    metadata.commit(newLeader(ordersId, 0, nodeId));
    await applyAll(host, manager, metadata);

    const leader = manager.leader('orders', 0, 2);
    expect(textsOf((await host.done(leader.read(reading(0n)))).records)).toEqual(['0:kept']);
  });
});

describe('a deleted topic', () => {
  test('is gone from the disk, and its readers and producers are told', async () => {
    const { host, manager, metadata } = await withOrders();
    const partition = manager.leader('orders', 0);
    let woken = 0;
    partition.watch(() => woken++);
    const waiting = new Observed(partition.append(batchOf(['?']), -1, minuteMs).committed);

    metadata.commit(removeTopic(ordersId));
    await applyAll(host, manager, metadata);
    await host.pass(70_000);

    expect(waiting.state).toBe('rejected');
    expect(woken).toBeGreaterThan(0);
    expect(errorOf(manager, 'orders', 0)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(host.disk.list('/data').filter((name) => name.startsWith('orders'))).toEqual([]);
  });

  test('whose records are just being synced does not take the directory down', async () => {
    const { host, manager, metadata } = await withOrders(12);
    for (let index = 0; index < 12; index++) manager.leader('orders', index).append(batchOf(['?']), 1, minuteMs);

    metadata.commit(removeTopic(ordersId));
    for (let index = 0; index < 4; index++)
      manager
        .replica('orders', index)
        ?.log.flush()
        .catch(() => {});
    await applyAll(host, manager, metadata);
    await host.pass(1000);

    expect(host.directory.state).toBe('online');
  });

  test('that is made again under its name begins empty, also within one change (M3)', async () => {
    const { host, manager, metadata } = await withOrders();
    await host.done(manager.leader('orders', 0).append(batchOf(['of the old topic']), -1, minuteMs).committed!);

    metadata.commit(removeTopic(ordersId), ...newTopic('orders', ordersAgainId, [nodeId]));
    expect(errorOf(manager, 'orders', 0, ordersAgainId)).toBe('NOT_LEADER_OR_FOLLOWER');
    await applyAll(host, manager, metadata);

    const partition = manager.leader('orders', 0, -1, ordersAgainId);
    expect([partition.log.logEndOffset, partition.log.topicId]).toEqual([0n, ordersAgainId]);
    expect(errorOf(manager, 'orders', 0, ordersId)).toBe('NOT_LEADER_OR_FOLLOWER');
  });

  test('that was made again while this broker was down begins empty (M3)', async () => {
    const { host, manager } = await withOrders();
    await host.done(manager.leader('orders', 0).append(batchOf(['of the old topic']), -1, minuteMs).committed!);

    const again = await restart(host);
    again.metadata.commit(...newTopic('orders', ordersAgainId, [nodeId]));
    await applyAll(host, again.manager, again.metadata);

    expect(again.manager.leader('orders', 0).log.logEndOffset).toBe(0n);
  });

  test('that was deleted while this broker was down frees its disk, once the broker has caught up (M7)', async () => {
    const { host } = await withOrders();

    const again = await restart(host);
    again.metadata.commit(...newTopic('bills', billsId, [nodeId]));
    await host.done(again.manager.removeDeletedTopics());

    expect(host.directory.partitions().map(({ name }) => name)).toEqual(['bills-0']);
  });

  test('whose log is damaged frees its disk all the same', async () => {
    const { host, manager } = await withOrders();
    await host.done(manager.leader('orders', 0).append(batchOf(['cut off']), -1, minuteMs).committed!);
    await host.done(host.directory.checkpoint());

    const again = await restart(host, () => cut(host, '/data/orders-0/00000000000000000000.log'));
    expect(host.directory.failedPartitions()).toHaveLength(1);
    again.metadata.commit(...newTopic('bills', billsId, [nodeId]));
    await host.done(again.manager.removeDeletedTopics());

    expect(host.directory.failedPartitions()).toEqual([]);
  });

  test('a restart keeps the records of a topic that is still there', async () => {
    const { host, manager } = await withOrders();
    await host.done(manager.leader('orders', 0).append(batchOf(['kept']), -1, minuteMs).committed!);

    const again = await restart(host);
    again.metadata.commit(...newTopic('orders', ordersId, [nodeId]));
    await applyAll(host, again.manager, again.metadata);
    await host.done(again.manager.removeDeletedTopics());

    expect(again.manager.leader('orders', 0).highWatermark).toBe(1n);
  });

  test('a restart reads again how a topic was deleted and made again, and keeps the records of the second one (P1)', async () => {
    const { host, manager, metadata } = await withOrders();
    metadata.commit(removeTopic(ordersId));
    metadata.commit(...newTopic('orders', ordersAgainId, [nodeId]));
    await applyAll(host, manager, metadata);
    await host.done(manager.leader('orders', 0).append(batchOf(['of the second']), -1, minuteMs).committed!);

    let isRegistered = false;
    const again = await restart(host, undefined, { isOfThisLife: () => isRegistered });
    again.metadata.commit(...newTopic('orders', ordersId, [nodeId]));
    again.metadata.commit(removeTopic(ordersId));
    again.metadata.commit(...newTopic('orders', ordersAgainId, [nodeId]));
    await host.pass(1000);
    isRegistered = true;
    again.metadata.commit(...newTopic('bills', billsId, [elsewhere]));
    await applyAll(host, again.manager, again.metadata);

    expect(again.manager.leader('orders', 0, -1, ordersAgainId).highWatermark).toBe(1n);
    expect(host.directory.partitions().map(({ name }) => name)).toEqual(['orders-0']);
  });
});

describe('a partition that cannot be opened', () => {
  test('stays offline by its own error while the others work', async () => {
    const { host, manager } = await withOrders(2);
    for (const index of [0, 1]) {
      for (let i = 0; i < 3; i++) {
        await host.done(manager.leader('orders', index).append(batchOf(['some text to damage']), -1, minuteMs).committed!);
      }
    }
    await host.done(host.directory.checkpoint());

    const again = await restart(host, () => cut(host, '/data/orders-0/00000000000000000000.log'));
    expect(host.directory.failedPartitions()).toHaveLength(1);
    again.metadata.commit(...newTopic('orders', ordersId, [nodeId, nodeId]));
    await applyAll(host, again.manager, again.metadata);

    expect(errorOf(again.manager, 'orders', 0)).toBe('KAFKA_STORAGE_ERROR');
    expect(again.manager.leader('orders', 1).highWatermark).toBe(3n);

    again.metadata.commit(removeTopic(ordersId));
    await applyAll(host, again.manager, again.metadata);
    expect(host.directory.failedPartitions()).toEqual([]);
  });

  test('for lack of room is opened when room was made (S6)', async () => {
    const { host, manager, metadata } = await start();
    host.disk.setCapacity(1);
    metadata.commit(...newTopic('orders', ordersId, [nodeId]));
    await applyAll(host, manager, metadata);
    expect(errorOf(manager, 'orders', 0)).toBe('KAFKA_STORAGE_ERROR');

    host.disk.setCapacity(undefined);
    await host.pass(3000);

    expect(manager.leader('orders', 0).leaderEpoch).toBe(0);
  });
});

describe('a failed disk', () => {
  test('takes all partitions offline; what is created later does not come to life on it (S5)', async () => {
    const { host, manager, metadata } = await withOrders();
    host.disk.failNext('sync', 'EIO', { path: 'orders-0' });
    const waiting = new Observed(manager.leader('orders', 0).append(batchOf(['?']), -1, minuteMs).committed);
    await host.pass(100);

    expect(waiting.errorName).toBe('KAFKA_STORAGE_ERROR');
    expect(errorOf(manager, 'orders', 0)).toBe('KAFKA_STORAGE_ERROR');

    metadata.commit(newLeader(ordersId, 0, nodeId), ...newTopic('bills', billsId, [nodeId]));
    await host.pass(1000);
    expect([errorOf(manager, 'orders', 0), errorOf(manager, 'bills', 0)]).toEqual(['KAFKA_STORAGE_ERROR', 'KAFKA_STORAGE_ERROR']);
  });
});

test('a config that is changed acts on the logs that are open', async () => {
  const { host, manager, metadata } = await withOrders();

  metadata.commit(config(2, 'orders', 'retention.ms', '1234'));
  await applyAll(host, manager, metadata);

  expect(manager.leader('orders', 0).log.config.retentionMs).toBe(1234);
});

test('a producer that waits longer than its timeout is told so within a second', async () => {
  const { host, manager } = await withOrders();
  host.disk.setSlowness(100_000);
  const waiting = new Observed(manager.leader('orders', 0).append(batchOf(['slow']), -1, 1000).committed);

  await host.pass(1900);

  expect(waiting.errorName).toBe('REQUEST_TIMED_OUT');
});

test('closing tells the producers that wait', async () => {
  const { host, manager } = await withOrders();
  host.disk.setSlowness(100_000);
  const waiting = new Observed(manager.leader('orders', 0).append(batchOf(['?']), -1, minuteMs).committed);

  void manager.close();
  await host.pass(1);

  expect(waiting.errorName).toBe('NOT_LEADER_OR_FOLLOWER');
});

async function start() {
  const host = await Host.start();
  return { host, ...follow(host) };
}

function follow(host: Host, options: Partial<ReplicaManagerOptions> = {}) {
  const manager = host.manager({}, options);
  return { manager, metadata: new Metadata(host, [manager]) };
}

async function withOrders(partitions = 1) {
  const { host, manager, metadata } = await start();
  metadata.commit(...newTopic('orders', ordersId, Array(partitions).fill(nodeId)));
  await applyAll(host, manager, metadata);
  return { host, manager, metadata };
}

/** The process is killed and another one starts on the same disk. */
async function restart(host: Host, meanwhile: () => void = () => {}, options: Partial<ReplicaManagerOptions> = {}) {
  host.world.node('broker').kill();
  meanwhile();
  await host.openDirectory();
  return follow(host, options);
}

/** Takes away bytes that were on disk for certain. */
function cut(host: Host, path: string): void {
  const file = host.disk.open(path, 'write');
  file.truncate(10);
  file.close();
}

async function applyAll(host: Host, manager: ReplicaManager, metadata: Metadata): Promise<void> {
  const outcome = await host.world.run({ forMs: 10_000, until: () => manager.appliedOffset === metadata.offset });
  expect(outcome).toBe('until');
}

function errorOf(manager: ReplicaManager, topic: string, partition: number, topicId?: string): string | undefined {
  try {
    manager.leader(topic, partition, -1, topicId);
    return undefined;
  } catch (error) {
    return (error as { errorName: string }).errorName;
  }
}
