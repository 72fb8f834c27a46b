import { beforeEach, expect, test } from 'vitest';
import type { ConsumerGroupHeartbeatResponse } from '#protocol/apis/consumer-group-heartbeat.ts';
import { Membership } from './membership.ts';

let member: Membership;
beforeEach(() => {
  member = new Membership({ groupId: 'readers', memberId: 'me', topics: ['orders'], rebalanceTimeoutMs: 60_000 });
});

const place = (partition: number) => ({ topicId: 'orders-id', partition });
const answer = (over: Partial<ConsumerGroupHeartbeatResponse>): ConsumerGroupHeartbeatResponse => ({
  throttleTimeMs: 0,
  errorCode: 'NONE',
  errorMessage: null,
  memberId: 'me',
  memberEpoch: 1,
  heartbeatIntervalMs: 5000,
  assignment: null,
  ...over,
});
const assigned = (memberEpoch: number, ...partitions: number[]) =>
  answer({ memberEpoch, assignment: { topicPartitions: [{ topicId: 'orders-id', partitions }] } });

/** In the group, with these partitions, all of it told. */
function inGroup(...partitions: number[]): void {
  member.request();
  member.hear(assigned(1, ...partitions), 0);
  member.took(member.toTake);
  member.request();
  member.hear(answer({ memberEpoch: 1 }), 0);
}

test('it joins with all that there is to say, at once', () => {
  expect(member.dueAt).toBeLessThan(0);
  expect(member.request()).toEqual({
    groupId: 'readers',
    memberId: 'me',
    memberEpoch: 0,
    rebalanceTimeoutMs: 60_000,
    subscribedTopicNames: ['orders'],
    topicPartitions: [],
  });
});

test('what it is given it takes, and says so at once; then it only says that it lives', () => {
  member.request();

  expect(member.hear(assigned(1, 0, 1), 0)).toBe('assigned');
  expect(member.toTake).toEqual([place(0), place(1)]);
  member.took(member.toTake);

  expect(member.dueAt).toBeLessThan(0);
  expect(member.request()).toEqual({
    groupId: 'readers',
    memberId: 'me',
    memberEpoch: 1,
    topicPartitions: [{ topicId: 'orders-id', partitions: [0, 1] }],
  });
  expect(member.hear(answer({}), 100)).toBe('nothing-new');
  expect(member.dueAt).toBe(5100);
  expect(member.request()).toMatchObject({ memberEpoch: 1, topicPartitions: null });
});

test('G1: it keeps saying that it has a partition until it has given it up', () => {
  inGroup(0, 1);

  member.hear(assigned(1, 0), 100);
  expect(member.toGiveUp).toEqual([place(1)]);
  expect(member.dueAt).toBe(5100);
  expect(member.request().topicPartitions).toBeNull();

  member.gaveUp([place(1)]);
  expect(member.dueAt).toBeLessThan(0);
  expect(member.request().topicPartitions).toEqual([{ topicId: 'orders-id', partitions: [0] }]);
});

test('what it took while a heartbeat was under way is told by another one at once', () => {
  member.request();
  member.hear(assigned(1, 0), 0);
  member.request();
  member.took([place(0)]);

  member.hear(answer({}), 100);

  expect(member.dueAt).toBe(100);
  expect(member.request().topicPartitions).toEqual([{ topicId: 'orders-id', partitions: [0] }]);
});

test.each([
  'UNKNOWN_MEMBER_ID',
  'FENCED_MEMBER_EPOCH',
  'GROUP_ID_NOT_FOUND',
] as const)('after %s it has nothing, and joins anew at once', (errorCode) => {
  inGroup(0, 1);

  expect(member.hear(answer({ errorCode }), 100)).toBe('lost');

  expect([member.toGiveUp, member.toTake, member.epoch, member.dueAt]).toEqual([[], [], 0, 100]);
  expect(member.request()).toMatchObject({ memberEpoch: 0, subscribedTopicNames: ['orders'], topicPartitions: [] });
});

test('after no answer it tells all again, after pauses that grow, in the epoch that it has', () => {
  inGroup(0);

  member.failed(1000);
  expect(member.dueAt).toBe(1100);
  member.hear(answer({ errorCode: 'NOT_COORDINATOR' }), 2000);
  expect(member.dueAt).toBe(2200);
  for (let i = 0; i < 9; i++) member.failed(3000);
  expect(member.dueAt).toBe(4000);

  expect(member.request()).toMatchObject({
    memberEpoch: 1,
    subscribedTopicNames: ['orders'],
    topicPartitions: [{ topicId: 'orders-id', partitions: [0] }],
  });
});

test('what cannot get better is thrown', () => {
  member.request();

  expect(() => member.hear(answer({ errorCode: 'GROUP_MAX_SIZE_REACHED', errorMessage: 'full' }), 0)).toThrow('full');
});

test('it says goodbye by epoch -1', () => {
  expect(member.farewell()).toMatchObject({ groupId: 'readers', memberId: 'me', memberEpoch: -1 });
});
