import { expect, test } from 'vitest';
import { Hosts, metadataDirectory, threeBrokers } from './testing.ts';

/** The scenarios of famous failures that concern the metadata log; the names are those of the projects that had them. See also repair.test.ts. */

const changeVoters = { clusterId: null, timeoutMs: 5000, ackWhenCommitted: true };

async function addVoter(hosts: Hosts, name: string): Promise<string> {
  const joining = hosts.brokers.get(name)!.raft;
  const listeners = [{ name: 'CONTROLLER', host: name, port: 9092 }];
  const request = { ...changeVoters, voterId: joining.nodeId, voterDirectoryId: joining.directoryId, listeners };
  return (await hosts.world.finish(hosts.leader!.raft.addRaftVoter(request))).errorCode!;
}

async function removeVoter(hosts: Hosts, voterId: number, voterDirectoryId: string): Promise<string> {
  return (await hosts.world.finish(hosts.leader!.raft.removeRaftVoter({ ...changeVoters, voterId, voterDirectoryId }))).errorCode!;
}

/** Lets the leader make a snapshot of all that it has applied. */
async function snapshot(hosts: Hosts, name: string): Promise<void> {
  const { raft, committed } = hosts.brokers.get(name)!;
  const records = committed.map((value) => Buffer.from(value));
  await hosts.world.finish(raft.createSnapshot(raft.highWatermark - 1n, raft.leader.leaderEpoch, 1000, records));
}

function snapshotsOf(hosts: Hosts, name: string): string[] {
  return hosts.world
    .node(name)
    .disk.list(metadataDirectory)
    .filter((file) => file.endsWith('.checkpoint'));
}

test('raft-ack-before-flush (KAFKA-10533): the power of a majority fails in the moment of a commit, and what was committed is there', async () => {
  for (let round = 0; round < 20; round++) {
    const hosts = await threeBrokers(100 + round);
    const leader = hosts.leader!;
    const offset = leader.append('committed');
    await hosts.until('the commit', () => leader.raft.highWatermark > offset);
    for (const name of ['b1', 'b2', 'b3']) hosts.cutPower(name, 'strict');

    // Any two of them elect one who knows it.
    const absent = 1 + (round % 3);
    for (const id of [1, 2, 3]) if (id !== absent) await hosts.start(`b${id}`);
    await hosts.commit('next');

    expect(hosts.leader!.committed, `round ${round}`).toEqual(['committed', 'next']);
  }
});

test('observer-becoming-voter-flushes (KAFKA-17332): what a new voter had as an observer is on its disk when it counts', async () => {
  const hosts = await threeBrokers(120);
  const observer = await hosts.start('b4');
  for (const value of ['a', 'b', 'c']) await hosts.commit(value);
  expect(await addVoter(hosts, 'b4')).toBe('NONE');
  const [first, second] = hosts.followers.filter((name) => name !== 'b4');
  hosts.kill(first!);
  const leader = hosts.leader!;
  const offset = leader.append('by leader, follower and newcomer');
  await hosts.until('the commit', () => leader.raft.highWatermark > offset);
  expect(observer.raft.voters).toHaveLength(4);

  const leaderName = await hosts.leaderName();
  for (const name of [leaderName, second!, 'b4']) hosts.cutPower(name, 'strict');
  for (const name of [first!, second!, 'b4']) await hosts.start(name);
  await hosts.commit('next');

  expect(hosts.leader!.committed).toEqual(['a', 'b', 'c', 'by leader, follower and newcomer', 'next']);
});

test('controller-cut-from-voters-not-brokers (KAFKA-15489): R14: a leader that only observers reach resigns, and they follow the next one', async () => {
  const hosts = await threeBrokers(130);
  const observer = await hosts.start('b4');
  await hosts.commit('a');
  const old = await hosts.leaderName();
  const voters = ['b1', 'b2', 'b3'].filter((name) => name !== old);

  for (const name of voters) hosts.world.network.cut(old, name);
  const cutAt = hosts.world.nowMs;
  await hosts.until('the old leader resigns', () => hosts.brokers.get(old)!.raft.leader.leaderId !== Number(old.slice(1)));
  expect(hosts.world.nowMs - cutAt).toBeLessThan(3500);
  await hosts.until('another leader', () => hosts.leader !== undefined);
  const offset = hosts.leader!.append('b');
  await hosts.until('the observer has it', () => observer.raft.highWatermark > offset);

  expect(observer.committed).toEqual(['a', 'b']);
  hosts.world.network.healAll();
  await hosts.commit('c');
  expect(hosts.brokers.get(old)!.committed).toEqual(['a', 'b', 'c']);
});

test('non-voter-candidate (KAFKA-17067): R12: an observer that finds no leader waits, in its epoch, however long', async () => {
  const hosts = await threeBrokers(140);
  const observer = await hosts.start('b4');
  await hosts.commit('a');
  const { leaderEpoch } = observer.raft.leader;
  for (const name of ['b1', 'b2', 'b3']) hosts.kill(name);

  await hosts.world.run({ forMs: 60_000 });

  expect(observer.raft.leader).toMatchObject({ leaderId: -1, leaderEpoch });
});

test('disruptive-rejoin (KIP-996): a voter that comes back after a long cut follows the leader, and unseats nobody', async () => {
  const hosts = await threeBrokers(150);
  await hosts.commit('a');
  const before = hosts.leader!.raft.leader;
  const [cutOff] = hosts.followers;
  hosts.world.network.isolate(cutOff!);
  await hosts.world.run({ forMs: 60_000 });

  hosts.world.network.healAll();
  await hosts.commit('b');
  await hosts.world.run({ forMs: 10_000 });

  expect(hosts.leader!.raft.leader).toEqual(before);
  expect(hosts.brokers.get(cutOff!)!.raft.leader).toMatchObject({ leaderId: before.leaderId, leaderEpoch: before.leaderEpoch });
});

test('snapshot-corrupt-then-leader: R11: a node with damaged snapshots does not lead before it has a whole one, and takes nothing from its peers', async () => {
  const hosts = await threeBrokers(160);
  await hosts.commit('a');
  const late = hosts.followers[0]!;
  // It has installed one snapshot from the leader, and its log begins where that one ends.
  hosts.kill(late);
  for (const value of ['b', 'c']) {
    await hosts.commit(value);
    await snapshot(hosts, await hosts.leaderName());
    await snapshot(hosts, hosts.followers[0]!);
  }
  await hosts.start(late);
  await hosts.commit('d');
  for (const name of ['b1', 'b2', 'b3']) hosts.cutPower(name);
  for (const file of snapshotsOf(hosts, late)) hosts.rot(late, file, 0.5);
  const [other, third] = ['b1', 'b2', 'b3'].filter((name) => name !== late);

  await hosts.start(late);
  await hosts.world.run({ forMs: 10_000 });
  expect(hosts.leader).toBeUndefined();
  await hosts.start(other!);
  await hosts.world.run({ forMs: 10_000 });
  expect(hosts.leader, 'the one with the damaged snapshots does not vote').toBeUndefined();
  await hosts.start(third!);
  await hosts.commit('e');

  expect(hosts.leader).not.toBe(hosts.brokers.get(late));
  for (const { committed } of hosts.brokers.values()) expect(committed).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('snapshot-corrupt-then-leader: a leader whose snapshot has become damaged gives others the one before it', async () => {
  const hosts = await threeBrokers(161);
  await hosts.commit('a');
  const late = hosts.followers[0]!;
  hosts.kill(late);
  for (const value of ['b', 'c', 'd']) {
    await hosts.commit(value);
    for (const name of [...hosts.brokers.keys()]) await snapshot(hosts, name);
  }
  const leader = await hosts.leaderName();
  const newest = snapshotsOf(hosts, leader).at(-1)!;
  hosts.rot(leader, newest, 0.5);

  const back = await hosts.start(late);
  await hosts.commit('e');

  expect(back.committed).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(hosts.world.node(leader).disk.list(metadataDirectory)).toContain(`${newest}.damaged`);
});

test('snapshot-corrupt-then-leader: a cluster of one with no whole snapshot does not start, and names what is damaged', async () => {
  const hosts = new Hosts(162);
  await hosts.start('b1', []);
  for (const value of ['a', 'b', 'c']) {
    await hosts.commit(value);
    await snapshot(hosts, 'b1');
  }
  await hosts.stop('b1');
  for (const file of snapshotsOf(hosts, 'b1')) hosts.rot('b1', file, 0.98);

  await expect(hosts.start('b1', [])).rejects.toThrow(
    /__cluster_metadata-0 is damaged: its log begins at offset \d+ and no snapshot there can be read.*This broker is the only voter/,
  );
});

test('metadata-log-middle-bitflip: R13: damage below the newest snapshot is found too, where nobody needs to read', async () => {
  const hosts = await threeBrokers(163);
  for (const value of ['a', 'b', 'c', 'd']) {
    await hosts.commit(value);
    await snapshot(hosts, hosts.followers[0]!);
  }
  const name = hosts.followers[0]!;
  await hosts.stop(name);
  hosts.rot(name, '00000000000000000000.log', 0.98);

  const again = await hosts.start(name);
  expect(again.raft.isRepairing).toBe(true);
  await hosts.commit('e');

  expect(again.committed).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('metadata-log-middle-bitflip: R13: a leader that meets damage while it reads for another broker stops, and its next start repairs it', async () => {
  const hosts = await threeBrokers(164);
  for (const value of ['a', 'b', 'c']) await hosts.commit(value);
  // What was read or written lately is in memory; after a new start it has to be read from the file.
  for (const name of ['b1', 'b2', 'b3']) hosts.cutPower(name);
  for (const name of ['b1', 'b2', 'b3']) await hosts.start(name);
  const name = await hosts.leaderName();
  const leader = hosts.leader!;
  hosts.rot(name, '00000000000000000000.log', 0.4);

  const newcomer = await hosts.start('b4');
  await hosts.until('the leader stops', () => leader.fatal !== undefined);
  expect(leader.fatal?.message).toMatch(/00000000000000000000.log is damaged at offset/);
  hosts.kill(name);
  await hosts.commit('d');
  await hosts.start(name);
  await hosts.commit('e');

  expect(newcomer.committed).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(hosts.brokers.get(name)!.committed).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(hosts.brokers.get(name)!.raft.isRepairing).toBe(false);
});

test('replaced-disk: R2: a broker on an empty disk does not vote as the voter it was; exchanged in the voter set it votes again', async () => {
  const hosts = await threeBrokers(170);
  await hosts.commit('a');
  const { directoryId } = hosts.brokers.get('b2')!.raft;
  hosts.cutPower('b2');
  hosts.world.node('b2').disk.removeDirectory('/data');
  const replaced = await hosts.start('b2');
  await hosts.commit('b');
  expect(replaced.raft.directoryId).not.toBe(directoryId);
  expect(replaced.committed).toEqual(['a', 'b']);

  // Two of three voters are needed, and of those only b1 or b3 is left: the new disk at the old id is nobody.
  const lost = hosts.leader!.raft.nodeId === 1 ? 'b1' : 'b3';
  hosts.kill(lost);
  await hosts.world.run({ forMs: 30_000 });
  expect(hosts.leader).toBeUndefined();
  await hosts.start(lost);
  await hosts.commit('c');

  expect(await addVoter(hosts, 'b2'), 'the old voter of that id has to go first').toBe('DUPLICATE_VOTER');
  expect(await removeVoter(hosts, 2, replaced.raft.directoryId)).toBe('VOTER_NOT_FOUND');
  expect(await removeVoter(hosts, 2, directoryId)).toBe('NONE');
  expect(await addVoter(hosts, 'b2')).toBe('NONE');
  hosts.kill(lost);
  await hosts.commit('d');

  expect(replaced.committed).toEqual(['a', 'b', 'c', 'd']);
});
