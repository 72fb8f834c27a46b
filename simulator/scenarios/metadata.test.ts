import { expect } from 'vitest';
import { SimulatedClient } from '../clients/simulated-client.ts';
import { askToDelete } from '../clients/topic-requests.ts';
import { scenario } from './scenario.ts';

const three = { brokers: 3, properties: { 'broker.session.timeout.ms': '2000', 'replica.lag.time.max.ms': '1500' } } as const;

scenario(
  'topic-recreated: a broker that was away while a topic was deleted and made anew serves nothing of the old one (KAFKA-12257)',
  three,
  async (cluster) => {
    const oldId = await cluster.createTopic('orders');
    for (let i = 0; i < 5; i++) await cluster.produce('orders', `idempotent-1:${i}:old`);
    const away = cluster.leaderOf('orders');
    cluster.crash(away);

    const client = new SimulatedClient(cluster.world, 'admin', cluster.cluster.addresses);
    await cluster.finish(askToDelete(client, 'orders'));
    const newId = await cluster.createTopic('orders', { replicationFactor: 2 });
    cluster.start(away);
    await cluster.untilReady();
    await cluster.produce('orders', 'idempotent-1:0:new');

    expect(newId).not.toBe(oldId);
    expect((await cluster.readAll('orders')).records.map(({ value }) => value)).toEqual(['idempotent-1:0:new']);
  },
);

scenario('epoch-minus-one: a partition without a leader still has its leader epoch (franz-go #1331)', three, async (cluster) => {
  await cluster.createTopic('orders', { replicationFactor: 1 });
  await cluster.produce('orders', 'idempotent-1:0:');
  const leader = cluster.leaderOf('orders');
  const client = new SimulatedClient(cluster.world, 'observer', cluster.cluster.addresses);
  const asked = cluster.cluster.addresses.find(({ host }) => host !== leader)!;
  const before = (await cluster.finish(client.find('orders', asked)))!.partitions[0]!;

  cluster.crash(leader);
  await cluster.until(() => cluster.leaderOf('orders') === '');
  await cluster.pass(500);
  const without = (await cluster.finish(client.find('orders', asked)))!.partitions[0]!;

  expect(without.leader).toBeUndefined();
  expect(without.leaderEpoch).toBeGreaterThan(before.leaderEpoch);
});

scenario(
  'not-leader-but-committed: HTTP does not say of a message that a deposed leader had appended that it was refused (KAFKA-13574, H1)',
  three,
  async (cluster) => {
    const id = await cluster.createTopic('orders');
    await cluster.produce('orders', 'idempotent-1:0:');
    const leader = cluster.leaderOf('orders');
    const message = 'http-1:0:whose?';
    cluster.history.attempt(id, 0, message);

    // It is appended and has to wait for followers that cannot hear of it; then another leads, and the two meet again.
    cluster.cutOff(leader);
    const answered = cluster.http(leader, {
      method: 'POST',
      path: '/produce',
      body: JSON.stringify({ topic: 'orders', partition: 0, message }),
    });
    await cluster.until(() => !['', leader].includes(cluster.leaderOf('orders')));
    cluster.heal();
    const answer = await cluster.finish(answered);
    await cluster.pass(3000);

    const found = (await cluster.readAll('orders')).records.filter(({ value }) => value === message);
    expect(found.length).toBeLessThanOrEqual(1);
    // Other than these it may answer only when it had not appended it, as too few were in sync already.
    if (![200, 504, undefined].includes(answer?.status)) expect(found).toEqual([]);
  },
);
