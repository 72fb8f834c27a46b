import { describe, expect, test } from 'vitest';
import { lostDirectory } from '#metadata';
import { brokerInService, partitionChanges, removeTopic, replicatedTopic } from '#metadata/testing.ts';
import { withDefaults } from '#protocol';
import type { AlterPartitionRequestInput } from '#protocol/apis/alter-partition.ts';
import type { AssignReplicasToDirsRequestInput } from '#protocol/apis/assign-replicas-to-dirs.ts';
import { type AssignReplicasToDirsResponse, assignReplicasToDirs } from '#protocol/apis/assign-replicas-to-dirs.ts';
import type { FetchRequestInput } from '#protocol/apis/fetch.ts';
import type { ReplicaManager, ReplicaManagerOptions } from './replica-manager.ts';
import { batchOf, directoryOf, Host, Metadata, nodeId, Observed, ordersId } from './testing.ts';

const minuteMs = 60_000;
const own = directoryOf(nodeId);
const others = [directoryOf(2), directoryOf(3)];
const directories = [own, ...others];

describe('a replica', () => {
  test('that another broker leads is fetched for, from that broker, in its epoch', async () => {
    const { host, peers, metadata, manager } = await start();

    metadata.commit(...replicatedTopic('orders', ordersId, [2, nodeId, 3], { leaderEpoch: 4 }));
    await applyAll(host, manager, metadata);
    await host.pass(10);

    expect(peers.fetches).toMatchObject([
      { leaderId: 2, request: { topics: [{ partitions: [{ currentLeaderEpoch: 4, fetchOffset: 0n }] }] } },
    ]);
  });

  test('follows the next leader as soon as it is known, and is fetched for there', async () => {
    const { host, peers, metadata, manager } = await start();
    metadata.commit(...replicatedTopic('orders', ordersId, [2, nodeId, 3]));
    await applyAll(host, manager, metadata);

    metadata.commit(partitionChanges(ordersId, { leader: 3, isr: [nodeId, 3] }));
    await host.pass(10);

    expect(manager.replica('orders', 0)!.following).toMatchObject({ leaderId: 3, leaderEpoch: 1 });
    expect(peers.fetches.at(-1)).toMatchObject({ leaderId: 3, request: { topics: [{ partitions: [{ currentLeaderEpoch: 1 }] }] } });
  });

  test('that becomes the leader is fetched for no more', async () => {
    const { host, metadata, manager } = await start();
    metadata.commit(...replicatedTopic('orders', ordersId, [2, nodeId]));
    await applyAll(host, manager, metadata);

    metadata.commit(partitionChanges(ordersId, { leader: nodeId, isr: [nodeId] }));
    await applyAll(host, manager, metadata);

    const partition = manager.leader('orders', 0);
    expect([partition.following, partition.leader!.isr]).toEqual([undefined, [nodeId]]);
  });

  test('that leads learns of another in-sync set at once, and tells who waits when it is too small', async () => {
    const { host, metadata, manager } = await start({ minInsyncReplicasOf: () => 2 });
    metadata.commit(...replicatedTopic('orders', ordersId, [nodeId, 2, 3]));
    await applyAll(host, manager, metadata);
    const waiting = new Observed(manager.leader('orders', 0).append(batchOf(['?']), -1, minuteMs).committed);

    metadata.commit(partitionChanges(ordersId, { isr: [nodeId] }));
    await Promise.resolve();

    expect(waiting.errorName).toBe('NOT_ENOUGH_REPLICAS_AFTER_APPEND');
    expect(() => manager.leader('orders', 0).append(batchOf(['!']), -1, minuteMs)).toThrow(
      expect.objectContaining({ errorName: 'NOT_ENOUGH_REPLICAS' }),
    );
  });

  test('comes into sync as the incarnation that has fetched: whoever does not say which it is may be a former one (P6, registration-unanswered)', async () => {
    const asked: unknown[] = [];
    const alterPartition = (request: AlterPartitionRequestInput) => {
      asked.push(request.topics[0]!.partitions[0]!.newIsrWithEpochs);
      return new Promise<never>(() => {});
    };
    const { host, metadata, manager } = await start({
      peers: { fetch: () => new Promise(() => {}), alterPartition, assignReplicasToDirs: async (request) => agreed(request) },
    });
    metadata.commit(brokerInService(2, 20n), ...replicatedTopic('orders', ordersId, [nodeId, 2], { isr: [nodeId] }));
    await applyAll(host, manager, metadata);
    const fetched = (brokerEpoch: bigint) => {
      const fetch = { replicaId: 2, brokerEpoch, currentLeaderEpoch: 0, fetchOffset: 0n, lastFetchedEpoch: -1, logStartOffset: 0n };
      manager.leader('orders', 0).followerFetched(fetch);
      return host.pass(5000);
    };

    await fetched(-1n);
    expect(asked).toEqual([]);
    await fetched(20n);

    expect(asked[0]).toMatchObject([{ brokerId: nodeId }, { brokerId: 2, brokerEpoch: 20n }]);
  });

  test('that was moved to another broker goes from this disk', async () => {
    const { host, metadata, manager } = await start();
    metadata.commit(...replicatedTopic('orders', ordersId, [nodeId, 2]));
    await applyAll(host, manager, metadata);

    metadata.commit(partitionChanges(ordersId, { replicas: [2, 3], isr: [2, 3], leader: 2 }));
    await applyAll(host, manager, metadata);

    expect([manager.replica('orders', 0), host.directory.partitions()]).toEqual([undefined, []]);
  });
});

/** A replica that leads, and whose log turned out to be damaged when somebody read it. */
async function foundWhileRead({ whileFlushed = false } = {}) {
  const host = await Host.start();
  const log = await host.done(host.directory.createPartition('orders', 0, ordersId));
  log.append(batchOf(['sound as yet']), { leaderEpoch: 0, origin: 'client' });
  await host.done(log.flush());
  await host.done(host.directory.checkpoint());
  host.world.node('broker').kill();
  await host.openDirectory();
  const { metadata, manager, peers } = follow(host);
  metadata.commit(...replicatedTopic('orders', ordersId, [nodeId, 2], { directories: directories.slice(0, 2) }));
  await applyAll(host, manager, metadata);

  if (whileFlushed) {
    manager.leader('orders', 0).append(batchOf(['being flushed']), 1, minuteMs);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    manager.leader('orders', 0).append(batchOf(['for the next flush']), 1, minuteMs);
  }
  host.disk.flipBit('/data/orders-0/00000000000000000000.log', 70);
  const reading = new Observed(
    manager.leader('orders', 0).read({ fetchOffset: 0n, maxBytes: 1000, atLeastOne: true, isolationLevel: 'all' }),
  );
  await host.pass(1000);
  return { host, metadata, manager, peers, reading };
}

describe('a damaged replica (S3)', () => {
  test('found at a start is told to the controller, and kept as it is until that is known everywhere', async () => {
    const { host, metadata, manager, peers } = await damaged();
    metadata.commit(...replicatedTopic('orders', ordersId, [2, nodeId, 3], { directories: [others[0]!, own, others[1]!] }));
    await applyAll(host, manager, metadata);
    await host.pass(1000);

    expect(peers.assigned).toEqual([lostDirectory]);
    expect(host.directory.failedPartitions()).toHaveLength(1);
  });

  test('is set aside when the metadata say that it is lost and out of all sets, and begins anew as a follower', async () => {
    const { host, metadata, manager, peers } = await damaged();
    metadata.commit(...replicatedTopic('orders', ordersId, [2, nodeId, 3], { directories: [others[0]!, own, others[1]!] }));
    await applyAll(host, manager, metadata);

    metadata.commit(partitionChanges(ordersId, { directories: [others[0]!, lostDirectory, others[1]!], isr: [2, 3] }));
    await applyAll(host, manager, metadata);
    await host.pass(1000);

    expect(host.directory.failedPartitions()).toEqual([]);
    expect(manager.replica('orders', 0)!.following?.leaderId).toBe(2);
    expect(peers.fetches.at(-1)).toMatchObject({ leaderId: 2, request: { topics: [{ partitions: [{ fetchOffset: 0n }] }] } });
    expect(peers.assigned).toEqual([lostDirectory, own]);
  });

  test('that is all there is stays untouched, whatever the metadata call it', async () => {
    const { host, metadata, manager } = await damaged();

    metadata.commit(...replicatedTopic('orders', ordersId, [nodeId], { directories: [lostDirectory], leader: -1, isr: [], elr: [nodeId] }));
    await applyAll(host, manager, metadata);
    await host.pass(1000);

    expect(host.directory.failedPartitions()).toHaveLength(1);
  });

  test.each([
    { whileFlushed: false },
    { whileFlushed: true },
  ])('found while it is read goes offline, and the controller is told; flushed meanwhile: $whileFlushed', async (how) => {
    const { manager, peers, reading } = await foundWhileRead(how);

    expect(reading.errorName).toBe('KAFKA_STORAGE_ERROR');
    expect(() => manager.leader('orders', 0)).toThrow(expect.objectContaining({ errorName: 'KAFKA_STORAGE_ERROR' }));
    expect(peers.assigned).toEqual([lostDirectory]);
  });

  test('found while it is read goes from this disk when it is moved to another broker (M7)', async () => {
    const { host, metadata, manager } = await foundWhileRead();

    metadata.commit(partitionChanges(ordersId, { replicas: [2, 3], isr: [2], leader: 2 }));
    await applyAll(host, manager, metadata);

    expect(host.directory.partitions()).toEqual([]);
  });
});

test('a replica whose last records are of an epoch that has not begun is damaged: no checksum covers the epoch of a batch (S3)', async () => {
  const host = await Host.start();
  const log = await host.done(host.directory.createPartition('orders', 0, ordersId));
  log.append(batchOf(['sound but for its epoch']), { leaderEpoch: 0, origin: 'client' });
  await host.done(log.flush());
  host.world.node('broker').kill();
  host.disk.flipBit('/data/orders-0/00000000000000000000.log', 13, 5);
  await host.openDirectory();
  const { metadata, manager, peers } = follow(host);

  metadata.commit(...replicatedTopic('orders', ordersId, [2, nodeId, 3], { directories: [others[0]!, own, others[1]!] }));
  await applyAll(host, manager, metadata);
  await host.pass(1000);

  expect([manager.replica('orders', 0), peers.assigned]).toEqual([undefined, [lostDirectory]]);
  metadata.commit(partitionChanges(ordersId, { directories: [others[0]!, lostDirectory, others[1]!], isr: [2, 3] }));
  await applyAll(host, manager, metadata);
  await host.pass(1000);

  expect(manager.replica('orders', 0)!.log.logEndOffset).toBe(0n);
  expect(peers.assigned).toEqual([lostDirectory, own]);
});

describe('replaced-disk-nonempty-isr: a replica on another disk than the metadata say', () => {
  test('does not claim its place while it could be elected for what the old disk held', async () => {
    const { host, metadata, manager, peers } = await start();

    metadata.commit(
      ...replicatedTopic('orders', ordersId, [nodeId, 2], {
        leader: -1,
        isr: [],
        elr: [nodeId],
        directories: [directoryOf(9), others[0]!],
      }),
    );
    await applyAll(host, manager, metadata);
    await host.pass(1000);

    expect(peers.assigned).toEqual([]);
  });

  test('claims it when it is only a follower that has to catch up', async () => {
    const { host, metadata, manager, peers } = await start();

    metadata.commit(...replicatedTopic('orders', ordersId, [2, nodeId], { isr: [2], directories: [others[0]!, directoryOf(9)] }));
    await applyAll(host, manager, metadata);
    await host.pass(1000);

    expect(peers.assigned).toEqual([own]);
  });
});

test('a deleted topic is fetched for no more', async () => {
  const { host, peers, metadata, manager } = await start();
  metadata.commit(...replicatedTopic('orders', ordersId, [2, nodeId]));
  await applyAll(host, manager, metadata);

  metadata.commit(removeTopic(ordersId));
  await applyAll(host, manager, metadata);
  const before = peers.fetches.length;
  await host.pass(minuteMs);

  expect(peers.fetches.length).toBe(before);
});

interface Peers {
  readonly fetches: { leaderId: number; request: FetchRequestInput }[];
  /** The directories that were told to the controller, in order. */
  readonly assigned: string[];
}

async function start(options: Partial<ReplicaManagerOptions> = {}) {
  const host = await Host.start();
  return { host, ...follow(host, options) };
}

/** A broker with leaders that never answer, and a controller that takes note. */
function follow(host: Host, options: Partial<ReplicaManagerOptions> = {}) {
  const peers: Peers = { fetches: [], assigned: [] };
  const manager = host.manager(
    {},
    {
      peers: {
        fetch: (leaderId, request) => {
          peers.fetches.push({ leaderId, request });
          return new Promise(() => {});
        },
        alterPartition: () => new Promise(() => {}),
        assignReplicasToDirs: async (request) => {
          peers.assigned.push(...request.directories.map(({ id }) => id));
          return agreed(request);
        },
      },
      ...options,
    },
  );
  return { manager, peers, metadata: new Metadata(host, [manager]) };
}

function agreed(request: AssignReplicasToDirsRequestInput): AssignReplicasToDirsResponse {
  const directories = request.directories.map(({ id, topics }) => ({
    id,
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 'NONE' as const })),
    })),
  }));
  return withDefaults(assignReplicasToDirs.response, { throttleTimeMs: 0, errorCode: 'NONE', directories }) as AssignReplicasToDirsResponse;
}

/** A broker that finds its replica of orders-0 damaged as it starts. */
async function damaged() {
  const host = await Host.start();
  const log = await host.done(host.directory.createPartition('orders', 0, ordersId));
  for (let i = 0; i < 3; i++) log.append(batchOf(['some text to damage']), { leaderEpoch: 0, origin: 'client' });
  await host.done(log.flush());
  await host.done(host.directory.checkpoint());
  host.world.node('broker').kill();
  const file = host.disk.open('/data/orders-0/00000000000000000000.log', 'write');
  file.truncate(10);
  file.close();
  await host.openDirectory();
  return { host, ...follow(host) };
}

async function applyAll(host: Host, manager: ReplicaManager, metadata: Metadata): Promise<void> {
  expect(await host.world.run({ forMs: 10_000, until: () => manager.appliedOffset === metadata.offset })).toBe('until');
}
