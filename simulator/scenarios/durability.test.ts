import { expect } from 'vitest';
import { scenario } from './scenario.ts';

const properties = { 'broker.session.timeout.ms': '2000', 'replica.lag.time.max.ms': '1500' };
const three = { brokers: 3, properties } as const;
const lazy = { brokers: 3, properties: { ...properties, 'log.flush.mode': 'os' } } as const;

scenario(
  'all-power-cut-lazy-fsync: all brokers lose their power at once, and nothing that was acknowledged is lost',
  three,
  async (cluster) => {
    await cluster.createTopic('orders');
    for (let i = 0; i < 20; i++) await cluster.produce('orders', `idempotent-1:${i}:`);

    for (const name of cluster.names) cluster.cutPower(name, 'hostile');
    for (const name of cluster.names) cluster.start(name);
    await cluster.untilReady();

    expect((await cluster.readAll('orders')).records).toHaveLength(20);
  },
);

scenario(
  'all-power-cut-lazy-fsync: with flush.mode=os records are lost, and never two histories told',
  { ...lazy, mayLose: true },
  async (cluster) => {
    await cluster.createTopic('orders');
    for (let i = 0; i < 20; i++) await cluster.produce('orders', `idempotent-1:${i}:`);

    for (const name of cluster.names) cluster.cutPower(name, 'strict');
    for (const name of cluster.names) cluster.start(name);
    await cluster.untilReady();
    await cluster.until(() => cluster.leaderOf('orders') !== '');

    const { records } = await cluster.readAll('orders');
    expect(records.map(({ value }) => value)).toEqual(records.map((_, i) => `idempotent-1:${i}:`));
  },
);

scenario(
  'last-replica-standing: the last in sync loses its page cache and does not take the others along (KIP-966)',
  lazy,
  async (cluster) => {
    await cluster.createTopic('orders');
    for (let i = 0; i < 5; i++) await cluster.produce('orders', `idempotent-1:${i}:`);
    const last = cluster.leaderOf('orders');
    const others = cluster.followersOf('orders');

    // They leave in good order and so prove that they have lost nothing.
    for (const name of others) await cluster.finish(cluster.cluster.stop(name));
    const alone = await cluster.tryToProduce(last, 'orders', 'client-1:0:alone', { timeoutMs: 3000 });
    cluster.cutPower(last, 'strict');
    for (const name of others) cluster.start(name);
    await cluster.pass(2000);
    cluster.start(last);
    await cluster.untilReady();
    await cluster.until(() => cluster.leaderOf('orders') !== '');

    expect(alone?.errorCode).not.toBe('NONE');
    expect((await cluster.readAll('orders')).records.map(({ value }) => value)).toEqual([0, 1, 2, 3, 4].map((i) => `idempotent-1:${i}:`));
  },
);

scenario(
  'sole-isr-empty-disk: who comes back with an empty disk does not lead what it had (KAFKA-15495)',
  { ...three, endsBroken: true },
  async (cluster) => {
    await cluster.createTopic('orders', { replicationFactor: 1 });
    await cluster.produce('orders', 'idempotent-1:0:only here');
    const sole = cluster.leaderOf('orders');

    cluster.cutPower(sole);
    cluster.cluster.replaceDisk(sole);
    cluster.start(sole);
    await cluster.untilReady();
    await cluster.pass(5000);

    expect(cluster.leaderOf('orders')).toBe('');
  },
);

scenario(
  'replaced-disk-nonempty-isr: an empty disk takes no part until it has everything again, and loses nothing (KAFKA-14139)',
  three,
  async (cluster) => {
    await cluster.createTopic('orders');
    for (let i = 0; i < 10; i++) await cluster.produce('orders', `idempotent-1:${i}:`);
    const leader = cluster.leaderOf('orders');

    cluster.cutPower(leader);
    cluster.cluster.replaceDisk(leader);
    cluster.start(leader);
    await cluster.untilReady();
    await cluster.until(() => !['', leader].includes(cluster.leaderOf('orders')));

    expect((await cluster.readAll('orders')).records).toHaveLength(10);
  },
);

scenario(
  'isr-join-below-epoch-start: with only the committed part of the log nobody comes into sync (KAFKA-7128)',
  three,
  async (cluster) => {
    await cluster.createTopic('orders');
    await cluster.produce('orders', 'idempotent-1:0:committed');
    const former = cluster.leaderOf('orders');
    const [slow, next] = cluster.followersOf('orders') as [string, string];

    // What the next leader has, and the slow one has not, is not committed; it becomes so with the new leadership.
    cluster.cut(former, slow);
    for (let i = 0; i < 5; i++) await cluster.tryToProduce(former, 'orders', `acks-1-a:${i}:`, { acks: 1 });
    await cluster.pass(300);
    cluster.crash(former);
    await cluster.until(() => !['', former].includes(cluster.leaderOf('orders')));
    cluster.heal();
    await cluster.untilReady();

    const offset = await cluster.produce('orders', 'idempotent-1:1:after');
    expect(await cluster.consume('orders', offset)).toBe('idempotent-1:1:after');
    expect([slow, next, former]).toContain(cluster.leaderOf('orders'));
  },
);

scenario(
  'redpanda-jepsen-21.10: a batch that is sent again to the next leader keeps its offset, and is there once (#3039)',
  three,
  async (cluster) => {
    await cluster.createTopic('orders');
    await cluster.produce('orders', 'idempotent-1:0:');
    const leader = cluster.leaderOf('orders');
    const [follower] = cluster.followersOf('orders');

    // The answer is lost with the leader: the producer sends the batch again, to whoever leads then.
    cluster.cut(leader, follower!);
    const produced = cluster.produce('orders', 'idempotent-1:1:again');
    void produced.catch(() => {});
    const offset = await produced;
    cluster.crash(leader);
    await cluster.until(() => !['', leader].includes(cluster.leaderOf('orders')));
    const next = await cluster.produce('orders', 'idempotent-1:2:next');

    expect([offset, next]).toEqual([1n, 2n]);
    expect((await cluster.readAll('orders')).records.map(({ offset: at }) => at)).toEqual([0n, 1n, 2n]);
  },
);
