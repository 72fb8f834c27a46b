import { expect } from 'vitest';
import { buildRecordBatch } from '#protocol';
import { produce } from '#protocol/apis/produce.ts';
import { FencedError } from '../clients/transactional-producer.ts';
import { nearlyUsedUp } from './nearly-used-up.ts';
import { scenario } from './scenario.ts';
import { TransactionBench } from './transaction-bench.ts';

const produceKey = 0;
const endTxnKey = 26;
const markersKey = 27;

const properties = {
  'broker.session.timeout.ms': '2000',
  'replica.lag.time.max.ms': '1500',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '300',
};
const three = { brokers: 3, isTransactional: true, properties } as const;

scenario('T4: who starts under a transactional id fences the one before, whose transaction is gone', three, async (cluster) => {
  const bench = await TransactionBench.withOrders(cluster);
  const former = await bench.producer('payer');
  await bench.write(former);

  const next = await bench.producer('payer', { host: 'another' });
  const value = await bench.transaction(next);

  await expect(bench.end(former, true)).rejects.toThrow(FencedError);
  expect(await bench.visible()).toEqual([value]);
});

scenario(
  'coordinator-epoch-regress: markers of a coordinator that is gone end nothing any more (KAFKA-9144, T8)',
  three,
  async (cluster) => {
    const bench = await TransactionBench.withOrders(cluster);
    const producer = await bench.producer('payer', { version: 1 });
    const first = await bench.transaction(producer);
    await bench.untilStable();
    const markers = bench.overheard.filter(({ apiKey }) => apiKey === markersKey);
    const former = bench.coordinatorOf('__transaction_state');

    cluster.crash(former);
    await cluster.until(() => !['', former].includes(bench.coordinatorOf('__transaction_state')));
    const second = await bench.transaction(producer);
    await bench.untilStable();
    cluster.start(former);
    await cluster.untilReady();
    const third = await bench.write(producer);
    bench.sendAgain(markers.filter(({ to }) => to.host === cluster.leaderOf('orders')));
    await cluster.pass(500);

    // The open one was not ended by the markers of another: it still can be, as its producer wants.
    await bench.end(producer, false);
    expect(await bench.visible()).toEqual([first, second]);
    expect(await bench.visible()).not.toContain(third);
  },
);

scenario(
  'produce-after-abort-hangs-lso: a batch that comes after its transaction was aborted opens no other (KAFKA-12671, KAFKA-14884, T7)',
  three,
  async (cluster) => {
    const bench = await TransactionBench.withOrders(cluster, { partitions: 2 });
    const producer = await bench.producer('payer', { version: 1, timeoutMs: 1000 });
    await bench.write(producer, 'orders', 0);
    const late = bench.overheard.filter(({ apiKey, from }) => apiKey === produceKey && from === 'payer');

    // Its producer is silent for too long, and the coordinator aborts.
    await cluster.pass(3000);
    await bench.untilStable();
    bench.sendAgain(late);
    await cluster.pass(1000);

    await bench.untilStable(1000);
    expect(late.length).toBeGreaterThan(0);
    expect(await bench.visible()).toEqual([]);
  },
);

scenario(
  'produce-after-abort-hangs-lso: nor does one for a partition that had not heard of its transaction (KAFKA-14884, T7)',
  three,
  async (cluster) => {
    const bench = await TransactionBench.withOrders(cluster, { partitions: 2 });
    const producer = await bench.producer('payer', { version: 1 });
    const { life } = producer.begin();
    await cluster.finish(producer.send('orders', 0, [`${life!.name}.0:0:`]));
    await bench.end(producer, false);
    await bench.untilStable();

    const leader = { host: cluster.leaderOf('orders', 1), port: 9092 };
    const records = buildRecordBatch({ records: [{ value: 'late' }], ...life!.producer!, baseSequence: 0, isTransactional: true });
    const { id: topicId } = cluster.cluster.latestImage!.topics.byName('orders')!;
    const topicData = [{ name: 'orders', topicId, partitionData: [{ index: 1, records }] }];
    const request = { transactionalId: 'payer', acks: -1, timeoutMs: 2000, topicData };
    const response = await cluster.finish(bench.client('late').ask(leader, produce, request, { maxVersion: 11 }));

    expect(response?.responses[0]?.partitionResponses[0]?.errorCode).toBe('TRANSACTION_ABORTABLE');
    await bench.untilStable(1000);
    expect(await bench.visible()).toEqual([]);
  },
);

scenario(
  'delayed-endtxn-next-txn: an end that comes late does not end the next transaction (KAFKA-17754, T5), with version 2',
  three,
  async (cluster) => {
    const bench = await TransactionBench.withOrders(cluster);
    const producer = await bench.producer('payer');
    const first = await bench.transaction(producer);
    const late = bench.overheard.filter(({ apiKey }) => apiKey === endTxnKey);
    await bench.untilStable();

    await bench.write(producer);
    bench.sendAgain(late);
    await cluster.pass(1000);
    await bench.end(producer, false);

    expect(late).toHaveLength(1);
    expect(await bench.visible()).toEqual([first]);
  },
);

scenario(
  'delayed-endtxn-next-txn: with version 1 it does not when the producer has asked for another epoch in between (KIP-360)',
  three,
  async (cluster) => {
    const bench = await TransactionBench.withOrders(cluster);
    const producer = await bench.producer('payer', { version: 1 });
    const first = await bench.transaction(producer);
    const late = bench.overheard.filter(({ apiKey }) => apiKey === endTxnKey);
    await bench.untilStable();

    await cluster.finish(producer.start());
    await bench.write(producer);
    bench.sendAgain(late);
    await cluster.pass(1000);
    await bench.end(producer, false);

    expect(late).toHaveLength(1);
    expect(await bench.visible()).toEqual([first]);
  },
);

scenario('tv2-races: the next transaction begins while the one before is being completed (KAFKA-18575)', three, async (cluster) => {
  const bench = await TransactionBench.withOrders(cluster, { partitions: 3 });
  const producer = await bench.producer('payer');
  const values: string[] = [];

  // Markers take their time where a disk is slow.
  cluster.world.node(cluster.leaderOf('orders', 0)).disk.setSlowness(60);
  for (let round = 0; round < 6; round++) {
    const { id } = producer.begin();
    const sent = [0, 1, 2].map((partition) => producer.send('orders', partition, [`${id}:${partition}:`]));
    await cluster.finish(Promise.all(sent));
    if ((await bench.end(producer, round % 3 !== 2)) === 'committed') values.push(...[0, 1, 2].map((partition) => `${id}:${partition}:`));
  }
  cluster.heal();

  expect((await bench.visible()).sort()).toEqual(values.sort());
});

scenario(
  'tv2-races: when its epochs are used up another producer id takes over, and no transaction is lost (KAFKA-18660, KAFKA-19367, T10)',
  three,
  async (cluster) => {
    const bench = await TransactionBench.withOrders(cluster);
    const restore = nearlyUsedUp();
    try {
      const producer = await bench.producer('payer');
      const values: string[] = [];
      for (let round = 0; round < 8; round++) {
        const value = await bench.transaction(producer, round % 3 !== 1);
        if (round % 3 !== 1) values.push(value);
        // Whoever coordinates next has to know it, too.
        if (round % 2 === 0) {
          const former = bench.coordinatorOf('__transaction_state');
          cluster.crash(former);
          await cluster.until(() => !['', former].includes(bench.coordinatorOf('__transaction_state')));
          cluster.start(former);
          await cluster.untilReady();
        }
      }
      expect(await bench.visible()).toEqual(values);
      expect(new Set(bench.history.lives.givenNames.map((name) => name.split('/')[0])).size).toBeGreaterThan(1);
    } finally {
      restore();
    }
  },
);

scenario(
  'txn-stuck-prepare: an end that was decided is carried out by whoever coordinates next (KAFKA-16352, KAFKA-9777, T1)',
  three,
  async (cluster) => {
    const bench = await TransactionBench.withOrders(cluster, { partitions: 3 });
    const producer = await bench.producer('payer');
    const coordinator = bench.coordinatorOf('__transaction_state');
    const partition = [0, 1, 2].find((index) => cluster.leaderOf('orders', index) !== coordinator)!;
    const value = await bench.write(producer, 'orders', partition);

    // The markers do not get through, and then the coordinator is gone.
    cluster.world.network.cut(coordinator, cluster.leaderOf('orders', partition), 'one-way');
    await bench.end(producer, true);
    cluster.crash(coordinator);
    cluster.world.network.healAll();
    await cluster.until(() => !['', coordinator].includes(bench.coordinatorOf('__transaction_state')));

    await bench.untilStable(5000);
    expect(await bench.visible()).toEqual([value]);
    expect(await bench.transaction(producer, true, 'orders', partition)).toBeTypeOf('string');
  },
);

scenario(
  'txnid-tombstones-too-large: transactional ids that nobody uses are forgotten, however many records that takes (KAFKA-13099)',
  {
    ...three,
    properties: {
      ...properties,
      'message.max.bytes': '700',
      'transactional.id.expiration.ms': '4000',
      'transaction.remove.expired.transaction.cleanup.interval.ms': '6000',
    },
  },
  async (cluster) => {
    const bench = await TransactionBench.withOrders(cluster);
    for (let id = 0; id < 25; id++) await bench.producer(`payer-${id}`, { host: 'payer' });
    const known = () => cluster.cluster.latestImage!.topics.byName('__transaction_state') !== undefined;
    expect(known()).toBe(true);

    await cluster.pass(16_000);
    const producer = await bench.producer('payer-0', { host: 'again' });

    // One that is forgotten begins with the first epoch of another producer id.
    expect(bench.history.lives.givenNames.filter((name) => name.endsWith('/0'))).toHaveLength(26);
    expect(await bench.transaction(producer)).toBeTypeOf('string');
  },
);

scenario(
  'redpanda-jepsen-21.10: nothing that was aborted is read at whatever offset a reader begins (#3036, P10, T2)',
  three,
  async (cluster) => {
    const bench = await TransactionBench.withOrders(cluster);
    const [committer, aborter] = [await bench.producer('committer'), await bench.producer('aborter')];
    const kept: string[] = [];
    for (let round = 0; round < 4; round++) {
      const { id } = aborter.begin();
      await cluster.finish(aborter.send('orders', 0, [`${id}:0:`, `${id}:1:`, `${id}:2:`]));
      kept.push(await bench.transaction(committer));
      await bench.end(aborter, false);
    }
    await bench.untilStable();
    const end = cluster.copy(cluster.leaderOf('orders'), 'orders').highWatermark;

    // Also in the middle of a batch.
    for (let offset = 0n; offset < end; offset++) {
      const given = await bench.readFrom('orders', offset);
      expect(kept.slice(kept.length - given.length)).toEqual(given);
    }
    expect(await bench.visible()).toEqual(kept);
  },
);

scenario(
  'redpanda-jepsen-21.10: all that was acknowledged is read after kills and while replicas move (inconsistent offsets, #3003)',
  { ...three, brokers: 4 },
  async (cluster) => {
    const bench = await TransactionBench.withOrders(cluster, { replicationFactor: 3 });
    const producer = await bench.producer('payer');
    const values: string[] = [];
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 4; i++) values.push(await bench.transaction(producer));
      const leader = cluster.leaderOf('orders');
      const { replicas } = cluster.image('orders');
      const [newcomer] = [1, 2, 3, 4].filter((id) => !replicas.includes(id));
      const others = [newcomer!, ...replicas.filter((id) => cluster.cluster.nameOf(id) !== leader)];
      await cluster.reassign('orders', others);
      cluster.cutPower(leader, 'hostile');
      await cluster.until(() => !['', leader].includes(cluster.leaderOf('orders')));
      values.push(await bench.transaction(producer));
      cluster.start(leader);
      await cluster.untilReady();
    }

    expect(await bench.visible()).toEqual(values);
  },
);
