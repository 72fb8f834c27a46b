import { expect } from 'vitest';
import type { Address } from '#platform';
import { sendAgain } from '../faults/recorded-requests.ts';
import { scenario } from './scenario.ts';
import type { ScenarioCluster } from './scenario-cluster.ts';

const [fetchKey, alterPartitionKey] = [1, 56];
const properties = {
  'broker.session.timeout.ms': '3000',
  'replica.lag.time.max.ms': '500',
  'max.incremental.fetch.session.cache.slots': '0',
};
/** So many that of one partition at least no replica is the controller's. */
const five = { brokers: 5, properties } as const;

/** A partition whose three replicas go their own ways while the controller looks on: who leads it and who follows, in the order in which they would lead. */
async function partitionOfOthers(cluster: ScenarioCluster) {
  await cluster.createTopic('orders', { partitions: 5, replicationFactor: 3 });
  const { cluster: inside } = cluster;
  const controller = inside.nodeIdOf(inside.controller!);
  const partition = [0, 1, 2, 3, 4].find((index) => !cluster.image('orders', index).replicas.includes(controller))!;
  const leader = cluster.leaderOf('orders', partition);
  const [second, third] = cluster
    .image('orders', partition)
    .replicas.map((id) => inside.nameOf(id)!)
    .filter((name) => name !== leader);
  return { partition, controller: inside.controller!, leader, second: second!, third: third! };
}

/** Requests of one kind from one broker to another, from now on. */
function overhear(
  cluster: ScenarioCluster,
  apiKey: number,
  from: string,
  to: string,
  onRequest: (request: { to: Address; bytes: Buffer }) => void,
) {
  cluster.world.network.intercept = (sender, receiver, bytes) => {
    const isMeant = sender.host === from && receiver.host === to && bytes.length > 12 && bytes.readInt16BE(4) === apiKey;
    if (isMeant) onRequest({ to: receiver, bytes });
  };
}

const isIn = (cluster: ScenarioCluster, name: string, partition: number) =>
  cluster.image('orders', partition).isr.includes(cluster.cluster.nodeIdOf(name));

scenario('maximal-isr-inflight: whoever may have come into sync counts until that is known (KAFKA-9672, P3)', five, async (cluster) => {
  cluster.world.network.intercept = () => {}; // connections are listened to from the beginning, or never
  const { partition, controller, leader, second } = await partitionOfOthers(cluster);
  await cluster.produce('orders', 'idempotent-1:0:before', partition);
  cluster.crash(second);
  await cluster.until(() => !isIn(cluster, second, partition));
  await cluster.produce('orders', 'idempotent-1:1:without it', partition);

  let isAsked = false;
  overhear(cluster, alterPartitionKey, leader, controller, () => {
    if (isAsked || cluster.copy(leader, 'orders', partition).leader?.proposal === undefined) return;
    isAsked = true;
    cluster.cut(leader, second);
    cluster.world.network.cut(controller, leader, 'one-way');
  });
  cluster.start(second);
  await cluster.until(() => isAsked);
  await cluster.pass(700);
  cluster.world.after(1000, () => cluster.heal());
  // PartitionWatch looks whether the high watermark passes what the one has that the controller has taken into sync.
  await cluster.produce('orders', 'idempotent-1:2:while', partition);

  expect((await cluster.readAll('orders', partition)).records).toHaveLength(3);
});

scenario(
  'isr-join-below-epoch-start: what the log had when the leadership began has to be there (KAFKA-7128, P6)',
  { brokers: 3, properties },
  async (cluster) => {
    await cluster.createTopic('orders');
    await cluster.produce('orders', 'idempotent-1:0:');
    const former = cluster.leaderOf('orders');
    const [next, behind] = cluster.followersOf('orders') as [string, string];
    cluster.crash(behind);
    await cluster.until(() => !isIn(cluster, behind, 0));
    for (let i = 1; i < 5; i++) await cluster.produce('orders', `idempotent-1:${i}:`);

    // After its start the next leader knows of nothing that it is committed.
    cluster.crash(former);
    cluster.crash(next);
    cluster.start(next);
    cluster.start(behind);
    await cluster.untilReady();
    await cluster.until(() => cluster.leaderOf('orders') === next && isIn(cluster, behind, 0));

    expect(cluster.copy(behind, 'orders').log.logEndOffset).toBe(5n);
  },
);

scenario(
  'rebooted-follower-stale-fetch: fetches of an incarnation that is over bring nobody into sync (KAFKA-15221, P6)',
  { ...five, properties: { ...properties, 'log.flush.mode': 'os' } },
  async (cluster) => {
    cluster.world.network.intercept = () => {};
    const { partition, leader, second } = await partitionOfOthers(cluster);
    const fetches: { to: Address; bytes: Buffer }[] = [];
    overhear(cluster, fetchKey, second, leader, (request) => fetches.push(request));
    for (let i = 0; i < 5; i++) await cluster.produce('orders', `idempotent-1:${i}:`, partition);

    cluster.cutPower(second, 'strict');
    await cluster.until(() => !isIn(cluster, second, partition));
    cluster.cut(leader, second);
    cluster.start(second);
    await cluster.until(() => cluster.cluster.latestImage!.brokers.get(cluster.cluster.nodeIdOf(second))!.fenced === false);
    await cluster.pass(100);
    expect(cluster.copy(second, 'orders', partition).log.logEndOffset).toBe(0n);
    for (const request of fetches) sendAgain(cluster.world, request);
    await cluster.pass(700);

    expect(isIn(cluster, second, partition)).toBe(false);
  },
);

scenario('damaged-replica-stale-fetch: nor do those for a log that was found damaged and set aside since (P6)', five, async (cluster) => {
  cluster.world.network.intercept = () => {};
  const { partition, leader, second } = await partitionOfOthers(cluster);
  for (let i = 0; i < 5; i++) await cluster.produce('orders', `idempotent-1:${i}:`, partition);
  cluster.crash(second);
  await cluster.until(() => !isIn(cluster, second, partition));
  const fetches: { to: Address; bytes: Buffer }[] = [];
  overhear(cluster, fetchKey, second, leader, (request) => fetches.push(request));
  cluster.start(second);
  await cluster.until(() => isIn(cluster, second, partition));

  cluster.world.network.cut(leader, second, 'one-way');
  cluster.cluster.flipBit(second, 0.5);
  for (let i = 0n; i < 5n; i++) await cluster.lookAt(second, 'orders', i, partition);
  await cluster.until(() => !isIn(cluster, second, partition));
  await cluster.until(() => cluster.copy(second, 'orders', partition)?.log.logEndOffset === 0n);
  for (const request of fetches) sendAgain(cluster.world, request);
  await cluster.pass(700);

  expect(isIn(cluster, second, partition)).toBe(false);
});

scenario('kip279-two-fast-failovers: logs that have parted twice find what they have in common', five, async (cluster) => {
  const { partition, leader, second, third } = await partitionOfOthers(cluster);
  const end = (name: string) => cluster.copy(name, 'orders', partition).log.logEndOffset;
  await cluster.produce('orders', 'idempotent-1:0:common', partition);

  // The third has more of the first leader's epoch than the second, who writes for itself where that is.
  cluster.cut(leader, second);
  cluster.cut(second, third);
  for (let i = 0; i < 3; i++) await cluster.tryToProduce(leader, 'orders', `acks-1-a:${i}:`, { acks: 1, partition });
  await cluster.until(() => end(third) === 4n);
  cluster.crash(leader);
  await cluster.until(() => cluster.copy(second, 'orders', partition).leaderEpoch !== undefined);
  for (let i = 0; i < 5; i++) await cluster.tryToProduce(second, 'orders', `acks-1-b:${i}:`, { acks: 1, partition });
  cluster.crash(second);
  await cluster.until(() => cluster.leaderOf('orders', partition) === third);
  cluster.heal();
  await cluster.untilReady();
  const last = await cluster.produce('orders', 'idempotent-1:1:after', partition);

  expect(last).toBe(4n);
  // That all logs come to be the same is looked at when the scenario is over (L3, P9).
});
