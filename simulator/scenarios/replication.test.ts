import { expect } from 'vitest';
import { scenario } from './scenario.ts';

const three = { brokers: 3, properties: { 'broker.session.timeout.ms': '2000', 'replica.lag.time.max.ms': '1500' } } as const;

scenario('an acknowledged record outlives its leader (P1)', three, async (cluster) => {
  await cluster.createTopic('orders');
  const offset = await cluster.produce('orders', 'idempotent-1:0:paid');
  const leader = cluster.leaderOf('orders');

  cluster.crash(leader);
  await cluster.until(() => !['', leader].includes(cluster.leaderOf('orders')));

  expect(await cluster.consume('orders', offset)).toBe('idempotent-1:0:paid');
});

scenario(
  'isr-shrinks-to-isolated-leader: a leader that is cut off acknowledges nothing alone (Jepsen on Kafka 0.8)',
  three,
  async (cluster) => {
    await cluster.createTopic('orders');
    await cluster.produce('orders', 'idempotent-1:0:before');
    const former = cluster.leaderOf('orders');

    cluster.cutOff(former);
    const alone = await cluster.tryToProduce(former, 'orders', 'client-1:0:alone', { timeoutMs: 6000 });
    await cluster.until(() => !['', former].includes(cluster.leaderOf('orders')));
    const after = await cluster.produce('orders', 'idempotent-1:1:after');
    cluster.crash(former);

    expect(alone?.errorCode).not.toBe('NONE');
    expect(after).toBe(1n);
    expect((await cluster.readAll('orders')).records.map(({ value }) => value)).not.toContain('client-1:0:alone');
  },
);

scenario('kip101-truncate-to-hw: a follower whose high watermark lags keeps what it has when it becomes leader', three, async (cluster) => {
  await cluster.createTopic('orders');
  for (let i = 0; i < 5; i++) await cluster.produce('orders', `idempotent-1:${i}:`);
  const leader = cluster.leaderOf('orders');
  const [follower] = cluster.followersOf('orders');

  cluster.cutPower(follower!);
  await cluster.pass(100);
  cluster.start(follower!);
  await cluster.until(() => cluster.cluster.broker(follower!)?.partitions.replica('orders', 0)?.following !== undefined);
  cluster.crash(leader);
  await cluster.until(() => !['', leader].includes(cluster.leaderOf('orders')));

  const { records } = await cluster.readAll('orders');
  expect(records.map(({ value }) => value)).toEqual([0, 1, 2, 3, 4].map((i) => `idempotent-1:${i}:`));
});

scenario('read-above-hw: what a follower has not confirmed is shown to nobody (KAFKA-9835, P10)', three, async (cluster) => {
  await cluster.createTopic('orders', { configs: { 'min.insync.replicas': '2' } });
  await cluster.produce('orders', 'idempotent-1:0:committed');
  const leader = cluster.leaderOf('orders');

  for (const follower of cluster.followersOf('orders')) cluster.world.node(follower).disk.setSlowness(1000);
  const appended = await cluster.tryToProduce(leader, 'orders', 'acks-1-a:0:not yet', { acks: 1 });

  expect(appended?.errorCode).toBe('NONE');
  expect(await cluster.lookAt(leader, 'orders', 1n)).toBeUndefined();
  cluster.heal();
  await cluster.until(() => cluster.copy(leader, 'orders').highWatermark === 2n);
  expect(await cluster.consume('orders', 1n)).toBe('acks-1-a:0:not yet');
});

scenario(
  'follower-truncate-before-hw: a former leader gives up what nobody confirmed before it believes in more (KAFKA-14704)',
  three,
  async (cluster) => {
    await cluster.createTopic('orders');
    await cluster.produce('orders', 'idempotent-1:0:before');
    const former = cluster.leaderOf('orders');
    cluster.cutOff(former);
    for (let i = 0; i < 4; i++) await cluster.tryToProduce(former, 'orders', `acks-1-a:${i}:`, { acks: 1 });
    await cluster.until(() => !['', former].includes(cluster.leaderOf('orders')));
    for (let i = 1; i < 8; i++) await cluster.produce('orders', `idempotent-1:${i}:after`);

    cluster.heal();
    const seen: string[] = [];
    while (seen.length < 5) {
      await cluster.pass(25);
      const value = await cluster.lookAt(former, 'orders', 1n);
      if (value !== undefined) seen.push(value);
    }

    expect(new Set(seen)).toEqual(new Set(['idempotent-1:1:after']));
  },
);
