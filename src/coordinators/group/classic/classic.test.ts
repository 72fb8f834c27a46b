import { describe, expect, test } from 'vitest';
import { KafkaError } from '#protocol';
import { subscription, TestCoordinator } from '../testing.ts';

const range = (topics: readonly string[] = ['orders']) => ({ name: 'range', metadata: subscription({ topics }) });
const sticky = (topics: readonly string[] = ['orders']) => ({ name: 'sticky', metadata: subscription({ topics }) });

/** Joins as a client of today does: it is given an id first. */
function joinTwice(groups: TestCoordinator, options: Parameters<TestCoordinator['join']>[0] = {}) {
  const { memberId } = groups.join(options).answer!;
  return { memberId, joined: groups.join({ ...options, memberId }) };
}

describe('joining', () => {
  test('KIP-394: a new member is given its id first, and joins with it', () => {
    const groups = new TestCoordinator();

    const first = groups.join();
    const second = groups.join({ memberId: first.answer!.memberId });

    expect(first.answer).toMatchObject({ errorCode: 'MEMBER_ID_REQUIRED', memberId: 'client-id1' });
    expect(second.answer).toMatchObject({ errorCode: 'NONE', generationId: 1, leader: 'client-id1', protocolName: 'range' });
    expect(second.answer!.members).toHaveLength(1);
  });

  test('an older client, which takes no id first, is in at once', () => {
    const groups = new TestCoordinator();

    expect(groups.join({ apiVersion: 3 }).answer).toMatchObject({ errorCode: 'NONE', generationId: 1, memberId: 'client-id1' });
  });

  test('an id that was given and not used is forgotten after the session timeout', () => {
    const groups = new TestCoordinator();
    const { memberId } = groups.join().answer!;

    groups.pass(10_001);

    expect(groups.join({ memberId }).error?.errorName).toBe('UNKNOWN_MEMBER_ID');
  });

  test('KIP-394: a rebalance waits for those who were just given an id', () => {
    const groups = new TestCoordinator();
    const { memberIds } = groups.stableGroup(1);
    const pending = groups.join().answer!.memberId;
    const again = groups.join({ memberId: memberIds[0]! });

    // The leader joined again, and the newcomer, who is not in yet, is waited for.
    expect(again.answer).toBeUndefined();
    const joined = groups.join({ memberId: pending });

    expect(again.answer).toMatchObject({ generationId: 2 });
    expect(joined.answer).toMatchObject({ generationId: 2 });
  });

  test.each([
    { sessionTimeoutMs: 5999, because: 'below group.min.session.timeout.ms' },
    { sessionTimeoutMs: 1_800_001, because: 'above group.max.session.timeout.ms' },
  ])('a session timeout of $sessionTimeoutMs is refused: $because', ({ sessionTimeoutMs }) => {
    expect(new TestCoordinator().join({ sessionTimeoutMs }).error?.errorName).toBe('INVALID_SESSION_TIMEOUT');
  });

  test.each([
    { options: { groupId: '' }, errorName: 'INVALID_GROUP_ID' },
    { options: { memberId: 'somebody' }, errorName: 'UNKNOWN_MEMBER_ID' },
    { options: { protocolType: '' }, errorName: 'INCONSISTENT_GROUP_PROTOCOL' },
    { options: { protocols: [] }, errorName: 'INCONSISTENT_GROUP_PROTOCOL' },
  ])('a join with $options is refused with $errorName, and leaves no group behind', ({ options, errorName }) => {
    const groups = new TestCoordinator();

    expect(groups.join(options).error?.errorName).toBe(errorName);
    expect(groups.get((core) => core.listGroups())).toEqual([]);
  });

  test('a member without a protocol in common with all others is refused', () => {
    const groups = new TestCoordinator();
    groups.stableGroup(2);

    expect(groups.join({ protocols: [sticky()] }).error?.errorName).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect(groups.join({ protocolType: 'connect' }).error?.errorName).toBe('INCONSISTENT_GROUP_PROTOCOL');
  });

  test('the protocol that most members name first among those that all have is chosen', () => {
    const groups = new TestCoordinator();
    const a = joinTwice(groups, { protocols: [range(), sticky()] });
    const b = joinTwice(groups, { protocols: [sticky(), range()] });
    const c = joinTwice(groups, { protocols: [{ name: 'own', metadata: Buffer.alloc(0) }, sticky(), range()] });

    const again = groups.join({ memberId: a.memberId, protocols: [range(), sticky()] });

    expect(again.answer).toMatchObject({ generationId: 2, protocolName: 'sticky' });
    expect([b.joined.answer, c.joined.answer].map((answer) => answer?.members)).toEqual([[], []]);
  });

  test('the leader is told what each member offers under the chosen protocol, byte by byte', () => {
    const groups = new TestCoordinator();
    const metadata = Buffer.from([0, 9, 1, 2, 3]); // of a version that nobody knows yet

    const { joined } = joinTwice(groups, { protocols: [{ name: 'range', metadata }] });

    expect(joined.answer!.members[0]!.metadata).toEqual(metadata);
  });

  test('group.max.size: one member too many is refused, and those in the group stay', () => {
    const groups = new TestCoordinator({ config: { maxSize: 2 } });
    const { memberIds, generationId } = groups.stableGroup(2);

    expect(groups.join({ apiVersion: 3 }).error?.errorName).toBe('GROUP_MAX_SIZE_REACHED');
    expect(memberIds.map((memberId) => groups.heartbeat(memberId, generationId))).toEqual(['NONE', 'NONE']);
  });

  test('group.initial.rebalance.delay.ms: the first rebalance waits, and on while members come', () => {
    const groups = new TestCoordinator({ config: { initialRebalanceDelayMs: 3000 } });
    const first = joinTwice(groups);

    groups.pass(2000);
    const second = joinTwice(groups);
    groups.pass(2000);
    expect([first.joined.answer, second.joined.answer]).toEqual([undefined, undefined]);
    groups.pass(2000);

    expect([first.joined.answer?.generationId, second.joined.answer?.generationId]).toEqual([1, 1]);
  });
});

describe('a generation', () => {
  test('G1: members are told what to do by the leader, each its own', () => {
    const groups = new TestCoordinator();
    const a = joinTwice(groups);
    const b = joinTwice(groups);
    const again = groups.join({ memberId: a.memberId });
    expect(again.answer?.leader).toBe(a.memberId);

    const waiting = groups.sync({ memberId: b.memberId, generationId: 2 });
    expect(waiting.answer).toBeUndefined();
    const assignments = [a, b].map(({ memberId }, index) => ({ memberId, assignment: Buffer.from(`part ${index}`) }));
    const leading = groups.sync({ memberId: a.memberId, generationId: 2, assignments });

    expect([leading, waiting].map(({ answer }) => String(answer?.assignment))).toEqual(['part 0', 'part 1']);
    expect(b.joined.answer?.generationId).toBe(2);
  });

  test('a member that asks again is told again; one that offers something else starts a rebalance', () => {
    const groups = new TestCoordinator();
    const { memberIds, generationId } = groups.stableGroup(2);
    const [leader, follower] = memberIds as [string, string];

    const repeated = groups.join({ memberId: follower });
    expect(repeated.answer).toMatchObject({ generationId, members: [] });
    expect(groups.heartbeat(leader, generationId)).toBe('NONE');
    groups.join({ memberId: follower, protocols: [range(['bills'])] });

    expect(groups.heartbeat(leader, generationId)).toBe('REBALANCE_IN_PROGRESS');
  });

  test('a leader that joins again starts a rebalance, as it wants to share out anew', () => {
    const groups = new TestCoordinator();
    const { memberIds, generationId } = groups.stableGroup(2);

    expect(groups.join({ memberId: memberIds[0]! }).answer).toBeUndefined();
    expect(groups.heartbeat(memberIds[1]!, generationId)).toBe('REBALANCE_IN_PROGRESS');
  });

  test.each([
    ['generation', { generationId: 7 }, 'ILLEGAL_GENERATION'],
    ['member', { memberId: 'somebody' }, 'UNKNOWN_MEMBER_ID'],
    ['protocol', { protocolName: 'sticky' }, 'INCONSISTENT_GROUP_PROTOCOL'],
    ['protocol type', { protocolType: 'connect' }, 'INCONSISTENT_GROUP_PROTOCOL'],
  ])('a sync of another %s is refused', (_what, other, errorName) => {
    const groups = new TestCoordinator();
    const { memberIds, generationId } = groups.stableGroup(1);

    expect(groups.sync({ memberId: memberIds[0]!, generationId, ...other }).error?.errorName).toBe(errorName);
  });

  test('group-stuck, G5, KAFKA-12890: who has joined and does not ask what to do is out after the rebalance timeout, and the others begin anew', () => {
    const groups = new TestCoordinator();
    const a = joinTwice(groups);
    const b = joinTwice(groups);
    groups.join({ memberId: a.memberId });
    const waiting = groups.sync({ memberId: b.memberId, generationId: 2 });

    for (let s = 0; s < 4; s++) {
      groups.pass(8000);
      groups.heartbeat(a.memberId, 2); // the leader is alive, and says nothing
    }

    expect(waiting.answer?.errorCode).toBe('REBALANCE_IN_PROGRESS');
    expect(groups.join({ memberId: b.memberId }).answer).toMatchObject({ generationId: 3, leader: b.memberId });
  });

  test('when the word of the leader cannot be written, nobody hears it, and all join again', () => {
    const groups = new TestCoordinator();
    const a = joinTwice(groups);
    const b = joinTwice(groups);
    groups.join({ memberId: a.memberId });
    const waiting = groups.sync({ memberId: b.memberId, generationId: 2 });

    groups.refusal = new KafkaError('COORDINATOR_NOT_AVAILABLE');
    const leading = groups.sync({ memberId: a.memberId, generationId: 2 });

    expect(leading.error?.errorName).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(waiting.answer?.errorCode).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(groups.heartbeat(a.memberId, 2)).toBe('REBALANCE_IN_PROGRESS');
    expect(groups.records).toEqual([]);
    groups.rebalance([a.memberId, b.memberId]);
    expect(groups.heartbeat(a.memberId, 3)).toBe('NONE');
  });
});

describe('leaving and dying', () => {
  test('a member that is silent for its session timeout is out, and the others rebalance', () => {
    const groups = new TestCoordinator();
    const { memberIds, generationId } = groups.stableGroup(2);
    const [alive, dead] = memberIds as [string, string];

    groups.pass(6000);
    expect(groups.heartbeat(alive, generationId)).toBe('NONE');
    groups.pass(6000);

    expect(groups.heartbeat(alive, generationId)).toBe('REBALANCE_IN_PROGRESS');
    expect(groups.heartbeat(dead, generationId)).toBe('UNKNOWN_MEMBER_ID');
    expect(groups.join({ memberId: alive }).answer).toMatchObject({ generationId: generationId + 1, leader: alive });
  });

  test('group-stuck, G5, KAFKA-9752: a rebalance ends with those who have joined when the rebalance timeout has passed', () => {
    const groups = new TestCoordinator();
    const { memberIds, generationId } = groups.stableGroup(2, { sessionTimeoutMs: 60_000 });
    const joined = groups.join({ memberId: memberIds[0]!, sessionTimeoutMs: 60_000 });

    groups.pass(29_999);
    expect(joined.answer).toBeUndefined();
    groups.pass(2);

    expect(joined.answer).toMatchObject({ generationId: generationId + 1 });
    expect(groups.heartbeat(memberIds[1]!, generationId)).toBe('UNKNOWN_MEMBER_ID');
  });

  test('G5: a member that waits for the others is not taken for dead, however short its session', () => {
    const groups = new TestCoordinator();
    const { memberIds, generationId } = groups.stableGroup(2, { rebalanceTimeoutMs: 60_000 });
    const joined = groups.join({ memberId: memberIds[0]!, rebalanceTimeoutMs: 60_000 });

    for (let s = 0; s < 5; s++) {
      groups.pass(9000);
      groups.heartbeat(memberIds[1]!, generationId);
    }
    groups.join({ memberId: memberIds[1]!, rebalanceTimeoutMs: 60_000 });

    expect(joined.answer).toMatchObject({ errorCode: 'NONE', generationId: generationId + 1 });
  });

  test('when the last member has left, the group is empty, durably, and its offsets stay', () => {
    const groups = new TestCoordinator();
    const { memberIds, generationId } = groups.stableGroup(1);
    groups.commit({ memberId: memberIds[0]!, generationId, offset: 5n });

    expect(groups.leave(memberIds[0]!)).toBe('NONE');

    const moved = groups.moved();
    expect(moved.get((core) => core.describeGroup('readers'))).toMatchObject({ groupState: 'Empty', members: [] });
    expect(moved.committed().committedOffset).toBe(5n);
  });

  test('a member that is not there cannot leave; who leaves by name of a static member needs no id', () => {
    const groups = new TestCoordinator();
    groups.join({ groupInstanceId: 'one' });

    expect(groups.leave('somebody')).toBe('UNKNOWN_MEMBER_ID');
    expect(groups.leave('', 'two')).toBe('UNKNOWN_MEMBER_ID');
    expect(groups.leave('other', 'one')).toBe('FENCED_INSTANCE_ID');
    expect(groups.leave('', 'one')).toBe('NONE');
  });
});

describe('static members (KIP-345)', () => {
  function staticGroup(groups: TestCoordinator) {
    const [one, two] = ['one', 'two'].map((groupInstanceId) => groups.join({ groupInstanceId }));
    const memberId = one!.answer!.memberId;
    const again = groups.join({ groupInstanceId: 'one', memberId });
    const other = two!.answer!.memberId;
    const assignments = [memberId, other].map((id, index) => ({ memberId: id, assignment: Buffer.from(`part ${index}`) }));
    groups.sync({ memberId, groupInstanceId: 'one', generationId: 2, assignments });
    groups.sync({ memberId: other, groupInstanceId: 'two', generationId: 2 });
    expect(again.answer).toMatchObject({ generationId: 2, leader: memberId });
    return { leader: memberId, follower: other };
  }

  test('G6: one that is started again has its place at once, without a rebalance, and its old life is fenced', () => {
    const groups = new TestCoordinator();
    const { leader, follower } = staticGroup(groups);

    const restarted = groups.join({ groupInstanceId: 'two' }).answer!;

    expect(restarted).toMatchObject({ errorCode: 'NONE', generationId: 2, leader, skipAssignment: false, members: [] });
    expect(restarted.memberId).not.toBe(follower);
    expect(groups.heartbeat(follower, 2, 'two')).toBe('FENCED_INSTANCE_ID');
    expect(groups.commit({ memberId: follower, groupInstanceId: 'two', generationId: 2, offset: 1n })).toBe('FENCED_INSTANCE_ID');
    expect(groups.heartbeat(leader, 2, 'one')).toBe('NONE');
    const synced = groups.sync({ memberId: restarted.memberId, groupInstanceId: 'two', generationId: 2 });
    expect(String(synced.answer?.assignment)).toBe('part 1');
  });

  test('KIP-814: a leader that is started again is told of all, and that nothing is to be shared out', () => {
    const groups = new TestCoordinator();
    staticGroup(groups);

    const restarted = groups.join({ groupInstanceId: 'one' }).answer!;

    expect(restarted).toMatchObject({ leader: restarted.memberId, skipAssignment: true });
    expect(restarted.members).toHaveLength(2);
  });

  test('an older client that was the leader is named its former self, so that it does not share out', () => {
    const groups = new TestCoordinator();
    const { leader } = staticGroup(groups);

    const restarted = groups.join({ groupInstanceId: 'one', apiVersion: 8 }).answer!;

    expect(restarted).toMatchObject({ leader, members: [] });
    expect(restarted.skipAssignment ?? false).toBe(false);
  });

  test('the new life of a static member is known after the coordinator has moved', () => {
    const groups = new TestCoordinator();
    const { follower } = staticGroup(groups);
    const { memberId } = groups.join({ groupInstanceId: 'two' }).answer!;

    const moved = groups.moved();

    expect(moved.heartbeat(follower, 2, 'two')).toBe('FENCED_INSTANCE_ID');
    expect(moved.heartbeat(memberId, 2, 'two')).toBe('NONE');
  });

  test('when that cannot be written, the old life goes on', () => {
    const groups = new TestCoordinator();
    const { follower } = staticGroup(groups);

    groups.refusal = new KafkaError('COORDINATOR_NOT_AVAILABLE');
    const restarted = groups.join({ groupInstanceId: 'two' });

    expect(restarted.error?.errorName).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(groups.heartbeat(follower, 2, 'two')).toBe('NONE');
  });

  test('its place stays while it is away for less than its session, also through a rebalance', () => {
    const groups = new TestCoordinator();
    const { leader } = staticGroup(groups);
    groups.join({ groupInstanceId: 'one', memberId: leader, rebalanceTimeoutMs: 6000 });

    groups.pass(9000);
    groups.pass(0);

    expect(groups.get((core) => core.describeGroup('readers')).members).toHaveLength(2);
  });

  test('a restart while a rebalance waits for it completes the rebalance', () => {
    const groups = new TestCoordinator();
    const { leader } = staticGroup(groups);
    const waiting = groups.join({ groupInstanceId: 'one', memberId: leader });

    const restarted = groups.join({ groupInstanceId: 'two' });

    expect([waiting.answer?.generationId, restarted.answer?.generationId]).toEqual([3, 3]);
  });

  test('a restart during the assignment begins it anew: the leader would assign to an id that is gone', () => {
    const groups = new TestCoordinator();
    const { leader } = staticGroup(groups);
    groups.join({ groupInstanceId: 'one', memberId: leader });
    groups.join({ groupInstanceId: 'two' });

    const restarted = groups.join({ groupInstanceId: 'two' });

    expect(restarted.answer).toBeUndefined();
    expect(groups.heartbeat(leader, 3, 'one')).toBe('REBALANCE_IN_PROGRESS');
  });
});

describe('the log', () => {
  test('a stable group is the same after the coordinator has moved, and its members notice nothing', () => {
    const groups = new TestCoordinator();
    const { memberIds, generationId } = groups.stableGroup(3);
    memberIds.forEach((memberId, index) => void groups.commit({ memberId, generationId, partition: index, offset: BigInt(index) }));

    const moved = groups.moved();

    expect(moved.described()).toEqual(groups.described());
    expect(memberIds.map((memberId) => moved.heartbeat(memberId, generationId))).toEqual(['NONE', 'NONE', 'NONE']);
  });

  test('after a move members have a whole session, and then they are out', () => {
    const groups = new TestCoordinator();
    const { memberIds, generationId } = groups.stableGroup(1);
    groups.pass(9999);

    const moved = groups.moved();
    moved.pass(9999);
    expect(moved.heartbeat(memberIds[0]!, generationId)).toBe('NONE');
    moved.pass(10_001);

    expect(moved.get((core) => core.describeGroup('readers')).groupState).toBe('Empty');
  });

  test('a rebalance that the move interrupted begins anew from the last stable generation', () => {
    const groups = new TestCoordinator();
    const { memberIds, generationId } = groups.stableGroup(2);
    groups.join({ memberId: memberIds[0]! });

    const moved = groups.moved();

    expect(moved.heartbeat(memberIds[0]!, generationId)).toBe('NONE');
    expect(moved.get((core) => core.describeGroup('readers')).groupState).toBe('Stable');
  });
});
