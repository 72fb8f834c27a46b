import { describe, expect, test } from 'vitest';
import { zeroUuid } from '#protocol';
import { consumerGroupDescribe } from '#protocol/apis/consumer-group-describe.ts';
import { consumerGroupHeartbeat } from '#protocol/apis/consumer-group-heartbeat.ts';
import { deleteGroups } from '#protocol/apis/delete-groups.ts';
import { describeGroups } from '#protocol/apis/describe-groups.ts';
import { heartbeat } from '#protocol/apis/heartbeat.ts';
import { joinGroup } from '#protocol/apis/join-group.ts';
import { leaveGroup } from '#protocol/apis/leave-group.ts';
import { listGroups } from '#protocol/apis/list-groups.ts';
import { offsetCommit } from '#protocol/apis/offset-commit.ts';
import { offsetDelete } from '#protocol/apis/offset-delete.ts';
import { offsetFetch } from '#protocol/apis/offset-fetch.ts';
import { produce } from '#protocol/apis/produce.ts';
import { syncGroup } from '#protocol/apis/sync-group.ts';
import { offsetsTopic } from '../internal-topics.ts';
import { batchOf, billsId, ordersId, TestBroker } from '../testing.ts';

const offsetsId = 'b2Zmc2V0cy1vZmZzZXRzLQ';

async function startBroker(): Promise<TestBroker> {
  const broker = await TestBroker.start();
  await broker.topic(offsetsTopic.name, offsetsId, [1, 1, 1, 1]);
  await broker.topic('orders', ordersId, [1, 1]);
  await broker.pass(10);
  return broker;
}

const protocols = [{ name: 'range', metadata: Buffer.from('what I read') }];

/** A group with one member in its first generation. */
async function oneMember(broker: TestBroker, version = 9): Promise<string> {
  const asked = { groupId: 'readers', sessionTimeoutMs: 10_000, protocolType: 'consumer', protocols, memberId: '' };
  const first = await broker.ask(joinGroup, version, asked);
  const { memberId, generationId } =
    first.errorCode === 'MEMBER_ID_REQUIRED' ? await broker.ask(joinGroup, version, { ...asked, memberId: first.memberId }) : first;
  await broker.ask(syncGroup, 0, {
    groupId: 'readers',
    memberId,
    generationId,
    assignments: [{ memberId, assignment: Buffer.from('all of it') }],
  });
  return memberId;
}

test.each([0, 3, 4, 6, 7, 9])('JoinGroup v%i: a member joins, is described, and leaves', async (version) => {
  const broker = await startBroker();
  const memberId = await oneMember(broker, version);

  expect(await broker.ask(heartbeat, 4, { groupId: 'readers', memberId, generationId: 1 })).toMatchObject({ errorCode: 'NONE' });
  const { groups } = await broker.ask(describeGroups, 5, { groups: ['readers'] });
  expect(groups[0]).toMatchObject({ errorCode: 'NONE', groupState: 'Stable', protocolType: 'consumer', protocolData: 'range' });
  expect(groups[0]!.members[0]).toMatchObject({ memberId, clientId: 'test', clientHost: '/10.0.0.7' });
  expect(String(groups[0]!.members[0]!.memberAssignment)).toBe('all of it');
  const left = await broker.ask(leaveGroup, 5, { groupId: 'readers', members: [{ memberId }, { memberId: 'somebody' }] });
  expect(left.members.map(({ errorCode }) => errorCode)).toEqual(['NONE', 'UNKNOWN_MEMBER_ID']);
});

test.each([0, 6, 7, 9])('JoinGroup v%i: a refusal has what its version has room for', async (version) => {
  const broker = await startBroker();

  const answer = await broker.ask(joinGroup, version, {
    groupId: '',
    sessionTimeoutMs: 10_000,
    protocolType: 'consumer',
    protocols,
    memberId: '',
  });

  expect(answer).toMatchObject({ errorCode: 'INVALID_GROUP_ID', protocolName: version >= 7 ? null : '' });
});

test.each([0, 2, 3, 5])('LeaveGroup v%i of a group that is not there', async (version) => {
  const broker = await startBroker();
  const request = version < 3 ? { groupId: 'readers', memberId: 'somebody' } : { groupId: 'readers', members: [{ memberId: 'somebody' }] };

  const answer = await broker.ask(leaveGroup, version, request);

  const { errorCode } = version < 3 ? answer : answer.members[0]!;
  expect(errorCode).toBe('UNKNOWN_MEMBER_ID');
});

describe('offsets', () => {
  const partitions = [{ partitionIndex: 1, committedOffset: 7n, committedLeaderEpoch: 3, committedMetadata: 'here' }];
  const topicsOf = (version: number) => [{ ...(version >= 10 ? { topicId: ordersId } : { name: 'orders' }), partitions }];

  test.each([2, 5, 6, 8, 9, 10])('OffsetCommit v%i is read back by every version of OffsetFetch', async (version) => {
    const broker = await startBroker();

    const { topics } = await broker.ask(offsetCommit, version, { groupId: 'readers', memberId: '', topics: topicsOf(version) });
    expect(topics[0]!.partitions).toEqual([{ partitionIndex: 1, errorCode: 'NONE' }]);

    for (let asked = 1; asked <= 10; asked++) {
      const topic = { ...(asked >= 10 ? { topicId: ordersId } : { name: 'orders' }), partitionIndexes: [1, 0] };
      const request =
        asked < 8
          ? { groupId: 'readers', topics: [{ name: 'orders', partitionIndexes: [1, 0] }] }
          : { groups: [{ groupId: 'readers', topics: [topic] }] };
      const answer = await broker.ask(offsetFetch, asked, request);
      const [found] = asked < 8 ? answer.topics : answer.groups[0]!.topics;
      expect(found).toMatchObject(asked >= 10 ? { topicId: ordersId } : { name: 'orders' });
      expect(found!.partitions).toMatchObject([
        { partitionIndex: 1, committedOffset: 7n, metadata: 'here', errorCode: 'NONE' },
        { partitionIndex: 0, committedOffset: -1n, metadata: '', errorCode: 'NONE' },
      ]);
      if (asked >= 5) expect(found!.partitions[0]!.committedLeaderEpoch).toBe(version >= 6 ? 3 : -1);
    }
  });

  test('topics that are not known are refused one by one', async () => {
    const broker = await startBroker();

    const byName = await broker.ask(offsetCommit, 9, {
      groupId: 'readers',
      memberId: '',
      topics: [{ name: 'nothing', partitions }, ...topicsOf(9)],
    });
    const byId = await broker.ask(offsetCommit, 10, { groupId: 'readers', memberId: '', topics: [{ topicId: billsId, partitions }] });
    const fetched = await broker.ask(offsetFetch, 10, {
      groups: [{ groupId: 'readers', topics: [{ topicId: billsId, partitionIndexes: [0] }] }],
    });

    expect(byName.topics.map(({ partitions: [first] }) => first!.errorCode)).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', 'NONE']);
    expect(byId.topics[0]!.partitions[0]!.errorCode).toBe('UNKNOWN_TOPIC_ID');
    expect(fetched.groups[0]!.topics[0]!.partitions[0]!.errorCode).toBe('UNKNOWN_TOPIC_ID');
  });

  test('a commit that the group refuses is refused for each partition', async () => {
    const broker = await startBroker();

    const { topics } = await broker.ask(offsetCommit, 9, {
      groupId: 'readers',
      memberId: 'm',
      generationIdOrMemberEpoch: 3,
      topics: topicsOf(9),
    });

    expect(topics[0]!.partitions[0]!.errorCode).toBe('ILLEGAL_GENERATION');
  });

  test('all of several groups, each with its own answer', async () => {
    const broker = await startBroker();
    await broker.ask(offsetCommit, 9, { groupId: 'readers', memberId: '', topics: topicsOf(9) });

    const { groups } = await broker.ask(offsetFetch, 9, { groups: ['readers', 'others'].map((groupId) => ({ groupId, topics: null })) });

    expect(groups.map(({ groupId, topics }) => [groupId, topics.length])).toEqual([
      ['readers', 1],
      ['others', 0],
    ]);
  });

  test('OffsetDelete forgets them, and says what it does not know', async () => {
    const broker = await startBroker();
    await broker.ask(offsetCommit, 9, { groupId: 'readers', memberId: '', topics: topicsOf(9) });

    const answer = await broker.ask(offsetDelete, 0, {
      groupId: 'readers',
      topics: [
        { name: 'orders', partitions: [{ partitionIndex: 1 }] },
        { name: 'nothing', partitions: [{ partitionIndex: 0 }] },
      ],
    });

    expect(answer.topics.map(({ partitions: [first] }) => first!.errorCode)).toEqual(['NONE', 'UNKNOWN_TOPIC_OR_PARTITION']);
    const { groups } = await broker.ask(offsetFetch, 9, { groups: [{ groupId: 'readers', topics: null }] });
    expect(groups[0]!.topics).toEqual([]);
  });
});

test('groups are listed by state and type, in any case of letters', async () => {
  const broker = await startBroker();
  await oneMember(broker);

  const list = async (statesFilter: string[], typesFilter: string[]) =>
    (await broker.ask(listGroups, 5, { statesFilter, typesFilter })).groups.map(
      ({ groupState, groupType }) => `${groupState} ${groupType}`,
    );

  expect(await list([], [])).toEqual(['Stable Classic']);
  expect(await list(['STABLE'], ['classic'])).toEqual(['Stable Classic']);
  expect(await list(['Empty'], [])).toEqual([]);
  expect(await list([], ['consumer'])).toEqual([]);
});

test('a group that is not there is dead to older clients, and not found by newer ones', async () => {
  const broker = await startBroker();

  const [older] = (await broker.ask(describeGroups, 5, { groups: ['nobody'] })).groups;
  const [newer] = (await broker.ask(describeGroups, 6, { groups: ['nobody'] })).groups;

  expect(older).toMatchObject({ errorCode: 'NONE', groupState: 'Dead' });
  expect(newer).toMatchObject({ errorCode: 'GROUP_ID_NOT_FOUND', groupState: 'Dead' });
});

test('groups are deleted one by one, each with its own answer', async () => {
  const broker = await startBroker();
  await oneMember(broker);

  const { results } = await broker.ask(deleteGroups, 3, { groupsNames: ['readers', 'nobody'] });

  expect(results.map(({ groupId, errorCode }) => [groupId, errorCode])).toEqual([
    ['readers', 'NON_EMPTY_GROUP'],
    ['nobody', 'GROUP_ID_NOT_FOUND'],
  ]);
});

test('G8: a broker that does not coordinate the group says so, and while the topic is not there nobody does', async () => {
  const broker = await TestBroker.start();
  const ask = async () => (await broker.ask(heartbeat, 4, { groupId: 'billing', memberId: 'm', generationId: 1 })).errorCode;

  expect(await ask()).toBe('COORDINATOR_NOT_AVAILABLE');
  await broker.topic(offsetsTopic.name, offsetsId, [1, 2, 1, 1]);
  expect(await ask()).toBe('NOT_COORDINATOR');
});

test('G3: what was committed is there after the broker was started again, read from its log', async () => {
  const broker = await startBroker();
  await broker.ask(offsetCommit, 9, {
    groupId: 'readers',
    memberId: '',
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 9n, committedMetadata: null }] }],
  });

  for (let partition = 0; partition < 4; partition++) broker.groups.runtime.resigns(partition);
  const refused = await broker.ask(offsetFetch, 9, { groups: [{ groupId: 'readers', topics: null }] });
  broker.leadAgain();
  await broker.pass(50);
  const { groups } = await broker.ask(offsetFetch, 9, { groups: [{ groupId: 'readers', topics: null }] });

  expect(refused.groups[0]!.errorCode).toBe('NOT_COORDINATOR');
  expect(groups[0]!.topics[0]).toMatchObject({ name: 'orders', topicId: zeroUuid, partitions: [{ committedOffset: 9n }] });
});

describe('consumer groups', () => {
  const allowed = { name: 'FeatureLevelRecord', value: { name: 'group.version', featureLevel: 1 } } as const;
  const joining = {
    groupId: 'readers',
    memberId: 'a',
    memberEpoch: 0,
    rebalanceTimeoutMs: 30_000,
    subscribedTopicNames: ['orders'],
    topicPartitions: [],
  };

  test.each([0, 1])('ConsumerGroupHeartbeat v%i: a member joins and is described', async (version) => {
    const broker = await startBroker();
    broker.commit(allowed);

    const joined = await broker.ask(consumerGroupHeartbeat, version, { ...joining, memberId: version === 0 ? '' : 'a' });
    const { groups } = await broker.ask(consumerGroupDescribe, version, {
      groupIds: ['readers', 'nobody'],
      includeAuthorizedOperations: false,
    });

    expect(joined).toMatchObject({ errorCode: 'NONE', memberEpoch: 1, heartbeatIntervalMs: 5000 });
    expect(joined.assignment).toEqual({ topicPartitions: [{ topicId: ordersId, partitions: [0, 1] }] });
    expect(groups[0]).toMatchObject({
      errorCode: 'NONE',
      groupState: 'Stable',
      groupEpoch: 1,
      assignmentEpoch: 1,
      assignorName: 'uniform',
    });
    expect(groups[0]!.members[0]).toMatchObject({
      memberId: joined.memberId,
      clientHost: '/10.0.0.7',
      assignment: { topicPartitions: [{ topicId: ordersId, topicName: 'orders', partitions: [0, 1] }] },
      memberType: version === 0 ? -1 : 1,
    });
    expect(groups[1]).toMatchObject({ errorCode: 'GROUP_ID_NOT_FOUND' });
    const [older] = (await broker.ask(describeGroups, 5, { groups: ['readers'] })).groups;
    expect(older).toMatchObject({ groupState: 'Dead' });
  });

  test('a pattern of topics is resolved here, and one that is none is refused', async () => {
    const broker = await startBroker();
    broker.commit(allowed);
    const byPattern = { ...joining, subscribedTopicNames: null };

    const joined = await broker.ask(consumerGroupHeartbeat, 1, { ...byPattern, subscribedTopicRegex: 'o.*s' });
    const refused = await broker.ask(consumerGroupHeartbeat, 1, { ...byPattern, memberId: 'b', subscribedTopicRegex: '(?=o)' });

    expect(joined.assignment).toEqual({ topicPartitions: [{ topicId: ordersId, partitions: [0, 1] }] });
    expect(refused).toMatchObject({ errorCode: 'INVALID_REGULAR_EXPRESSION' });
  });

  test('settings of the group count before those of the broker', async () => {
    const broker = await startBroker();
    const setting = { resourceType: 32, resourceName: 'readers', name: 'consumer.heartbeat.interval.ms', value: '1234' };
    broker.commit(allowed, { name: 'ConfigRecord', value: setting });

    const { heartbeatIntervalMs } = await broker.ask(consumerGroupHeartbeat, 1, joining);

    expect(heartbeatIntervalMs).toBe(1234);
  });

  test('while group.version does not allow it there are none', async () => {
    const broker = await startBroker();

    expect(await broker.ask(consumerGroupHeartbeat, 1, joining)).toMatchObject({ errorCode: 'UNSUPPORTED_VERSION' });
    const { groups } = await broker.ask(consumerGroupDescribe, 1, { groupIds: ['readers'], includeAuthorizedOperations: false });
    expect(groups[0]!.errorCode).toBe('UNSUPPORTED_VERSION');
  });
});

test('clients do not write into the topic of committed offsets', async () => {
  const broker = await startBroker();

  const { responses } = await broker.ask(produce, 9, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: offsetsTopic.name, partitionData: [{ index: 0, records: batchOf(['x']) }] }],
  });

  expect(responses[0]!.partitionResponses[0]!.errorCode).toBe('INVALID_TOPIC_EXCEPTION');
});
