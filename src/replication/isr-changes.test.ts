import { expect, test } from 'vitest';
import { NetworkError, silentLogger } from '#platform';
import { type ErrorName, withDefaults } from '#protocol';
import { type AlterPartitionRequestInput, type AlterPartitionResponse, alterPartition } from '#protocol/apis/alter-partition.ts';
import { IsrChanges } from './isr-changes.ts';
import type { Partition, PartitionHost } from './partition.ts';
import { Host, nodeId, ordersId } from './testing.ts';

test('a follower that has caught up is in the in-sync set when the controller has said so', async () => {
  const { host, partition, controller } = await start();

  fetched(partition, 2);
  await host.pass(1);

  expect(controller.requests).toMatchObject([
    {
      brokerId: nodeId,
      brokerEpoch: 1n,
      topics: [
        {
          topicId: ordersId,
          partitions: [
            {
              partitionIndex: 0,
              leaderEpoch: 1,
              partitionEpoch: 1,
              newIsrWithEpochs: [{ brokerId: 1 }, { brokerId: 2, brokerEpoch: 20n }],
            },
          ],
        },
      ],
    },
  ]);
  expect([partition.leader!.isr, partition.leader!.proposal]).toEqual([[1, 2], undefined]);
});

test('a request that got no answer is sent again; until there is one both sets count (maximal-isr-inflight)', async () => {
  const { host, partition, controller } = await start();
  controller.fail = new NetworkError('ECONNRESET', 'gone');

  fetched(partition, 2);
  await host.pass(1);
  expect([partition.leader!.isr, partition.leader!.maximalIsr]).toEqual([[1], [1, 2]]);
  controller.fail = undefined;
  await host.pass(200);

  expect(controller.requests.length).toBe(2);
  expect(partition.leader!.isr).toEqual([1, 2]);
});

test.each<{ errorCode: ErrorName; maximal: number[]; because: string }>([
  { errorCode: 'INELIGIBLE_REPLICA', maximal: [1], because: 'no try can have been carried out' },
  { errorCode: 'INVALID_UPDATE_VERSION', maximal: [1, 2], because: 'an earlier try may have been, and the metadata will tell' },
  { errorCode: 'FENCED_LEADER_EPOCH', maximal: [1, 2], because: 'another leads, and the metadata will tell' },
])('after $errorCode $maximal count: $because', async ({ errorCode, maximal }) => {
  const { host, partition, controller } = await start();
  controller.errorCode = errorCode;

  fetched(partition, 2);
  await host.pass(500);

  expect(controller.requests.length).toBe(1);
  expect([partition.leader!.isr, partition.leader!.maximalIsr]).toEqual([[1], maximal]);
});

test('what the metadata say settles it, and nothing more is asked', async () => {
  const { host, partition, controller } = await start();
  controller.errorCode = 'INVALID_UPDATE_VERSION';
  fetched(partition, 2);
  await host.pass(100);

  await host.done(partition.becomeLeader({ leaderEpoch: 1, partitionEpoch: 2, isr: [1, 2], replicas: [1, 2] }));
  await host.pass(500);

  expect([partition.leader!.isr, partition.leader!.maximalIsr, controller.requests.length]).toEqual([[1, 2], [1, 2], 1]);
});

test('a proposal of a leadership that is over is not sent any more', async () => {
  const { host, partition, controller } = await start();
  controller.fail = new NetworkError('ECONNRESET', 'gone');
  fetched(partition, 2);
  await host.pass(1);

  partition.resign();
  controller.fail = undefined;
  await host.pass(1000);

  expect(controller.requests.length).toBe(1);
});

async function start() {
  const host = await Host.start();
  const log = await host.done(host.directory.createPartition('orders', 0, ordersId));
  const controller = new FakeController();
  const { clock } = host.platform;
  const changes = new IsrChanges({
    nodeId,
    brokerEpoch: () => 1n,
    clock,
    logger: silentLogger,
    send: (request) => controller.answer(request),
  });
  const proposeIsr: PartitionHost['proposeIsr'] = (partition, proposal) => changes.propose(partition, proposal);
  const partition = host.partitionOver(log, { proposeIsr });
  await host.done(partition.becomeLeader({ leaderEpoch: 1, partitionEpoch: 1, isr: [1], replicas: [1, 2] }));
  return { host, partition, controller };
}

/** Does what it is asked, unless it is told otherwise. */
class FakeController {
  readonly requests: AlterPartitionRequestInput[] = [];
  fail: Error | undefined;
  errorCode: ErrorName = 'NONE';

  async answer(request: AlterPartitionRequestInput): Promise<AlterPartitionResponse> {
    this.requests.push(request);
    if (this.fail !== undefined) throw this.fail;
    const { errorCode } = this;
    return withDefaults(alterPartition.response, {
      throttleTimeMs: 0,
      errorCode: 'NONE',
      topics: request.topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(({ partitionIndex, leaderEpoch, partitionEpoch, newIsrWithEpochs = [] }) => ({
          partitionIndex,
          errorCode,
          leaderId: nodeId,
          leaderEpoch,
          isr: newIsrWithEpochs.map(({ brokerId }) => brokerId),
          partitionEpoch: partitionEpoch + 1,
        })),
      })),
    }) as AlterPartitionResponse;
  }
}

function fetched(partition: Partition, replicaId: number): void {
  partition.followerFetched({
    replicaId,
    brokerEpoch: BigInt(replicaId * 10),
    currentLeaderEpoch: 1,
    fetchOffset: 0n,
    lastFetchedEpoch: -1,
    logStartOffset: 0n,
  });
}
