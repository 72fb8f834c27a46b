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

scenario(
  'kip279-two-fast-failovers: logs that have parted twice find their common part',
  { ...three, properties: { ...three.properties, 'min.insync.replicas': '1' } },
  async (cluster) => {
    await cluster.createTopic('orders');
    await cluster.produce('orders', 'idempotent-1:0:common');
    const first = cluster.leaderOf('orders');

    // Both leaders write for themselves, each in an epoch that the other does not have.
    cluster.cutOff(first);
    for (let i = 0; i < 3; i++) await cluster.tryToProduce(first, 'orders', `acks-1-a:${i}:`, { acks: 1 });
    await cluster.until(() => !['', first].includes(cluster.leaderOf('orders')));
    const second = cluster.leaderOf('orders');
    await cluster.until(() => cluster.copy(second, 'orders').leaderEpoch !== undefined);
    cluster.crash(first);
    for (let i = 0; i < 2; i++) await cluster.tryToProduce(second, 'orders', `acks-1-b:${i}:`, { acks: 1 });
    cluster.crash(second);
    cluster.heal();
    await cluster.untilReady();
    const last = await cluster.produce('orders', 'idempotent-1:1:after');

    expect(await cluster.consume('orders', last)).toBe('idempotent-1:1:after');
    // That all logs are the same in the end is looked at when the scenario is over (P9).
  },
);

scenario(
  'maximal-isr-inflight: while nobody knows whether a follower has left, its copy counts (KAFKA-9672)',
  { ...three, brokers: 4 },
  async (cluster) => {
    await cluster.createTopic('orders', { replicationFactor: 3, partitions: 4 });
    const { cluster: inside } = cluster;
    // A leader that is not the controller, and a follower that is not either.
    const partition = [0, 1, 2, 3].find((index) => cluster.leaderOf('orders', index) !== inside.controller)!;
    const leader = cluster.leaderOf('orders', partition);
    const { replicas } = cluster.image('orders', partition);
    const follower = replicas.map((id) => inside.nameOf(id)!).find((name) => name !== leader && name !== inside.controller)!;
    await cluster.produce('orders', 'idempotent-1:0:before', partition);

    cluster.cut(leader, follower);
    cluster.cut(leader, inside.controller!);
    const produced = cluster.produce('orders', 'idempotent-1:1:while', partition);
    const end = () => inside.broker(follower)!.partitions.replica('orders', partition)!.log.logEndOffset;
    const highWatermark = () => inside.broker(leader)!.partitions.replica('orders', partition)!.highWatermark;
    void produced.catch(() => {});
    const seen = { followerEnd: end(), highWatermark: highWatermark() };
    cluster.heal();
    await produced;

    // The high watermark of a leader that asked and was not answered does not pass the follower; that is what PartitionWatch looks at, all the time.
    expect(seen.highWatermark <= seen.followerEnd || !cluster.copy(leader, 'orders', partition).leader).toBe(true);
  },
);

scenario(
  'rebooted-follower-stale-fetch: fetches of an incarnation that is over bring nobody into sync (KAFKA-15221)',
  three,
  async (cluster) => {
    const fetches: { to: { host: string; port: number }; bytes: Buffer }[] = [];
    await cluster.createTopic('orders');
    const leader = cluster.leaderOf('orders');
    const [follower] = cluster.followersOf('orders');
    cluster.world.network.intercept = (from, to, bytes) => {
      if (from.host === follower && to.host === leader && bytes.length > 12 && bytes.readInt16BE(4) === 1) fetches.push({ to, bytes });
    };
    for (let i = 0; i < 5; i++) await cluster.produce('orders', `idempotent-1:${i}:`);

    cluster.cutPower(follower!);
    await cluster.until(() => !cluster.image('orders').isr.includes(cluster.cluster.nodeIdOf(follower!)));
    for (const { to, bytes } of fetches) {
      const connection = cluster.world.node('client').platform.network.connect(to);
      connection.onData(() => connection.destroy());
      connection.onClose(() => {});
      connection.write([bytes]);
    }
    await cluster.pass(1500);

    expect(cluster.image('orders').isr).not.toContain(cluster.cluster.nodeIdOf(follower!));
  },
);

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
