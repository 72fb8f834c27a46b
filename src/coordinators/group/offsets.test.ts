import { expect, test } from 'vitest';
import { subscription, TestCoordinator, topicIdOf } from './testing.ts';

const day = 86_400_000;

test('G3: what was committed is fetched as it was stored, with leader epoch and text, after a move too', () => {
  const groups = new TestCoordinator();

  expect(groups.commit({ offset: 42n, leaderEpoch: 7, metadata: 'where I was', partition: 3 })).toBe('NONE');

  for (const each of [groups, groups.moved()]) {
    expect(each.committed('orders', 3)).toEqual({
      partitionIndex: 3,
      committedOffset: 42n,
      committedLeaderEpoch: 7,
      metadata: 'where I was',
      errorCode: 'NONE',
    });
    expect(each.committed('orders', 4)).toMatchObject({ committedOffset: -1n, committedLeaderEpoch: -1, metadata: '' });
  }
});

test('G3: a later commit may lower it', () => {
  const groups = new TestCoordinator();
  groups.commit({ offset: 42n });

  groups.commit({ offset: 7n });

  expect(groups.moved().committed().committedOffset).toBe(7n);
});

test('a text that is too long is refused, and nothing is committed', () => {
  const groups = new TestCoordinator();

  expect(groups.commit({ offset: 1n, metadata: 'x'.repeat(4096) })).toBe('NONE');
  expect(groups.commit({ offset: 2n, metadata: 'ü'.repeat(2049) })).toBe('OFFSET_METADATA_TOO_LARGE');

  expect(groups.committed().committedOffset).toBe(1n);
});

test('G1: who is not of the generation cannot commit', () => {
  const groups = new TestCoordinator();
  const { memberIds, generationId } = groups.stableGroup(1);
  const [memberId] = memberIds as [string];

  expect(groups.commit({ memberId, generationId, offset: 1n })).toBe('NONE');
  expect(groups.commit({ memberId, generationId: generationId - 1, offset: 2n })).toBe('ILLEGAL_GENERATION');
  expect(groups.commit({ memberId: 'somebody', generationId, offset: 2n })).toBe('UNKNOWN_MEMBER_ID');
  expect(groups.commit({ offset: 2n })).toBe('UNKNOWN_MEMBER_ID');

  expect(groups.committed().committedOffset).toBe(1n);
});

test('while members rejoin they may commit what they have read; while work is shared out, they may not', () => {
  const groups = new TestCoordinator();
  const { memberIds, generationId } = groups.stableGroup(2);
  const [leader, follower] = memberIds as [string, string];

  groups.join({ memberId: leader });
  expect(groups.commit({ memberId: follower, generationId, offset: 1n })).toBe('NONE');
  groups.join({ memberId: follower });

  expect(groups.commit({ memberId: follower, generationId, offset: 2n })).toBe('ILLEGAL_GENERATION');
  expect(groups.commit({ memberId: follower, generationId: generationId + 1, offset: 2n })).toBe('REBALANCE_IN_PROGRESS');
});

test('a commit counts as a sign of life', () => {
  const groups = new TestCoordinator();
  const { memberIds, generationId } = groups.stableGroup(1);

  for (let s = 0; s < 5; s++) {
    groups.pass(8000);
    expect(groups.commit({ memberId: memberIds[0]!, generationId, offset: BigInt(s) })).toBe('NONE');
  }
});

test('a group into which only commits are made has no members and no protocol', () => {
  const groups = new TestCoordinator();
  groups.commit({ offset: 1n });

  expect(groups.get((core) => core.listGroups())).toEqual([{ groupId: 'readers', protocolType: '', state: 'Empty', type: 'classic' }]);
  expect(groups.commit({ groupId: 'others', generationId: 3, memberId: 'm', offset: 1n })).toBe('ILLEGAL_GENERATION');
});

test('M3: offsets of a topic that was deleted say nothing of another that has its name', () => {
  const groups = new TestCoordinator();
  groups.commit({ offset: 42n });
  const asked = { groupId: 'readers', memberId: null, memberEpoch: -1, requireStable: false };
  const another = topicIdOf('another');

  const found = groups.get((core) =>
    core.offsets.fetch({ ...asked, topics: [{ name: 'orders', topicId: another, partitionIndexes: [0] }] }, () => another),
  );

  expect(found[0]!.partitions[0]!.committedOffset).toBe(-1n);
});

test('with a topic its offsets go, durably', () => {
  const groups = new TestCoordinator();
  groups.commit({ offset: 1n, topic: 'orders' });
  groups.commit({ offset: 2n, topic: 'bills' });

  groups.tell((core, scope) => core.offsets.topicsDeleted(new Set(['orders']), scope));

  const moved = groups.moved();
  expect([moved.committed('orders').committedOffset, moved.committed('bills').committedOffset]).toEqual([-1n, 2n]);
});

test('T6: offsets of a transaction count when it is committed; until then those who ask for stable ones are told so', () => {
  const groups = new TestCoordinator();
  groups.commit({ offset: 1n });
  const transaction = { producerId: 9n, producerEpoch: 0 };

  groups.commit({ offset: 2n, transaction });
  expect(groups.committed().committedOffset).toBe(1n);
  expect(groups.committed('orders', 0, { requireStable: true })).toMatchObject({
    committedOffset: -1n,
    errorCode: 'UNSTABLE_OFFSET_COMMIT',
  });
  groups.core.replayTransactionEnd({ ...transaction, committed: true });

  expect(groups.committed('orders', 0, { requireStable: true })).toMatchObject({ committedOffset: 2n, errorCode: 'NONE' });
});

test('T6: those of an aborted transaction never count', () => {
  const groups = new TestCoordinator();
  const transaction = { producerId: 9n, producerEpoch: 0 };
  groups.commit({ offset: 2n, transaction });

  groups.core.replayTransactionEnd({ ...transaction, committed: false });

  expect(groups.committed('orders', 0, { requireStable: true })).toMatchObject({ committedOffset: -1n, errorCode: 'NONE' });
});

test('T6: those of a client that does not say which member it is are taken, as its transactional id fences it; one that does say so is checked', () => {
  const groups = new TestCoordinator();
  const { memberIds, generationId } = groups.stableGroup(1);
  const transaction = { producerId: 9n, producerEpoch: 0 };

  expect(groups.commit({ offset: 2n, transaction })).toBe('NONE');
  expect(groups.commit({ offset: 2n, transaction, memberId: 'another', generationId })).toBe('UNKNOWN_MEMBER_ID');
  expect(groups.commit({ offset: 2n, transaction, memberId: memberIds[0]!, generationId: generationId - 1 })).toBe('ILLEGAL_GENERATION');
  expect(groups.commit({ offset: 2n })).toBe('UNKNOWN_MEMBER_ID');
});

test('a commit that came after that of the transaction is the newer one, whenever the transaction ends', () => {
  const groups = new TestCoordinator();
  const transaction = { producerId: 9n, producerEpoch: 0 };
  groups.commit({ offset: 2n, transaction });
  groups.commit({ offset: 7n });

  groups.core.replayTransactionEnd({ ...transaction, committed: true });

  expect(groups.committed().committedOffset).toBe(7n);
});

test('all that a group has committed is fetched when it names no topics', () => {
  const groups = new TestCoordinator();
  groups.commit({ offset: 1n, topic: 'orders', partition: 1 });
  groups.commit({ offset: 2n, topic: 'bills' });

  const found = groups.get((core) =>
    core.offsets.fetch({ groupId: 'readers', memberId: null, memberEpoch: -1, topics: null, requireStable: false }, topicIdOf),
  );

  expect(found.map(({ name, partitions }) => `${name} ${partitions[0]!.partitionIndex} ${partitions[0]!.committedOffset}`)).toEqual([
    'orders 1 1',
    'bills 0 2',
  ]);
});

test('offset-expiry-live-group, G7, KAFKA-13636: offsets of a group with members do not expire, however old they are', () => {
  const groups = new TestCoordinator();
  const { memberIds, generationId } = groups.stableGroup(1, { sessionTimeoutMs: 1_800_000 });
  groups.commit({ memberId: memberIds[0]!, generationId, offset: 1n });

  for (let hour = 0; hour < 24 * 10; hour++) {
    groups.pass(1_700_000);
    groups.heartbeat(memberIds[0]!, generationId);
    groups.pass(1_700_000);
    groups.heartbeat(memberIds[0]!, generationId);
  }

  expect(groups.committed().committedOffset).toBe(1n);
});

test('offset-expiry-live-group, G7, KAFKA-8069: the time of a group that was loaded goes on from when it became empty', () => {
  const groups = new TestCoordinator();
  const { memberIds, generationId } = groups.stableGroup(1);
  groups.commit({ memberId: memberIds[0]!, generationId, offset: 1n });
  groups.pass(5000);
  groups.leave(memberIds[0]!);
  groups.pass(6 * day);

  const moved = groups.moved();
  moved.pass(day - 600_001);
  expect(moved.committed().committedOffset).toBe(1n);
  moved.pass(1_200_002);

  expect(moved.committed().committedOffset).toBe(-1n);
  expect(moved.get((core) => core.listGroups())).toEqual([]);
  expect(moved.moved().get((core) => core.listGroups())).toEqual([]);
});

test('G7: nothing expires while a group rebalances', () => {
  const groups = new TestCoordinator({ config: { offsetsRetentionMs: 1, retentionCheckMs: 100 } });
  const { memberIds, generationId } = groups.stableGroup(2);
  groups.commit({ memberId: memberIds[1]!, generationId, offset: 1n });

  groups.join({ memberId: memberIds[0]!, protocols: [{ name: 'range', metadata: subscription({ topics: ['others'] }) }] });
  groups.pass(1000);

  expect(groups.committed().committedOffset).toBe(1n);
});

test('offset-expiry-live-group, G7, KAFKA-7403: in a stable group offsets of topics that nobody reads any more expire, and no others', () => {
  const groups = new TestCoordinator({ config: { offsetsRetentionMs: 5000, retentionCheckMs: 1000 } });
  groups.commit({ offset: 1n, topic: 'orders' });
  groups.commit({ offset: 2n, topic: 'forgotten' });
  groups.stableGroup(1);

  groups.pass(7000);

  expect([groups.committed('orders').committedOffset, groups.committed('forgotten').committedOffset]).toEqual([1n, -1n]);
});

test('a commit into an empty group, as tools make it, begins its time anew', () => {
  const groups = new TestCoordinator({ config: { retentionCheckMs: 60_000 } });
  const { memberIds } = groups.stableGroup(1);
  groups.leave(memberIds[0]!);
  groups.pass(6 * day);
  groups.commit({ offset: 1n });

  groups.pass(6 * day);

  expect(groups.committed().committedOffset).toBe(1n);
});

test('offsets that were committed with a retention time of their own expire by that', () => {
  const groups = new TestCoordinator({ config: { retentionCheckMs: 1000 } });
  groups.commit({ offset: 1n, retentionMs: 5000n });

  expect(groups.moved().committed().committedOffset).toBe(1n);
  groups.pass(7000);

  expect(groups.committed().committedOffset).toBe(-1n);
});

test('offsets are deleted for topics that nobody in the group reads', () => {
  const groups = new TestCoordinator();
  groups.commit({ offset: 1n, topic: 'orders' });
  groups.commit({ offset: 2n, topic: 'bills' });
  groups.stableGroup(1);

  const topics = ['orders', 'bills'].map((name) => ({ name, partitions: [0] }));
  const errors = groups.get((core, scope) => core.offsets.delete('readers', topics, scope));

  expect(errors).toEqual([['GROUP_SUBSCRIBED_TO_TOPIC'], ['NONE']]);
  expect([groups.committed('orders').committedOffset, groups.committed('bills').committedOffset]).toEqual([1n, -1n]);
});

test('a group without members can be deleted, and is gone after a move, too', () => {
  const groups = new TestCoordinator();
  const { memberIds, generationId } = groups.stableGroup(1);
  groups.commit({ memberId: memberIds[0]!, generationId, offset: 1n });

  expect(groups.ask((core, scope) => core.deleteGroup('readers', scope)).error?.errorName).toBe('NON_EMPTY_GROUP');
  groups.leave(memberIds[0]!);
  expect(groups.get((core, scope) => core.deleteGroup('readers', scope))).toBe(true);

  expect(groups.ask((core, scope) => core.deleteGroup('readers', scope)).error?.errorName).toBe('GROUP_ID_NOT_FOUND');
  const moved = groups.moved();
  expect(moved.get((core) => core.listGroups())).toEqual([]);
  expect(moved.committed().committedOffset).toBe(-1n);
});
