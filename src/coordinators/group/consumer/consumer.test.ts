import { describe, expect, test } from 'vitest';
import { KafkaError } from '#protocol';
import type { ConsumerGroupHeartbeatRequestInput } from '#protocol/apis/consumer-group-heartbeat.ts';
import { subscription, TestCoordinator, topicIdOf, topicsOf } from '../testing.ts';

/** A client of the new protocol: it owns what it was told to own. */
class Client {
  readonly groups: () => TestCoordinator;
  readonly memberId: string;
  readonly instanceId: string | null;
  epoch = 0;
  owned: Record<string, number[]> = {};

  constructor(groups: TestCoordinator | (() => TestCoordinator), memberId: string, instanceId: string | null = null) {
    this.groups = typeof groups === 'function' ? groups : () => groups;
    this.memberId = memberId;
    this.instanceId = instanceId;
  }

  /** @returns the error, or NONE */
  beat(options: Partial<ConsumerGroupHeartbeatRequestInput> = {}): string {
    const topicPartitions = Object.entries(this.owned).map(([topic, partitions]) => ({ topicId: topicIdOf(topic), partitions }));
    const { answer, error } = this.groups().beat(this.memberId, this.epoch, {
      instanceId: this.instanceId,
      topicPartitions: this.epoch === 0 ? [] : topicPartitions,
      ...options,
    });
    if (error !== undefined) return error.errorName;
    this.epoch = answer!.memberEpoch!;
    if (answer!.assignment != null) {
      this.owned = {};
      for (const { topicId, partitions } of answer!.assignment.topicPartitions)
        this.owned[Buffer.from(topicId, 'base64url').toString().replace(/-+$/, '')] = [...partitions];
    }
    return 'NONE';
  }

  get partitions(): number[] {
    return this.owned['orders'] ?? [];
  }
}

const stateOf = (groups: TestCoordinator) => groups.get((core) => core.describeConsumerGroup('readers')).groupState;

function settled(groups: TestCoordinator, names: readonly string[]): Client[] {
  const clients = names.map((name) => new Client(groups, name));
  for (let round = 0; round < 4; round++) for (const client of clients) expect(client.beat()).toBe('NONE');
  expect(stateOf(groups)).toBe('Stable');
  return clients;
}

describe('joining and sharing', () => {
  test('the first member is given everything at once', () => {
    const groups = new TestCoordinator();

    const { answer } = groups.beat('a', 0);

    expect(answer).toMatchObject({ errorCode: 'NONE', memberId: 'a', memberEpoch: 1, heartbeatIntervalMs: 5000 });
    expect(answer!.assignment!.topicPartitions).toEqual([{ topicId: topicIdOf('orders'), partitions: [0, 1, 2, 3, 4, 5] }]);
  });

  test('G1: a partition goes to another member only after its owner has given it up', () => {
    const groups = new TestCoordinator();
    const [a] = settled(groups, ['a']) as [Client];
    const b = new Client(groups, 'b');

    b.beat();
    expect(b.partitions).toEqual([]);
    a.beat(); // is told to keep three
    expect(a.partitions).toHaveLength(3);
    expect(a.epoch).toBe(1);
    b.beat();
    expect(b.partitions).toEqual([]);
    a.beat(); // has given the others up
    expect(a.epoch).toBe(2);
    b.beat();

    expect([...a.partitions, ...b.partitions].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(stateOf(groups)).toBe('Stable');
  });

  test('an assignment is told when it changes and when it is asked for, and not else', () => {
    const groups = new TestCoordinator();
    settled(groups, ['a']);
    const owned = { topicPartitions: [{ topicId: topicIdOf('orders'), partitions: [0, 1, 2, 3, 4, 5] }] };

    expect(groups.beat('a', 1).answer!.assignment).toBeNull();
    expect(groups.beat('a', 1, owned).answer!.assignment).toBeNull();
    expect(
      groups.beat('a', 1, { ...owned, rebalanceTimeoutMs: 30_000, subscribedTopicNames: ['orders'] }).answer!.assignment,
    ).not.toBeNull();
  });

  test('a heartbeat that changes nothing writes nothing', () => {
    const groups = new TestCoordinator();
    const [a] = settled(groups, ['a', 'b']) as [Client];
    const { length } = groups.log;

    for (let i = 0; i < 10; i++) a.beat();

    expect(groups.log).toHaveLength(length);
  });

  test('G2: when partitions are added they are shared out', () => {
    const groups = new TestCoordinator();
    const clients = settled(groups, ['a', 'b']);

    groups.topics = topicsOf({ orders: 9 });
    for (let round = 0; round < 4; round++) for (const client of clients) client.beat();

    expect(clients.flatMap(({ partitions }) => partitions).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('G2: a topic that is made later is read from then on, and one that is deleted no more', () => {
    const groups = new TestCoordinator();
    const [a] = settled(groups, ['a']) as [Client];

    a.beat({ subscribedTopicNames: ['orders', 'bills'] });
    groups.topics = topicsOf({ bills: 2 });
    a.beat();
    a.beat();

    expect(a.owned).toEqual({ bills: [0, 1] });
  });

  test('another subscription is another assignment', () => {
    const groups = new TestCoordinator({ topics: topicsOf({ orders: 2, bills: 2 }) });
    const [a] = settled(groups, ['a']) as [Client];

    a.beat({ subscribedTopicNames: ['bills'] });
    a.beat();

    expect(a.owned).toEqual({ bills: [0, 1] });
    expect(a.epoch).toBe(2);
  });

  test('what most members ask for is what is used', () => {
    const groups = new TestCoordinator({ topics: topicsOf({ orders: 3, bills: 3 }) });
    const clients = ['a', 'b'].map((name) => new Client(groups, name));
    const options = { subscribedTopicNames: ['orders', 'bills'], serverAssignor: 'range' };

    for (let round = 0; round < 5; round++) for (const client of clients) client.beat(round === 0 ? options : {});

    expect(clients.map(({ owned }) => owned)).toEqual([
      { bills: [0, 1], orders: [0, 1] },
      { bills: [2], orders: [2] },
    ]);
  });
});

describe('regular expressions', () => {
  const readsPattern = (regex: string) => ({ subscribedTopicNames: null, subscribedTopicRegex: regex });

  test('a member reads all topics whose whole name matches, also those that come later, and none of the brokers own', () => {
    const groups = new TestCoordinator({ topics: topicsOf({ orders: 2, 'orders-old': 1, bills: 1, __consumer_offsets: 1 }) });
    const a = new Client(groups, 'a');

    a.beat(readsPattern('orders|.*_offsets'));
    expect(a.owned).toEqual({ orders: [0, 1] });
    a.beat(readsPattern('orders.*'));
    a.beat();
    expect(a.owned).toEqual({ orders: [0, 1], 'orders-old': [0] });
    groups.topics = topicsOf({ orders: 2, 'orders-old': 1, 'orders-new': 1 });
    groups.pass(10_001);
    a.beat();
    a.beat();

    expect(a.owned).toEqual({ orders: [0, 1], 'orders-old': [0], 'orders-new': [0] });
    expect(groups.moved().described()).toEqual(groups.described());
  });

  test('names and an expression are read together, and an expression that nobody has is forgotten', () => {
    const groups = new TestCoordinator({ topics: topicsOf({ orders: 1, bills: 1 }) });
    const a = new Client(groups, 'a');
    a.beat({ subscribedTopicRegex: 'b.*' });
    expect(a.owned).toEqual({ orders: [0], bills: [0] });

    a.beat({ subscribedTopicRegex: '' });
    a.beat();

    expect(a.owned).toEqual({ orders: [0] });
    expect(groups.records.filter(({ kind }) => kind === 'regex').at(-1)!.value).toBeNull();
  });

  test('one that is none is refused', () => {
    const groups = new TestCoordinator();

    expect(new Client(groups, 'a').beat(readsPattern('*'))).toBe('INVALID_REGULAR_EXPRESSION');
  });
});

describe('leaving, fencing and timing out', () => {
  test('who leaves is out at once, and the others get what it had', () => {
    const groups = new TestCoordinator();
    const [a, b] = settled(groups, ['a', 'b']) as [Client, Client];

    expect(groups.beat('b', -1).answer).toMatchObject({ errorCode: 'NONE', memberEpoch: -1 });
    a.beat();

    expect(a.partitions).toHaveLength(6);
    expect(b.beat()).toBe('UNKNOWN_MEMBER_ID');
  });

  test.each([
    { what: 'silent for the session timeout', act: (groups: TestCoordinator) => groups.pass(45_001) },
    { what: 'leaving', act: (_: TestCoordinator, b: Client) => expect(b.beat({ memberEpoch: -1 })).toBe('COORDINATOR_NOT_AVAILABLE') },
  ])('G5: who is $what is out later, when that does not get into the log at first', ({ act }) => {
    const groups = new TestCoordinator();
    const [, b] = settled(groups, ['a', 'b']) as [Client, Client];

    groups.refusal = new KafkaError('COORDINATOR_NOT_AVAILABLE');
    act(groups, b);
    expect(groups.refusal).toBeUndefined();
    groups.pass(46_000);

    expect(groups.get((core) => core.describeConsumerGroup('readers')).members).toEqual([]);
  });

  test('who is silent for the session timeout is out', () => {
    const groups = new TestCoordinator();
    const [a, b] = settled(groups, ['a', 'b']) as [Client, Client];

    groups.pass(30_000);
    a.beat();
    groups.pass(15_001);
    a.beat();

    expect(a.partitions).toHaveLength(6);
    expect(b.beat()).toBe('UNKNOWN_MEMBER_ID');
  });

  test('G5: who does not give up what it has to is out after its rebalance timeout', () => {
    const groups = new TestCoordinator();
    settled(groups, ['a']);
    const b = new Client(groups, 'b');
    b.beat();
    const holdsOn = { topicPartitions: [{ topicId: topicIdOf('orders'), partitions: [0, 1, 2, 3, 4, 5] }] };
    groups.beat('a', 1, holdsOn);

    for (let s = 0; s < 31; s += 5) {
      groups.pass(5000);
      groups.beat('a', 1, holdsOn);
      b.beat();
    }

    expect(b.partitions).toHaveLength(6);
  });

  test('G1: one in a former epoch is fenced, joins anew, and cannot commit meanwhile', () => {
    const groups = new TestCoordinator();
    const [a, b] = settled(groups, ['a', 'b']) as [Client, Client];

    expect(
      groups.beat('a', a.epoch - 1, { topicPartitions: [{ topicId: topicIdOf('orders'), partitions: b.partitions }] }).error?.errorName,
    ).toBe('FENCED_MEMBER_EPOCH');
    expect(groups.beat('a', a.epoch + 1).error?.errorName).toBe('FENCED_MEMBER_EPOCH');
    expect(groups.commit({ memberId: 'a', generationId: a.epoch - 1, offset: 1n })).toBe('STALE_MEMBER_EPOCH');
    const transaction = { producerId: 1n, producerEpoch: 0 };
    expect(groups.commit({ memberId: 'a', generationId: a.epoch - 1, offset: 1n, transaction })).toBe('ILLEGAL_GENERATION');
    expect(groups.commit({ memberId: 'a', generationId: a.epoch, offset: 1n })).toBe('NONE');
    expect(groups.commit({ memberId: 'c', generationId: a.epoch, offset: 1n })).toBe('UNKNOWN_MEMBER_ID');
    a.epoch = 0;
    expect(a.beat()).toBe('NONE');
  });

  test('the former epoch is accepted of one whose answer was lost', () => {
    const groups = new TestCoordinator();
    const [a] = settled(groups, ['a']) as [Client];
    new Client(groups, 'b').beat();
    a.beat();
    const kept = [{ topicId: topicIdOf('orders'), partitions: a.partitions }];
    expect(groups.beat('a', 1, { topicPartitions: kept }).answer!.memberEpoch).toBe(2);

    expect(groups.beat('a', 1, { topicPartitions: kept }).answer).toMatchObject({ memberEpoch: 2 });
  });

  test('offsets are fetched by members in their epoch, and by tools that name none', () => {
    const groups = new TestCoordinator();
    const [a] = settled(groups, ['a']) as [Client];
    const fetch = (memberId: string | null, memberEpoch: number) =>
      groups.ask((core) => core.offsets.fetch({ groupId: 'readers', memberId, memberEpoch, topics: null, requireStable: false }, topicIdOf))
        .error?.errorName;

    expect([fetch('a', a.epoch), fetch(null, -1), fetch('a', 7), fetch('b', 1)]).toEqual([
      undefined,
      undefined,
      'STALE_MEMBER_EPOCH',
      'UNKNOWN_MEMBER_ID',
    ]);
  });

  test.each([
    ['a group id that is empty', { groupId: '' }, 'INVALID_REQUEST'],
    ['an instance id that is empty', { instanceId: '' }, 'INVALID_REQUEST'],
    ['partitions at joining', { topicPartitions: [{ topicId: topicIdOf('orders'), partitions: [0] }] }, 'INVALID_REQUEST'],
    ['no subscription', { subscribedTopicNames: null }, 'INVALID_REQUEST'],
    ['no rebalance timeout', { rebalanceTimeoutMs: -1 }, 'INVALID_REQUEST'],
    ['no member id', { memberId: '' }, 'INVALID_REQUEST'],
    ['an assignor that is not there', { serverAssignor: 'mine' }, 'UNSUPPORTED_ASSIGNOR'],
    ['an epoch that is not there', { memberEpoch: -3 }, 'INVALID_REQUEST'],
    ['a group that is not there', { memberEpoch: 3 }, 'GROUP_ID_NOT_FOUND'],
  ])('%s is refused', (_what, options, errorName) => {
    const groups = new TestCoordinator();

    expect(groups.beat('a', 0, options).error?.errorName).toBe(errorName);
    expect(groups.get((core) => core.listGroups())).toEqual([]);
  });

  test('group.consumer.max.size: one member too many is refused', () => {
    const groups = new TestCoordinator({ config: { consumerMaxSize: 1 } });
    settled(groups, ['a']);

    expect(groups.beat('b', 0).error?.errorName).toBe('GROUP_MAX_SIZE_REACHED');
  });

  test('nothing is changed by a heartbeat whose records cannot be written', () => {
    const groups = new TestCoordinator();
    settled(groups, ['a']);
    const before = groups.described();

    groups.refusal = new KafkaError('COORDINATOR_NOT_AVAILABLE');
    expect(groups.beat('b', 0).error?.errorName).toBe('COORDINATOR_NOT_AVAILABLE');

    expect(groups.described()).toEqual(before);
    expect(groups.moved().described()).toEqual(before);
  });
});

describe('static members', () => {
  test('G6: one that comes back under another id has what it had, and its former life is fenced', () => {
    const groups = new TestCoordinator();
    const [a] = settled(groups, ['a']) as [Client];
    const one = new Client(groups, 'one', 'one');
    for (let round = 0; round < 3; round++) for (const each of [one, a]) each.beat();
    const had = one.partitions;
    const { groupEpoch } = groups.get((core) => core.describeConsumerGroup('readers'));

    expect(groups.beat('one', -2, { instanceId: 'one' }).answer).toMatchObject({ memberEpoch: -2 });
    a.beat();
    expect(a.partitions).toHaveLength(3);
    const again = new Client(groups, 'one again', 'one');
    expect(again.beat()).toBe('NONE');

    expect(again.partitions).toEqual(had);
    expect(groups.get((core) => core.describeConsumerGroup('readers')).groupEpoch).toBe(groupEpoch);
    expect(one.beat()).toBe('FENCED_INSTANCE_ID');
  });

  test('while it has not gone nobody can take its name', () => {
    const groups = new TestCoordinator();
    new Client(groups, 'one', 'one').beat();

    expect(new Client(groups, 'two', 'one').beat()).toBe('UNRELEASED_INSTANCE_ID');
  });

  test('one that stays away for longer than its session is out', () => {
    const groups = new TestCoordinator();
    new Client(groups, 'one', 'one').beat();
    groups.beat('one', -2, { instanceId: 'one' });

    groups.pass(45_001);

    expect(stateOf(groups)).toBe('Empty');
  });
});

describe('the log', () => {
  test('G8: a group is the same after the coordinator has moved, in the middle of a reconciliation too', () => {
    const groups = new TestCoordinator();
    const [a] = settled(groups, ['a']) as [Client];
    new Client(groups, 'b').beat();
    a.beat();

    const moved = groups.moved();

    expect(moved.described()).toEqual(groups.described());
    expect(moved.beat('a', 1, { topicPartitions: [{ topicId: topicIdOf('orders'), partitions: a.partitions }] }).answer!.memberEpoch).toBe(
      2,
    );
  });

  test('a group that is deleted is gone, and so is one that has expired', () => {
    const groups = new TestCoordinator({ config: { offsetsRetentionMs: 5000, retentionCheckMs: 1000 } });
    settled(groups, ['a', 'b']);
    groups.beat('a', -1);
    expect(groups.ask((core, scope) => core.deleteGroup('readers', scope)).error?.errorName).toBe('NON_EMPTY_GROUP');
    groups.beat('b', -1);

    const expiring = groups.moved();
    expiring.pass(7000);
    groups.get((core, scope) => core.deleteGroup('readers', scope));

    for (const each of [groups, expiring]) expect(each.moved().get((core) => core.listGroups())).toEqual([]);
  });
});

describe('migration', () => {
  test('a classic group that was to take the place of an empty consumer group, and did not get into the log, never acts again (G5)', () => {
    const groups = new TestCoordinator();
    const gone = new Client(groups, 'gone');
    gone.beat();
    gone.beat({ memberEpoch: -1 });
    groups.refusal = new KafkaError('COORDINATOR_NOT_AVAILABLE');
    expect(groups.join({ groupInstanceId: 'static' }).error?.errorName).toBe('COORDINATOR_NOT_AVAILABLE');

    const [a] = settled(groups, ['a']) as [Client];
    for (let i = 0; i < 20; i++) {
      groups.pass(4_000);
      expect(a.beat()).toBe('NONE');
    }

    expect(groups.get((core) => core.listGroups())).toMatchObject([{ type: 'consumer', state: 'Stable' }]);
  });

  test('a classic member that is not in the group any more, and still takes partitions for its own, hears that nobody knows it (G1)', () => {
    const groups = new TestCoordinator();
    const b = new Client(groups, 'b');
    b.beat();
    const claim = (partitions: number[]) => {
      const ownedPartitions = partitions.length === 0 ? [] : [{ topic: 'orders', partitions }];
      return [{ name: 'cooperative-sticky', metadata: subscription({ topics: ['orders'], ownedPartitions }) }];
    };

    expect(groups.join({ memberId: 'put-out', protocols: claim([0, 1]) }).error?.errorName).toBe('UNKNOWN_MEMBER_ID');
    expect(groups.join({ memberId: 'put-out', protocols: claim([]) }).answer).toMatchObject({ errorCode: 'NONE', memberId: 'put-out' });
  });

  test('a classic group becomes a consumer group when a member with the new protocol joins, and back when the last one leaves', () => {
    const groups = new TestCoordinator();
    const cooperative = (owned: number[]) => [
      {
        name: 'cooperative-sticky',
        metadata: subscription({ topics: ['orders'], ownedPartitions: owned.length === 0 ? [] : [{ topic: 'orders', partitions: owned }] }),
      },
    ];
    const first = groups.join({ protocols: cooperative([]) }).answer!.memberId;
    groups.join({ memberId: first, protocols: cooperative([]) });
    // ConsumerProtocolAssignment 1: orders 0 to 5, no user data
    const all = Buffer.from(
      `0001${'00000001'}0006${Buffer.from('orders').toString('hex')}00000006${[0, 1, 2, 3, 4, 5].map((i) => `0000000${i}`).join('')}ffffffff`,
      'hex',
    );
    groups.sync({ memberId: first, generationId: 1, assignments: [{ memberId: first, assignment: all }] });

    const b = new Client(groups, 'b');
    expect(b.beat()).toBe('NONE');
    expect(groups.get((core) => core.listGroups())).toMatchObject([{ type: 'consumer', state: 'Reconciling' }]);
    expect(groups.heartbeat(first, 1)).toBe('REBALANCE_IN_PROGRESS');
    // It joins again with all that it has, is told to keep half, gives the rest up, and joins once more.
    let joined = groups.join({ memberId: first, protocols: cooperative([0, 1, 2, 3, 4, 5]) }).answer!;
    expect(joined).toMatchObject({ errorCode: 'NONE', generationId: 1, leader: '', protocolName: 'cooperative-sticky' });
    const kept = groups.sync({ memberId: first, generationId: 1 }).answer!.assignment;
    expect(kept.length).toBeLessThan(all.length);
    expect(b.beat()).toBe('NONE');
    expect(b.partitions).toEqual([]);
    expect(groups.heartbeat(first, 1)).toBe('REBALANCE_IN_PROGRESS');
    joined = groups.join({ memberId: first, protocols: cooperative([0, 1, 2]) }).answer!;
    expect(joined.generationId).toBe(2);
    groups.sync({ memberId: first, generationId: 2 });
    b.beat();
    expect(b.partitions).toHaveLength(3);
    expect(groups.heartbeat(first, 2)).toBe('NONE');
    expect(groups.commit({ memberId: first, generationId: 2, offset: 5n })).toBe('NONE');

    groups.beat('b', -1);
    groups.pass(1);
    expect(groups.get((core) => core.listGroups())).toMatchObject([{ type: 'classic', state: 'PreparingRebalance' }]);
    expect(groups.moved().get((core) => core.listGroups())).toMatchObject([{ type: 'classic', state: 'Stable' }]);
    expect(groups.join({ memberId: first, protocols: cooperative([0, 1, 2]) }).answer).toMatchObject({ errorCode: 'NONE', leader: first });
    expect(groups.committed().committedOffset).toBe(5n);
  });

  test('an empty group changes its kind with the first who joins, and keeps its offsets', () => {
    const groups = new TestCoordinator();
    groups.commit({ offset: 7n });

    settled(groups, ['a']);
    groups.beat('a', -1);
    const { memberIds, generationId } = groups.stableGroup(1);

    expect(groups.heartbeat(memberIds[0]!, generationId)).toBe('NONE');
    for (const each of [groups, groups.moved()]) {
      expect(each.get((core) => core.listGroups())).toMatchObject([{ type: 'classic', state: 'Stable' }]);
      expect(each.committed().committedOffset).toBe(7n);
    }
  });

  test.each([
    [{ mayUpgrade: false }, 'the policy forbids it'],
    [{ consumerMaxSize: 1 }, 'it would be too large'],
  ])('a classic group with members stays one where %s: %s', (config, _why) => {
    const groups = new TestCoordinator({ config });
    const { memberIds, generationId } = groups.stableGroup(2);

    expect(groups.beat('b', 0).error?.errorName).toBe('GROUP_ID_NOT_FOUND');
    expect(memberIds.map((memberId) => groups.heartbeat(memberId, generationId))).toEqual(['NONE', 'NONE']);
  });

  test('a group whose members say what cannot be understood stays classic', () => {
    const groups = new TestCoordinator();
    groups.stableGroup(1, { protocolType: 'connect', protocols: [{ name: 'sessioned', metadata: Buffer.from('?') }] });

    expect(groups.beat('b', 0).error?.errorName).toBe('GROUP_ID_NOT_FOUND');
  });

  test('members that wait in a rebalance when it happens are told to join again', () => {
    const groups = new TestCoordinator();
    const { memberIds } = groups.stableGroup(2);
    const waiting = groups.join({ memberId: memberIds[0]! });

    // What the leader assigned in these tests is no assignment of a consumer: nothing is taken over.
    expect(new Client(groups, 'b').beat()).toBe('NONE');

    expect(waiting.answer?.errorCode).toBe('REBALANCE_IN_PROGRESS');
  });
});
