import { expect, test } from 'vitest';
import { batch, LoneNode, voter } from './testing.ts';
import type { FetchMessage, RaftEffect, VoteMessage } from './types.ts';

const standing = (epoch: number, leaderId = -1) => ({
  error: 'NONE' as const,
  epoch,
  leaderId,
  leaderAddress: leaderId < 0 ? undefined : voter(leaderId).address,
});

const vote = (from: number, epoch: number, more: Partial<VoteMessage> = {}): VoteMessage => ({
  type: 'vote',
  clusterId: 'cluster',
  epoch,
  candidate: { id: from, directoryId: `directory-${from}` },
  voter: { id: 1, directoryId: 'directory-1' },
  lastEpoch: 1,
  lastOffset: 1n,
  preVote: false,
  ...more,
});

const fetch = (from: number, epoch: number, fetchOffset: bigint, more: Partial<FetchMessage> = {}): FetchMessage => ({
  type: 'fetch',
  clusterId: 'cluster',
  replica: { id: from, directoryId: `directory-${from}` },
  epoch,
  fetchOffset,
  lastFetchedEpoch: epoch,
  highWatermark: 0n,
  maxWaitMs: 500,
  ...more,
});

const begin = (leaderId: number, epoch: number) => ({
  type: 'beginQuorumEpoch' as const,
  clusterId: 'cluster',
  epoch,
  leaderId,
  leaderAddress: voter(leaderId).address,
  voter: { id: 1, directoryId: 'directory-1' },
});

const types = (effects: readonly RaftEffect[]) => effects.map(({ type }) => type);
const sent = (effects: readonly RaftEffect[], type: string) =>
  effects.flatMap((effect) => (effect.type === 'send' && effect.request.type === type ? [effect] : []));

/** Follows broker 2 in epoch 2, with its first fetch on the way. */
function follower(options: ConstructorParameters<typeof LoneNode>[0] = {}): { node: LoneNode; fetchId: number } {
  const node = new LoneNode(options);
  const { effects } = node.ask(begin(2, 2));
  return { node, fetchId: sent(effects, 'fetch')[0]!.requestId };
}

test('R2, R3: a vote is on its way to the disk before its answer leaves', () => {
  const node = new LoneNode();

  const { answer, effects } = node.ask(vote(2, 2));

  expect(answer).toMatchObject({ granted: true, epoch: 2 });
  const lastPersist = types(effects).lastIndexOf('persistElection');
  expect(effects[lastPersist]).toMatchObject({ election: { epoch: 2, votedFor: { id: 2, directoryId: 'directory-2' } } });
  expect(lastPersist).toBeLessThan(types(effects).indexOf('respond'));
});

test.each([
  { request: vote(2, 2, { lastOffset: 0n }), because: 'its log is shorter' },
  { request: vote(2, 2, { lastEpoch: 0, lastOffset: 9n }), because: 'its last record is of an older epoch' },
])('R6: a candidate gets no vote when $because', ({ request }) => {
  expect(new LoneNode().ask(request).answer).toMatchObject({ error: 'NONE', granted: false, epoch: 2 });
});

test('R2: another candidate of the same epoch gets no vote, the same one gets it again, after a restart too', () => {
  const node = new LoneNode();
  node.ask(vote(2, 2));

  expect(node.ask(vote(3, 2)).answer).toMatchObject({ granted: false });
  expect(node.ask(vote(2, 2)).answer).toMatchObject({ granted: true });

  const restarted = new LoneNode({ election: { epoch: 2, votedFor: voter(2) } });
  expect(restarted.ask(vote(3, 2)).answer).toMatchObject({ granted: false });
});

test.each([
  { request: vote(2, 0), error: 'FENCED_LEADER_EPOCH', because: 'the epoch is over' },
  {
    request: vote(2, 2, { voter: { id: 3, directoryId: 'directory-3' } }),
    error: 'INVALID_VOTER_KEY',
    because: 'it is for another broker',
  },
  {
    request: vote(2, 2, { voter: { id: 1, directoryId: 'lost-disk' } }),
    error: 'INVALID_VOTER_KEY',
    because: 'it is for a disk that is here no more',
  },
  { request: vote(2, 2, { clusterId: 'foreign' }), error: 'INCONSISTENT_CLUSTER_ID', because: 'it comes from another cluster' },
])('a request for a vote is refused with $error when $because, and the epoch stays', ({ error, request }) => {
  const node = new LoneNode();

  expect(node.ask(request).answer).toMatchObject({ error, granted: false });
  expect(node.core.epoch).toBe(1);
});

test('a voter that finds no leader asks for pre-votes in its old epoch, and raises it only when a majority would vote', () => {
  const node = new LoneNode();
  let effects: readonly RaftEffect[] = [];
  while (node.core.stateName !== 'prospective') effects = node.wait();
  const asked = sent(effects, 'vote');
  expect(asked.map(({ request }) => request)).toMatchObject([
    { epoch: 1, preVote: true },
    { epoch: 1, preVote: true },
  ]);

  const won = node.step({ type: 'answer', requestId: asked[0]!.requestId, answer: { type: 'vote', ...standing(1), granted: true } });

  expect(node.core.stateName).toBe('candidate');
  expect(types(won).indexOf('persistElection')).toBeLessThan(types(won).indexOf('send'));
  expect(sent(won, 'vote')[0]?.request).toMatchObject({ epoch: 2, preVote: false });
});

test('disruptive-rejoin (KIP-996): a follower that its leader serves gives no pre-vote, so nobody who was cut off unseats that leader', () => {
  const { fetchId, node } = follower();
  const preVote = vote(3, 2, { preVote: true });
  expect(node.ask(preVote).answer).toMatchObject({ granted: true });

  node.step({ type: 'answer', requestId: fetchId, answer: { type: 'fetch', ...standing(2, 2), highWatermark: 1n, logStartOffset: 0n } });

  expect(node.ask(preVote).answer).toMatchObject({ granted: false });
});

test('non-voter-candidate (KAFKA-17067): an observer never stands for election', () => {
  const node = new LoneNode({ id: 4 });

  for (let round = 0; round < 100; round++) node.wait();

  expect(node.core.stateName).toBe('unattached');
  expect(node.core.epoch).toBe(1);
});

test('a new leader writes a LeaderChange record, and names no founders where voters are known', () => {
  const node = new LoneNode();
  node.lead(2);

  expect(node.core.epoch).toBe(2);
  expect(node.log.batches.at(-1)).toMatchObject({ baseOffset: 1n, lastOffset: 1n, epoch: 2 });
});

test('R8: records of older epochs are committed only together with one of the leader’s own', () => {
  const node = new LoneNode({ batches: [batch(0n, 1, [1, 2, 3]), batch(1n, 1), batch(2n, 1)] });
  node.lead(2);

  node.ask(fetch(2, 2, 3n, { lastFetchedEpoch: 1 }));
  expect(node.core.highWatermark).toBe(0n);
  expect(node.core.isEstablishedLeader).toBe(false);

  const { effects } = node.ask(fetch(2, 2, 4n));
  expect(node.core.highWatermark).toBe(4n);
  expect(effects).toContainEqual({ type: 'leaderChange', leaderId: 1, epoch: 2 });
});

test('a fetch without news waits, and is answered when the high watermark rises', () => {
  const node = new LoneNode();
  node.lead(2);
  const waiting = node.ask(fetch(3, 2, 2n));
  expect(waiting.answer).toMatchObject({ highWatermark: 2n });

  const idle = node.ask(fetch(3, 2, 2n, { highWatermark: 2n }));

  expect(idle.answer).toBeUndefined();
  expect(types(node.step({ type: 'tick' }, node.now + 500))).toContain('respond');
});

test('a follower whose log has parted is told where to cut', () => {
  const node = new LoneNode({ batches: [batch(0n, 1, [1, 2, 3]), batch(1n, 1), batch(2n, 3)], election: { epoch: 3 } });
  node.lead(2);

  expect(node.ask(fetch(2, 4, 5n, { lastFetchedEpoch: 2 })).answer).toMatchObject({ diverging: { epoch: 1, endOffset: 2n } });
});

test('R14: a leader that hears of no majority resigns after one and a half fetch timeouts', () => {
  const node = new LoneNode();
  node.lead(2);
  const since = node.now;

  while (node.core.stateName === 'leader') node.wait();

  expect(node.now - since).toBe(3000);
  expect(() => node.core.append(2, [Buffer.from('x')], node.now)).toThrow(/does not lead/);
});

test('a follower fetches on only when what it has is flushed', () => {
  const { fetchId, node } = follower();
  const answer = {
    type: 'fetch' as const,
    ...standing(2, 2),
    highWatermark: 2n,
    logStartOffset: 0n,
    batches: [batch(1n, 2)],
    bytes: Buffer.alloc(0),
  };

  const effects = node.core.step({ type: 'answer', requestId: fetchId, answer }, 1);

  expect(types(effects)).toEqual(['appendFetched', 'flush']);
  expect(node.core.highWatermark).toBe(0n);
});

test('a follower flushes what recovery found, when the full disk did not let recovery do it, and fetches on', () => {
  const node = new LoneNode();
  node.log.append(batch(1n, 1));

  const { effects } = node.ask(begin(2, 2));

  expect(types(effects)).toContain('flush');
  expect(sent(effects, 'fetch')).toMatchObject([{ request: { fetchOffset: 2n } }]);
});

test('R10: a leader that wants a committed record cut off is not obeyed: the node stops', () => {
  const { fetchId, node } = follower({ batches: [batch(0n, 1, [1, 2, 3]), batch(1n, 2)] });
  const next = node.step({
    type: 'answer',
    requestId: fetchId,
    answer: { type: 'fetch', ...standing(2, 2), highWatermark: 2n, logStartOffset: 0n },
  });
  expect(node.core.highWatermark).toBe(2n);
  const diverging = {
    type: 'fetch' as const,
    ...standing(2, 2),
    highWatermark: 2n,
    logStartOffset: 0n,
    diverging: { epoch: 1, endOffset: 1n },
  };

  expect(() => node.step({ type: 'answer', requestId: sent(next, 'fetch')[0]!.requestId, answer: diverging })).toThrow(/R10/);
});

test('R12: voters change one at a time, and only when the leader has committed in its epoch', () => {
  const node = new LoneNode();
  node.lead(2);
  const remove = (id: number) => node.ask({ type: 'removeVoter', clusterId: 'cluster', voter: voter(id) });
  expect(remove(3).answer).toMatchObject({ error: 'REQUEST_TIMED_OUT' });
  node.ask(fetch(2, 2, 2n));

  expect(remove(3).answer).toBeUndefined();
  expect(node.core.voters.map(({ id }) => id)).toEqual([1, 2]);
  expect(remove(2).answer).toMatchObject({ error: 'REQUEST_TIMED_OUT' });

  const { effects } = node.ask(fetch(2, 2, 3n));
  expect(effects).toContainEqual(
    expect.objectContaining({ type: 'respond', answer: expect.objectContaining({ type: 'removeVoter', error: 'NONE' }) }),
  );
});

test('R12: a leader that was removed does not count itself, and leads no longer once that is committed (KAFKA-16530)', () => {
  const node = new LoneNode();
  node.lead(2);
  node.ask(fetch(2, 2, 2n));
  node.ask({ type: 'removeVoter', clusterId: 'cluster', voter: voter(1) });

  node.ask(fetch(2, 2, 3n));
  expect(node.core.highWatermark).toBe(2n);
  expect(node.core.stateName).toBe('leader');

  const { effects } = node.ask(fetch(3, 2, 3n));
  expect(node.core.stateName).toBe('resigned');
  expect(
    sent(effects, 'endQuorumEpoch').map(({ to }) => to.port),
    'the others do not wait for it',
  ).toEqual([2, 3]);
});

test('an added voter must have caught up before the record is written (KIP-853)', () => {
  const node = new LoneNode();
  node.lead(2);
  node.ask(fetch(2, 2, 2n));
  node.ask({ type: 'addVoter', clusterId: 'cluster', voter: voter(4), timeoutMs: 1000, ackWhenCommitted: true });
  expect(node.core.voters).toHaveLength(3);

  node.ask(fetch(4, 2, 0n, { lastFetchedEpoch: 0 }));
  expect(node.core.voters).toHaveLength(3);

  node.ask(fetch(4, 2, 2n));
  expect(node.core.voters.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
});

test.each([
  { change: { voter: voter(9), epoch: 2 }, error: 'VOTER_NOT_FOUND', because: 'it is no voter' },
  {
    change: { voter: { ...voter(3), directoryId: 'other-disk' }, epoch: 2 },
    error: 'VOTER_NOT_FOUND',
    because: 'that voter is another disk',
  },
  { change: { voter: voter(3), epoch: 1 }, error: 'FENCED_LEADER_EPOCH', because: 'it speaks of an epoch that is over' },
  { change: { voter: voter(3), epoch: 3 }, error: 'UNKNOWN_LEADER_EPOCH', because: 'it knows of a later epoch' },
  { change: { voter: voter(3), epoch: 2 }, error: 'NONE', because: 'nothing has changed' },
])('UpdateRaftVoter is answered with $error when $because, and nothing is written', ({ change, error }) => {
  const node = new LoneNode();
  node.lead(2);
  node.ask(fetch(2, 2, 2n));

  expect(node.ask({ type: 'updateVoter', clusterId: 'cluster', ...change }).answer).toMatchObject({ error });
  expect(node.log.endOffset).toBe(2n);
});

test('R12: UpdateRaftVoter writes the voter with its new address, and is answered when that is committed', () => {
  const node = new LoneNode();
  node.lead(2);
  node.ask(fetch(2, 2, 2n));
  const moved = { ...voter(3), address: { host: 'elsewhere', port: 33 } };

  expect(node.ask({ type: 'updateVoter', clusterId: 'cluster', epoch: 2, voter: moved }).answer).toBeUndefined();
  expect(node.core.voters).toEqual([voter(1), voter(2), moved]);

  const { effects } = node.ask(fetch(2, 2, 3n));
  expect(effects).toContainEqual(
    expect.objectContaining({ type: 'respond', answer: expect.objectContaining({ type: 'updateVoter', error: 'NONE' }) }),
  );
});

test('a leader of old leads no more after a restart, and votes for nobody else in that epoch', () => {
  const node = new LoneNode({ election: { epoch: 4, leaderId: 1, votedFor: voter(1) } });

  expect(node.core.stateName).toBe('unattached');
  expect(node.ask(vote(2, 4)).answer).toMatchObject({ granted: false });
});

test('before formation, a node deals only with brokers that it was given the addresses of', () => {
  const node = new LoneNode({ batches: [], clusterId: undefined, election: { epoch: 0 } });

  expect(node.ask(vote(7, 3, { clusterId: null, lastEpoch: 0, lastOffset: 0n })).answer).toMatchObject({ granted: false });
  expect(node.ask({ ...begin(7, 3), clusterId: null }).answer).toMatchObject({ error: 'INCONSISTENT_VOTER_SET' });
  expect(node.core.epoch).toBe(0);
});

test('a founding record that is not known to be committed needs a majority of those named, out of its own voters', () => {
  const named = [2, 3, 4, 5].map((id) => voter(id).address);
  const batches = [batch(0n, 1, [1, 2, 3])];
  const unsure = new LoneNode({ batches, clusterId: undefined, formation: { named, founded: false } });
  const sure = new LoneNode({ batches, formation: { named, founded: true } });

  for (const node of [unsure, sure]) node.lead(2);

  expect(unsure.core.stateName).not.toBe('leader');
  expect(sure.core.stateName).toBe('leader');
});

test('a broker that learns that its cluster is founded keeps the cluster id first: after a crash in between it must know which one it is', () => {
  const formation = { named: [2, 3].map((id) => voter(id).address), founded: false };
  const node = new LoneNode({ clusterId: undefined, formation });
  const fetchId = sent(node.ask({ ...begin(2, 2), clusterId: null }).effects, 'fetch')[0]!.requestId;

  const effects = node.step({
    type: 'answer',
    requestId: fetchId,
    answer: { type: 'fetch', ...standing(2, 2), highWatermark: 1n, logStartOffset: 0n, batches: [] },
  });

  const kept = types(effects).filter((type) => type.startsWith('persist'));
  expect(kept).toEqual(['persistClusterId', 'persistFormation']);
});
