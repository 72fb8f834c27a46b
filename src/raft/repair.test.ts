import { expect, test } from 'vitest';
import { isRepaired } from './repair.ts';
import { batch, Hosts, LoneNode, metadataDirectory, threeBrokers, voter } from './testing.ts';
import type { EpochEnd, FetchAnswer } from './types.ts';

const segment = '00000000000000000000.log';
const promiseFile = '/data/metadata-repair.json';

/** Stops all that run, spoils the log of one of them in its middle, and starts that one alone. */
async function withOneDamaged(hosts: Hosts, name = 'b2'): Promise<void> {
  for (const each of [...hosts.brokers.keys()]) hosts.cutPower(each);
  hosts.rot(name, segment, 0.4);
  await hosts.start(name);
}

test('metadata-log-middle-bitflip: R13: a voter with a damaged log gives no vote, copies the log from the next leader, and then votes again', async () => {
  const hosts = await threeBrokers(21);
  for (const value of ['a', 'b', 'c']) await hosts.commit(value);
  await withOneDamaged(hosts, 'b2');
  await hosts.start('b3');

  await hosts.world.run({ forMs: 20_000 });
  expect(hosts.leader, 'b3 alone is no majority').toBeUndefined();
  expect(hosts.brokers.get('b2')!.raft.isRepairing).toBe(true);

  await hosts.start('b1');
  await hosts.commit('d');
  expect([...hosts.brokers.values()].map(({ committed }) => committed)).toEqual([1, 2, 3].map(() => ['a', 'b', 'c', 'd']));
  expect(hosts.brokers.get('b2')!.raft.isRepairing).toBe(false);
  expect(hosts.world.node('b2').disk.stat(promiseFile)).toBeUndefined();

  hosts.kill(hosts.followers.find((name) => name !== 'b2') ?? 'b1');
  for (const each of [...hosts.brokers.keys()]) hosts.cutPower(each);
  await hosts.start('b2');
  await hosts.start(hosts.brokers.has('b1') ? 'b1' : 'b3');
  await hosts.commit('e');
  expect(hosts.brokers.get('b2')!.committed).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('metadata-log-middle-bitflip: the damaged files are kept under another name, as they were found', async () => {
  const hosts = await threeBrokers(22);
  await hosts.commit('a');
  await withOneDamaged(hosts, 'b2');

  const { disk } = hosts.world.node('b2');
  const aside = disk.list('/data').find((name) => name.endsWith('-stray'))!;
  expect(disk.list(`/data/${aside}`)).toContain(segment);
  expect(disk.list(`/data/${aside}`)).toContain('quorum-state');
  expect(disk.stat(`/data/${aside}/${segment}`)!.size).toBeGreaterThan(100);
});

test('metadata-log-middle-bitflip: two of five are damaged, and nothing committed is lost', async () => {
  const names = ['b1', 'b2', 'b3', 'b4', 'b5'];
  const hosts = new Hosts(23);
  for (const name of names) await hosts.start(name, names);
  for (const value of ['a', 'b', 'c']) await hosts.commit(value);
  for (const name of names) hosts.cutPower(name);
  for (const name of ['b1', 'b4']) hosts.rot(name, segment, 0.5);

  for (const name of names) await hosts.start(name, names);
  await hosts.commit('d');

  for (const { committed, raft } of hosts.brokers.values()) {
    expect(committed).toEqual(['a', 'b', 'c', 'd']);
    expect(raft.isRepairing).toBe(false);
  }
});

test('R13: a majority that is damaged elects nobody and forgets nothing', async () => {
  const hosts = await threeBrokers(24);
  await hosts.commit('a');
  for (const name of ['b1', 'b2', 'b3']) hosts.cutPower(name);
  for (const name of ['b1', 'b2']) hosts.rot(name, segment, 0.5);

  for (const name of ['b1', 'b2', 'b3']) await hosts.start(name);
  await hosts.world.run({ forMs: 30_000 });

  expect(hosts.leader).toBeUndefined();
  expect([...hosts.brokers.values()].map(({ raft }) => raft.isRepairing)).toEqual([true, true, false]);
  expect(hosts.brokers.get('b3')!.raft.logEndOffset).toBeGreaterThan(3n);
});

test('R13: that its log is not whole yet is remembered over power cuts', async () => {
  const hosts = await threeBrokers(25);
  await hosts.commit('a');
  await withOneDamaged(hosts, 'b2');

  for (let round = 0; round < 3; round++) {
    hosts.cutPower('b2');
    await hosts.start('b2');
    expect(hosts.brokers.get('b2')!.raft.isRepairing).toBe(true);
  }
});

test('crash-while-recovering-is-unclean: R13: the power goes at any moment of a start that sets a damaged log aside; it is neither trusted nor forgotten', async () => {
  let started = false;
  let moments = 0;
  for (let moment = 0; !started; moment++) {
    const hosts = await threeBrokers(26);
    await hosts.commit('a');
    for (const name of ['b1', 'b2', 'b3']) hosts.cutPower(name);
    hosts.rot('b2', segment, 0.4);
    hosts.begin('b2').then(
      () => (started = true),
      () => {},
    );
    const { eventCount } = hosts.world;
    await hosts.world.run({ forMs: 1000, until: () => started || hosts.world.eventCount - eventCount >= moment });
    hosts.cutPower('b2');

    const again = await hosts.start('b2');
    expect(again.raft.isRepairing, `power cut after ${moment} events`).toBe(true);
    for (const name of ['b1', 'b3']) await hosts.start(name);
    await hosts.commit('b');

    expect(again.committed).toEqual(['a', 'b']);
    expect(again.raft.isRepairing).toBe(false);
    moments = moment;
  }
  expect(moments).toBeGreaterThan(10);
});

test('clean-marker-by-mistake: damage that came after a stop in good order is found all the same', async () => {
  const hosts = await threeBrokers(27);
  for (const value of ['a', 'b', 'c']) await hosts.commit(value);
  await hosts.stop('b2');
  hosts.rot('b2', segment, 0.5);

  const damaged = await hosts.start('b2');
  expect(damaged.raft.isRepairing).toBe(true);
  await hosts.commit('d');

  expect(damaged.committed).toEqual(['a', 'b', 'c', 'd']);
  expect(damaged.raft.isRepairing).toBe(false);
});

test('R13: a cluster of one has nobody to copy a damaged log from: it does not start, and says why, every time', async () => {
  const hosts = new Hosts(28);
  await hosts.start('b1', []);
  for (const value of ['a', 'b', 'c']) await hosts.commit(value);
  hosts.cutPower('b1');
  hosts.rot('b1', segment, 0.5);
  const before = hosts.world.node('b1').disk.readFile(`${metadataDirectory}/${segment}`);

  for (let start = 0; start < 2; start++) {
    await expect(hosts.start('b1', [])).rejects.toThrow(/damaged at offset .*This broker is the only voter/);
    hosts.world.node('b1').kill();
  }
  // Brokers that are no voters have a copy, but nobody may lead with it.
  await expect(hosts.start('b1', ['b2', 'b3'])).rejects.toThrow(/This broker is the only voter/);

  expect(hosts.world.node('b1').disk.readFile(`${metadataDirectory}/${segment}`)).toEqual(before);
});

test('R2, R3: a damaged quorum-state is read from its copy, a damaged copy from quorum-state, and neither is guessed at', async () => {
  const hosts = await threeBrokers(29);
  await hosts.commit('a');
  const { leaderEpoch } = hosts.leader!.raft.leader;
  const copy = '../metadata-election.json';
  for (const files of [['quorum-state'], [copy]]) {
    hosts.cutPower('b2');
    for (const file of files) hosts.rot('b2', file, 0.4);
    const again = await hosts.start('b2');
    expect(again.raft.leader.leaderEpoch).toBeGreaterThanOrEqual(leaderEpoch);
    await hosts.commit('b');
  }

  hosts.cutPower('b2');
  hosts.world.node('b2').disk.remove(`${metadataDirectory}/quorum-state`);
  hosts.rot('b2', copy, 0.4);

  await expect(hosts.start('b2')).rejects.toThrow(/metadata-election.json is damaged/);
});

test('R2, R3: a log without its election state is not voted with', async () => {
  const hosts = await threeBrokers(30);
  await hosts.commit('a');
  hosts.cutPower('b2');
  const { disk } = hosts.world.node('b2');
  for (const path of [`${metadataDirectory}/quorum-state`, '/data/metadata-election.json']) disk.remove(path);

  await expect(hosts.start('b2')).rejects.toThrow(
    /quorum-state is missing or damaged: it tells of epoch 0, and the log has records of epoch/,
  );
});

test('R2, R13: a voter whose metadata directory was emptied keeps its epoch, and does not vote before it has all that the leader has', async () => {
  const hosts = await threeBrokers(31);
  await hosts.commit('a');
  for (const name of ['b1', 'b2', 'b3']) hosts.cutPower(name);
  hosts.world.node('b2').disk.removeDirectory(metadataDirectory);
  for (const name of ['b2', 'b3']) await hosts.start(name);
  await hosts.world.run({ forMs: 20_000 });
  expect(hosts.leader, 'b2 has forgotten what it promised').toBeUndefined();

  await hosts.start('b1');
  await hosts.commit('b');

  expect(hosts.brokers.get('b2')!.committed).toEqual(['a', 'b']);
  expect(hosts.brokers.get('b2')!.raft.isRepairing).toBe(false);
});

test('R2: a broker that has forgotten all but its name does not start as the voter that it was', async () => {
  const hosts = await threeBrokers(32);
  await hosts.commit('a');
  hosts.cutPower('b2');
  const { disk } = hosts.world.node('b2');
  disk.removeDirectory(metadataDirectory);
  disk.remove('/data/metadata-election.json');

  await expect(hosts.start('b2')).rejects.toThrow(/its metadata log is empty.*no quorum-state to tell how this broker has voted/);
});

test('R2: a damaged log without its election state is not set aside: nobody knows the votes', async () => {
  const hosts = await threeBrokers(33);
  await hosts.commit('a');
  hosts.cutPower('b2');
  hosts.rot('b2', segment, 0.4);
  const { disk } = hosts.world.node('b2');
  for (const path of [`${metadataDirectory}/quorum-state`, '/data/metadata-election.json']) disk.remove(path);

  await expect(hosts.start('b2')).rejects.toThrow(/the metadata log is damaged .*no quorum-state to tell how this broker has voted/);
});

/** Broker 1, whose log is copied again, follows broker 2 in epoch 5 and has got these batches. */
function copier(promised: EpochEnd, epochs: readonly number[], answer: Partial<FetchAnswer>): LoneNode {
  const batches = epochs.map((epoch, index) => batch(BigInt(index), epoch, index === 0 ? [1, 2, 3] : undefined));
  const node = new LoneNode({ batches, promised, election: { epoch: 5 } });
  const { effects } = node.ask({
    type: 'beginQuorumEpoch',
    clusterId: 'cluster',
    epoch: 5,
    leaderId: 2,
    leaderAddress: voter(2).address,
    voter: voter(1),
  });
  const fetch = effects.find((effect) => effect.type === 'send' && effect.request.type === 'fetch');
  const requestId = fetch?.type === 'send' ? fetch.requestId : -1;
  const standing = { error: 'NONE', epoch: 5, leaderId: 2, leaderAddress: voter(2).address } as const;
  node.step({ type: 'answer', requestId, answer: { type: 'fetch', ...standing, highWatermark: 0n, logStartOffset: 0n, ...answer } });
  return node;
}

test.each([
  { promised: [5, 3n], log: [1, 5, 5], hadNoMore: false, repaired: true, because: 'it holds all that was flushed' },
  {
    promised: [5, 4n],
    log: [1, 5, 5],
    hadNoMore: false,
    repaired: false,
    because: 'its log was longer, and this leader may count on that',
  },
  { promised: [5, 4n], log: [1, 5, 5], hadNoMore: true, repaired: true, because: 'it has all that this leader may count on' },
  { promised: [4, 9n], log: [1, 5, 5], hadNoMore: false, repaired: true, because: 'a later leader has committed' },
  { promised: [4, 9n], log: [1, 4, 5], committed: 2n, hadNoMore: true, repaired: false, because: 'that leader has not committed yet' },
  { promised: [4, 2n], log: [1, 4, 4], hadNoMore: true, repaired: false, because: 'nothing is of that leader’s epoch' },
  {
    promised: [5, 2n],
    log: [1, 5, 5],
    leaderHighWatermark: 7n,
    hadNoMore: false,
    repaired: false,
    because: 'more is committed than is here',
  },
] as const)('R13: a log of epochs $log is repaired ($repaired), when epoch and end $promised were promised: $because', (given) => {
  const batches = given.log.map((epoch, index) => batch(BigInt(index), epoch, index === 0 ? [1, 2, 3] : undefined));
  const { log } = new LoneNode({ batches });
  const [epoch, endOffset] = given.promised;
  const { committed = 3n, leaderHighWatermark = committed } = given as { committed?: bigint; leaderHighWatermark?: bigint };

  const repaired = isRepaired({ epoch, endOffset }, log, committed, {
    epoch: 5,
    highWatermark: leaderHighWatermark,
    hadNoMore: given.hadNoMore,
  });

  expect(repaired).toBe(given.repaired);
});

test('R13: while its log is copied again a node gives no vote and no preliminary one, but keeps the epoch; and never stands', () => {
  const node = new LoneNode({ promised: { epoch: 5, endOffset: 9n }, election: { epoch: 5 } });
  const vote = { type: 'vote', clusterId: 'cluster', candidate: voter(2), voter: voter(1), lastEpoch: 9, lastOffset: 99n } as const;

  expect(node.ask({ ...vote, epoch: 5, preVote: true }).answer).toMatchObject({ error: 'NONE', granted: false });
  expect(node.ask({ ...vote, epoch: 7, preVote: false }).answer).toMatchObject({ error: 'NONE', granted: false, epoch: 7 });
  for (let round = 0; round < 50; round++) node.wait();

  expect(node.core.stateName).toBe('unattached');
  expect(node.core.epoch).toBe(7);
});

test('R13: it votes again only after the end of the repair is on the disk', () => {
  const node = copier({ epoch: 5, endOffset: 3n }, [1], { highWatermark: 1n, batches: [batch(1n, 5)] });
  expect(node.core.promised).toBeDefined();
  const [next] = node.sent('fetch');
  const standing = {
    error: 'NONE',
    epoch: 5,
    leaderId: 2,
    leaderAddress: voter(2).address,
    highWatermark: 3n,
    logStartOffset: 0n,
  } as const;

  const effects = node.step({
    type: 'answer',
    requestId: next!.requestId,
    answer: { type: 'fetch', ...standing, batches: [batch(2n, 5)] },
  });

  expect(effects.map(({ type }) => type)).toContain('repaired');
});
