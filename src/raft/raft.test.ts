import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { nodePlatform, sleep } from '#platform';
import { zeroUuid } from '#protocol';
import { readFormation } from './formation-file.ts';
import { MisfitError } from './misfit-error.ts';
import { readElection } from './quorum-state.ts';
import { RaftBroker } from './simulation/raft-broker.ts';
import { Hosts, metadataDirectory, threeBrokers } from './testing.ts';

test('three blank brokers found one cluster, and what its leader appends is handed over on all, in order', async () => {
  const hosts = await threeBrokers(1);

  hosts.leader?.append('a', 'b');
  hosts.leader?.append('c');
  await hosts.until('all three records', () => [...hosts.brokers.values()].every(({ committed }) => committed.length === 3));

  const brokers = [...hosts.brokers.values()];
  expect(brokers.map(({ committed }) => committed)).toEqual([1, 2, 3].map(() => ['a', 'b', 'c']));
  expect(new Set(brokers.map(({ raft }) => raft.clusterId)).size).toBe(1);
  expect(brokers[0]?.raft.voters.map(({ id }) => id)).toEqual([1, 2, 3]);
  expect(brokers.map(({ fatal }) => fatal)).toEqual([undefined, undefined, undefined]);
});

test('a cluster of one is formed at once, and needs nobody after a restart', async () => {
  const hosts = new Hosts(2);
  const before = hosts.world.nowMs;
  await hosts.start('b1', []);
  await hosts.commit('a');
  expect(hosts.world.nowMs - before).toBeLessThan(100);
  const { clusterId } = hosts.brokers.get('b1')!.raft;

  hosts.world.node('b1').cutPower('hostile');
  hosts.lose('b1');
  const again = hosts.world.nowMs;
  await hosts.start('b1', []);
  await hosts.commit('b');

  expect(hosts.world.nowMs - again).toBeLessThan(100);
  expect(hosts.brokers.get('b1')?.committed).toEqual(['a', 'b']);
  expect(hosts.brokers.get('b1')?.raft.clusterId).toBe(clusterId);
  expect(hosts.brokers.get('b1')?.raft.leader.leaderEpoch).toBe(2);
});

test('a cluster of one whose power goes at any moment of its founding is formed by the next start', async () => {
  let formed = false;
  for (let moment = 0; !formed; moment++) {
    const hosts = new Hosts(18);
    const { eventCount } = hosts.world;
    const starting = hosts.begin('b1', []);
    starting.then(
      ({ raft }) => hosts.world.after(20, () => (formed = raft.isFormed)),
      () => {},
    );
    await hosts.world.run({ forMs: 1000, until: () => formed || hosts.world.eventCount - eventCount >= moment });
    hosts.cutPower('b1');

    const again = await hosts.start('b1', []);
    await hosts.commit('a');

    expect(again.raft.isFormed, `power cut after ${moment} events`).toBe(true);
  }
});

test('the leader loses its power: another one leads within four seconds, what was committed is there, and the old one follows', async () => {
  const hosts = await threeBrokers(3);
  await hosts.commit('a');
  const old = hosts.leader!;
  const name = `b${old.raft.nodeId}`;

  hosts.world.node(name).cutPower('hostile');
  hosts.lose(name);
  const cutAt = hosts.world.nowMs;
  await hosts.until('another leader', () => hosts.leader !== undefined);
  expect(hosts.world.nowMs - cutAt).toBeLessThan(4000);
  await hosts.commit('b');
  await hosts.start(name);
  await hosts.commit('c');

  expect(hosts.brokers.get(name)?.committed).toEqual(['a', 'b', 'c']);
});

test('the leader is killed: the others notice at once that nobody listens there', async () => {
  const hosts = await threeBrokers(4);
  await hosts.commit('a');
  const name = `b${hosts.leader!.raft.nodeId}`;

  hosts.world.node(name).kill();
  hosts.lose(name);
  const killedAt = hosts.world.nowMs;
  await hosts.until('another leader', () => hosts.leader !== undefined);

  expect(hosts.world.nowMs - killedAt).toBeLessThan(2500);
});

test('a leader that shuts down in good order hands over without a pause', async () => {
  const hosts = await threeBrokers(5);
  await hosts.commit('a');
  const old = hosts.leader!;
  const stoppedAt = hosts.world.nowMs;

  await hosts.world.finish(old.stop());
  hosts.lose(`b${old.raft.nodeId}`);
  await hosts.until('another leader', () => hosts.leader !== undefined);

  expect(hosts.world.nowMs - stoppedAt).toBeLessThan(400);
});

test('a broker that was not named joins as an observer and gets everything', async () => {
  const hosts = await threeBrokers(6);
  await hosts.commit('a');

  const fourth = await hosts.start('b4', ['b1', 'b2', 'b3']);
  await hosts.commit('b');
  await hosts.world.run({ forMs: 3000 });

  expect(fourth.committed).toEqual(['a', 'b']);
  expect(fourth.raft.clusterId).toBe(hosts.brokers.get('b1')?.raft.clusterId);
  expect(fourth.raft.voters.map(({ id }) => id)).toEqual([1, 2, 3]);
});

test('two of three found the cluster; the third, started a minute later, becomes a voter', async () => {
  const hosts = new Hosts(7);
  await hosts.start('b2');
  await hosts.start('b3');
  await hosts.commit('a');
  await hosts.world.run({ forMs: 60_000 });

  await hosts.start('b1');
  await hosts.until('three voters', () => [...hosts.brokers.values()].every(({ raft }) => raft.voters.length === 3));
  await hosts.commit('b');

  expect(hosts.brokers.get('b1')?.committed).toEqual(['a', 'b']);
  for (const name of ['b2', 'b3']) {
    expect(readFormation(hosts.world.node(name).platform.disk, metadataDirectory), 'the formation is complete').toBeUndefined();
  }
});

test('a broker with the data of another cluster is refused, and the cluster goes on', async () => {
  const hosts = new Hosts(8);
  await hosts.start('b9', []);
  await hosts.commit('other');
  const foreign = hosts.brokers.get('b9')!;
  await hosts.world.finish(foreign.stop());
  hosts.lose('b9');
  for (const name of ['b1', 'b2', 'b3']) await hosts.start(name);
  await hosts.commit('a');

  const refused = await hosts.start('b9', ['b1', 'b2', 'b3']);
  await hosts.world.run({ forMs: 5000 });

  expect(refused.fatal).toBeInstanceOf(MisfitError);
  expect(refused.fatal?.message).toMatch(/belongs to cluster .*, but b1:9092 belongs to cluster/);
  hosts.lose('b9');
  await hosts.commit('b');
});

test('a follower that is far behind gets the snapshot, then the rest of the log', async () => {
  const hosts = await threeBrokers(10);
  await hosts.commit('a');
  const late = [...hosts.brokers.keys()].find((name) => !hosts.brokers.get(name)!.leads)!;
  hosts.world.node(late).kill();
  hosts.lose(late);
  for (let round = 0; round < 3; round++) {
    const leader = hosts.leader!;
    const last = leader.append(`x${round}`);
    await hosts.until('commit', () => [...hosts.brokers.values()].every(({ raft }) => raft.highWatermark > last));
    for (const { raft, committed } of hosts.brokers.values()) {
      await hosts.world.finish(
        raft.createSnapshot(
          last,
          raft.leader.leaderEpoch,
          1_000,
          committed.map((value) => Buffer.from(value)),
        ),
      );
    }
  }

  const back = await hosts.start(late);
  await hosts.commit('z');

  expect(back.committed).toEqual(['a', 'x0', 'x1', 'x2', 'z']);
  const { disk } = hosts.world.node(late).platform;
  expect(disk.list(metadataDirectory).filter((name) => name.includes('checkpoint') && name !== 'leader-epoch-checkpoint')).toHaveLength(1);
});

test('a damaged newest snapshot is put aside, and the one before it with the log tells everything', async () => {
  const hosts = new Hosts(11);
  const broker = await hosts.start('b1', []);
  for (const value of ['a', 'b', 'c']) {
    await hosts.commit(value);
    const { raft, committed } = broker;
    await hosts.world.finish(
      raft.createSnapshot(
        raft.highWatermark - 1n,
        1,
        1_000,
        committed.map((text) => Buffer.from(text)),
      ),
    );
  }
  await hosts.world.finish(broker.stop());
  hosts.lose('b1');
  const { disk } = hosts.world.node('b1').platform;
  const newest = disk
    .list(metadataDirectory)
    .filter((name) => name.endsWith('.checkpoint'))
    .at(-1)!;
  const file = disk.open(`${metadataDirectory}/${newest}`, 'write');
  const byte = file.readNow(100, 1);
  file.write([Buffer.from([byte[0]! ^ 1])], 100);
  file.close();

  const again = await hosts.start('b1', []);
  await hosts.commit('d');

  expect(again.committed).toEqual(['a', 'b', 'c', 'd']);
  expect(disk.list(metadataDirectory)).toContain(`${newest}.damaged`);
});

test('R2, R3: epoch and vote are on disk in the form of Kafka’s quorum-state', async () => {
  const hosts = await threeBrokers(12);
  await hosts.commit('a');
  const { disk } = hosts.world.node('b2').platform;
  const { leaderEpoch, leaderId } = hosts.leader!.raft.leader;

  const state = JSON.parse(disk.readFile(`${metadataDirectory}/quorum-state`).toString());

  expect(Object.keys(state)).toEqual(['leaderId', 'leaderEpoch', 'votedId', 'votedDirectoryId', 'data_version']);
  expect(state).toMatchObject({ leaderId, leaderEpoch, data_version: 1 });
  expect(readElection({ disk, directory: metadataDirectory, root: '/data' }).election?.epoch).toBe(leaderEpoch);
});

test('only the leader of exactly that epoch appends', async () => {
  const hosts = await threeBrokers(13);
  const leader = hosts.leader!;
  const follower = [...hosts.brokers.values()].find((broker) => !broker.leads)!;
  const { leaderEpoch } = leader.raft.leader;

  expect(() => follower.raft.append(leaderEpoch, [Buffer.from('x')])).toThrow(/does not lead/);
  expect(() => leader.raft.append(leaderEpoch - 1, [Buffer.from('x')])).toThrow(/does not lead/);
  expect(() => leader.raft.append(leaderEpoch, [])).toThrow(/has records/);
});

test('a follower’s disk fails: it leaves the quorum, and the two others go on', async () => {
  const hosts = await threeBrokers(14);
  await hosts.commit('a');
  const name = [...hosts.brokers.keys()].find((key) => !hosts.brokers.get(key)!.leads)!;
  const broker = hosts.brokers.get(name)!;
  hosts.world.node(name).disk.failNext('sync', 'EIO');

  hosts.leader?.append('b');
  await hosts.until('the failure', () => broker.fatal !== undefined);
  hosts.lose(name);
  await hosts.commit('c');

  expect(broker.committed).toEqual(['a']);
});

test('DescribeQuorum: the leader tells how far everyone is, the others that they do not lead', async () => {
  const hosts = await threeBrokers(15);
  await hosts.commit('a');
  const request = { topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] };
  const leader = hosts.leader!;
  const follower = [...hosts.brokers.values()].find((broker) => !broker.leads)!;

  const told = (await leader.raft.describeQuorum(request)).topics[0]?.partitions[0];
  const refused = (await follower.raft.describeQuorum(request)).topics[0]?.partitions[0];

  expect(told).toMatchObject({ errorCode: 'NONE', leaderId: leader.raft.nodeId, highWatermark: leader.raft.highWatermark });
  expect(told?.currentVoters.map(({ replicaId }) => replicaId)).toEqual([1, 2, 3]);
  expect(told?.currentVoters.every(({ replicaDirectoryId }) => replicaDirectoryId !== zeroUuid)).toBe(true);
  expect(refused).toMatchObject({ errorCode: 'NOT_LEADER_OR_FOLLOWER', leaderId: leader.raft.nodeId });
});

test('two brokers on one host with the same id are told so', async () => {
  const hosts = new Hosts(16);
  const first = await hosts.start('b1', ['b1', 'c1']);
  await hosts.start('c1', ['b1', 'c1']);

  await hosts.until('the refusal', () => first.fatal !== undefined);

  expect(first.fatal?.message).toBe('The broker at c1:9092 has the id 1 too. Give each broker its own --id.');
});

test('a full disk fails an append and nothing else; when there is room again it goes on', async () => {
  const hosts = new Hosts(17);
  const broker = await hosts.start('b1', []);
  await hosts.commit('a');
  const { disk } = hosts.world.node('b1');
  disk.setCapacity(1);

  expect(() => broker.append('x'.repeat(100_000))).toThrow();
  disk.setCapacity(undefined);
  await hosts.commit('b');

  expect(broker.committed).toEqual(['a', 'b']);
  expect(broker.fatal).toBeUndefined();
});

test('a voter on a full disk gives no vote, and neither dies nor forgets: it takes part again when there is room (S6)', async () => {
  const hosts = new Hosts(19);
  for (const name of ['b1', 'b2', 'b3']) await hosts.start(name);
  await hosts.commit('before');
  const others = hosts.followers;
  const leader = ['b1', 'b2', 'b3'].find((name) => !others.includes(name))!;

  for (const name of others) hosts.world.node(name).disk.setFreeBytes(0);
  hosts.kill(leader);
  await hosts.world.run({ forMs: 15_000 });
  const whileFull = { leader: hosts.leader, fatal: others.map((name) => hosts.brokers.get(name)!.fatal) };
  for (const name of others) hosts.world.node(name).disk.setFreeBytes(undefined);
  await hosts.until('another leader', () => hosts.leader !== undefined);

  expect(whileFull).toEqual({ leader: undefined, fatal: [undefined, undefined] });
});

test('on real sockets and a real disk three brokers found a cluster, replicate, and come back', async () => {
  const platform = nodePlatform();
  const root = `${tmpdir()}/raft-test-${platform.random.bytes(6).toString('hex')}`;
  const until = async (holds: () => boolean) => {
    for (let waited = 0; waited < 10_000 && !holds(); waited += 5) await sleep(platform.clock, 5);
    expect(holds()).toBe(true);
  };
  const firstPort = 20_000 + platform.random.below(20_000);
  const addresses = [1, 2, 3].map((id) => ({ host: '127.0.0.1', port: firstPort + id }));
  const startAll = () =>
    Promise.all(
      addresses.map((address, index) =>
        RaftBroker.start({
          platform,
          nodeId: index + 1,
          address,
          hosts: ['127.0.0.1'],
          peers: addresses.filter((other) => other !== address),
          directory: `${root}/${index + 1}`,
        }),
      ),
    );

  try {
    for (const expected of [['a'], ['a', 'b']]) {
      const brokers = await startAll();
      await until(() => brokers.some(({ leads }) => leads));
      brokers.find(({ leads }) => leads)?.append(expected.at(-1)!);
      await until(() => brokers.every(({ committed }) => committed.length === expected.length));
      expect(brokers.map(({ committed }) => committed)).toEqual([expected, expected, expected]);
      for (const broker of brokers) await broker.stop();
    }
  } finally {
    platform.disk.removeDirectory(root);
  }
});

test('UpdateRaftVoter: a voter that comes back at another address tells the leader, and is found there by the next one', async () => {
  const hosts = await threeBrokers(19);
  await hosts.commit('a');
  const moved = hosts.followers[0]!;
  await hosts.stop(moved);

  const back = await hosts.start(moved, ['b1', 'b2', 'b3'], 9094);
  const addressOf = (broker: RaftBroker) => broker.raft.voters.find(({ id }) => id === back.raft.nodeId)?.address;
  await hosts.until('its address is known to all', () => [...hosts.brokers.values()].every((broker) => addressOf(broker)?.port === 9094));
  hosts.kill(await hosts.leaderName());
  await hosts.commit('b');

  expect(back.committed).toEqual(['a', 'b']);
});

test.each([
  'stopped in good order',
  'killed',
])('voters that were all %s and come back at other addresses, which --peers names, elect a leader', async (how) => {
  const hosts = await threeBrokers(23);
  await hosts.commit('a');
  const names = ['b1', 'b2', 'b3'];
  for (const name of names) {
    if (how === 'killed') hosts.kill(name);
    else await hosts.stop(name);
  }

  for (const name of names) await hosts.start(name, ['b1:9094', 'b2:9094', 'b3:9094'], 9094);
  await hosts.commit('b');

  expect([...hosts.brokers.values()].map(({ committed }) => committed)).toEqual(names.map(() => ['a', 'b']));
  const ports = () => [...hosts.brokers.values()].flatMap(({ raft }) => raft.voters.map(({ address }) => address.port));
  await hosts.until('their addresses are known to all', () => ports().every((port) => port === 9094));
});
