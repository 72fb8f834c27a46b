import { expect } from 'vitest';
import { CoordinatorLink, groupKey } from '../clients/coordinator-link.ts';
import { readOffsets } from '../clients/offset-reading.ts';
import { SimulatedClient } from '../clients/simulated-client.ts';
import { GroupBench } from './group-bench.ts';
import { scenario } from './scenario.ts';
import type { ScenarioCluster } from './scenario-cluster.ts';
import { TransactionBench } from './transaction-bench.ts';

const properties = {
  'broker.session.timeout.ms': '2000',
  'replica.lag.time.max.ms': '1500',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
  'group.min.session.timeout.ms': '500',
  'group.initial.rebalance.delay.ms': '100',
  'group.consumer.session.timeout.ms': '1500',
  'group.consumer.heartbeat.interval.ms': '300',
};
const three = { brokers: 3, properties } as const;
const protocols = ['range', 'cooperative-sticky', 'consumer'] as const;

async function committedOffset(cluster: ScenarioCluster, bench: GroupBench, group: string): Promise<bigint> {
  const client = new SimulatedClient(cluster.world, `reader of ${group}`, cluster.cluster.addresses);
  const { id: topicId } = cluster.cluster.latestImage!.topics.byName('orders')!;
  const link = new CoordinatorLink(client, groupKey, group);
  for (;;) {
    const found = await cluster.finish(readOffsets(link, bench.offsets, { group, topic: 'orders', topicId, partitions: [0] }));
    if (found instanceof Map) return found.get(0) as bigint;
    await cluster.pass(100);
  }
}

for (const protocol of protocols)
  scenario(`G1, G2, G3 (${protocol}): a group goes on when a member dies, and when its coordinator does`, three, async (cluster) => {
    const bench = new GroupBench(cluster);
    await bench.createTopic('orders', 4);
    for (let i = 0; i < 8; i++) await cluster.produce('orders', `idempotent-1:${i}:`, i % 4);
    const [ann, bob, eve] = ['ann', 'bob', 'eve'].map((name) => bench.start(name, protocol));
    await bench.untilShared([ann!, bob!, eve!]);

    ann!.die();
    await bench.untilShared([bob!, eve!], 10_000);
    const coordinator = cluster.leaderOf('__consumer_offsets');
    cluster.crash(coordinator);
    await cluster.until(() => !['', coordinator].includes(cluster.leaderOf('__consumer_offsets')));
    const joined = bench.start('joe', protocol);
    await bench.untilShared([bob!, eve!, joined], 10_000);

    await cluster.until(() => bench.history.polledCount >= 8);
    for (const { member } of [bob!, eve!, joined]) await cluster.finish(member.leave());
    expect(await committedOffset(cluster, bench, 'readers')).toBeLessThanOrEqual(2n);
  });

for (const protocol of ['range', 'cooperative-sticky'] as const)
  scenario(
    `group-stuck (${protocol}): a member that joins and then asks nothing holds the others up for one rebalance timeout at most (KAFKA-12890, KAFKA-9752, G5)`,
    three,
    async (cluster) => {
      const bench = new GroupBench(cluster);
      await bench.createTopic('orders', 4);
      const [ann, bob] = ['ann', 'bob'].map((name) => bench.start(name, protocol));
      await bench.untilShared([ann!, bob!]);

      // Each joins, is told that the generation has begun, and is gone before it asks what to do.
      for (const name of ['eve', 'joe']) {
        const guest = bench.start(name, protocol);
        await cluster.until(() => guest.member.membership !== undefined);
        guest.die();
      }

      await bench.untilShared([ann!, bob!], 12_000);
    },
  );

scenario(
  'G6: a static member that is started again within its session has what it had, and nobody else notices',
  three,
  async (cluster) => {
    const bench = new GroupBench(cluster);
    await bench.createTopic('orders', 4);
    const former = bench.start('ann', 'cooperative-sticky', { instanceId: 'a' });
    const other = bench.start('bob', 'cooperative-sticky', { instanceId: 'b' });
    await bench.untilShared([former, other]);
    const generation = other.member.membership!.generationIdOrMemberEpoch;
    const owned = [...former.member.life.owned.keys()].sort();

    former.die();
    await cluster.pass(300);
    const again = bench.start('ann again', 'cooperative-sticky', { instanceId: 'a' });
    await bench.untilShared([again, other]);

    expect([...again.member.life.owned.keys()].sort()).toEqual(owned);
    expect(other.member.membership!.generationIdOrMemberEpoch).toBe(generation);
  },
);

scenario('G6: the former life of a static member that still runs is told that another has its place', three, async (cluster) => {
  const bench = new GroupBench(cluster);
  await bench.createTopic('orders', 2);
  const former = bench.start('ann', 'range', { instanceId: 'a' });
  await bench.untilShared([former]);

  const again = bench.start('ann again', 'range', { instanceId: 'a' });
  await cluster.until(
    () => former.member.isOver,
    () => 'the former one is told',
    2000,
  );

  await bench.untilShared([again], 2000);
});

scenario(
  'group-stuck: a member whose session ends while nothing can be written is out when that is over (seed 2040 of groups, G5)',
  { ...three, brokers: 5 },
  async (cluster) => {
    const bench = new GroupBench(cluster);
    await bench.createTopic('orders', 4);
    const [ann, bob] = ['ann', 'bob'].map((name) => bench.start(name, 'consumer'));
    await bench.untilShared([ann!, bob!]);
    const coordinator = cluster.leaderOf('__consumer_offsets');
    const followers = cluster.followersOf('__consumer_offsets');

    for (const name of followers) cluster.crash(name);
    await cluster.until(() => cluster.image('__consumer_offsets').isr.length === 1);
    ann!.die();
    await cluster.pass(3000);
    for (const name of followers) cluster.start(name);
    await cluster.untilReady();

    expect(cluster.leaderOf('__consumer_offsets')).toBe(coordinator);
    await bench.untilShared([bob!], 5000);
  },
);

scenario(
  'offset-expiry-live-group: offsets of a group that reads do not expire, those of an empty one do (KAFKA-13636, KAFKA-8069, KAFKA-7403, G7)',
  { ...three, properties: { ...properties, 'offsets.retention.minutes': '30', 'offsets.retention.check.interval.ms': '500' } },
  async (cluster) => {
    const bench = new GroupBench(cluster);
    await bench.createTopic('orders', 1);
    for (let i = 0; i < 4; i++) await cluster.produce('orders', `idempotent-1:${i}:`);
    const live = bench.start('ann', 'range', { group: 'live' });
    const consumer = bench.start('bob', 'consumer', { group: 'live too' });
    const gone = bench.start('eve', 'range', { group: 'gone' });
    await cluster.until(() => bench.offsets.acknowledgedCount >= 3);
    await cluster.finish(gone.member.leave());

    for (const name of cluster.names) cluster.world.node(name).jumpClock(3_600_000);
    await cluster.pass(2000);

    expect(await committedOffset(cluster, bench, 'live')).toBe(4n);
    expect(await committedOffset(cluster, bench, 'live too')).toBe(4n);
    // What nobody reads on from is forgotten.
    const client = new SimulatedClient(cluster.world, 'reader', cluster.cluster.addresses);
    const { id: topicId } = cluster.cluster.latestImage!.topics.byName('orders')!;
    const asked = { group: 'gone', topic: 'orders', topicId, partitions: [0] };
    await expect(cluster.finish(readOffsets(new CoordinatorLink(client, groupKey, 'gone'), bench.offsets, asked))).rejects.toThrow('G8');
    for (const { member } of [live, consumer]) await cluster.finish(member.leave());
  },
);

scenario(
  'coordinator-load-endless: a log that ends with what was aborted, and with markers, is loaded and served (KAFKA-9065, G8)',
  { ...three, isTransactional: true },
  async (cluster) => {
    const bench = await TransactionBench.withOrders(cluster);
    const producer = await bench.producer('payer');
    const offsetsOf = (offset: bigint) => ({ group: 'billing', topic: 'orders', offsets: new Map([[0, offset]]) });
    producer.begin();
    await cluster.finish(producer.sendOffsets(offsetsOf(7n)));
    await bench.end(producer, true);
    for (let round = 0; round < 10; round++) {
      producer.begin();
      await cluster.finish(producer.sendOffsets(offsetsOf(BigInt(100 + round))));
      await bench.end(producer, false);
    }
    await bench.untilStable();

    const former = bench.coordinatorOf('__consumer_offsets');
    cluster.crash(former);
    await cluster.until(() => !['', former].includes(bench.coordinatorOf('__consumer_offsets')));

    expect(await bench.committedOffset('billing')).toBe(7n);
  },
);

for (const protocol of protocols)
  scenario(
    `etl-unknown-member (${protocol}): who is not in the group any more commits nothing in its transaction, and who is goes on where the last one ended (T6, T9)`,
    { ...three, isTransactional: true },
    async (cluster) => {
      const transactions = new TransactionBench(cluster);
      const { clock, offsets } = transactions.history;
      const bench = new GroupBench(cluster, { clock, offsets });
      await bench.createTopic('orders', 1);
      const producer = await transactions.producer('payer');
      for (let i = 0; i < 3; i++) await transactions.transaction(producer);

      const former = bench.start('ann', protocol);
      await bench.untilShared([former]);
      const { membership } = former.member;
      former.die();
      const next = bench.start('bob', protocol);
      await bench.untilShared([next], 10_000);

      producer.begin();
      const late = { group: 'readers', topic: 'orders', offsets: new Map([[0, 1n]]), membership: membership! };
      await expect(cluster.finish(producer.sendOffsets(late))).rejects.toThrow(/UNKNOWN_MEMBER_ID|ILLEGAL_GENERATION|STALE_MEMBER_EPOCH/);
      await transactions.end(producer, false);

      producer.begin();
      const now = { ...late, offsets: new Map([[0, 2n]]), membership: next.member.membership! };
      next.die();
      await cluster.finish(producer.sendOffsets(now));
      await transactions.end(producer, true);
      expect(await transactions.committedOffset('readers')).toBe(2n);
    },
  );

scenario(
  'fetch-mid-batch-offset: a group that begins in the middle of a batch is given that batch, and reads on from there',
  { ...three, isTransactional: true },
  async (cluster) => {
    const bench = await TransactionBench.withOrders(cluster);
    const producer = await bench.producer('payer');
    const { id } = producer.begin();
    const values = Array.from({ length: 6 }, (_, index) => `${id}:${index}:`);
    await cluster.finish(producer.send('orders', 0, values));
    await cluster.finish(producer.sendOffsets({ group: 'billing', topic: 'orders', offsets: new Map([[0, 4n]]) }));
    await bench.end(producer, true);
    await bench.untilStable();

    const position = await bench.committedOffset('billing');

    expect(await bench.readFrom('orders', position)).toEqual(values.slice(4));
  },
);
