import type { ConsumerGroupRecord } from '../records.ts';
import { type Assignment, topicPartitionsOf } from './assignment.ts';
import { type ConsumerMember, memberStateCodes } from './member.ts';

/** What a member has said. */
export function memberRecord(groupId: string, member: ConsumerMember): ConsumerGroupRecord {
  const { memberId, instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, serverAssignor, classic } = member;
  return {
    kind: 'member',
    key: { groupId, memberId },
    value: {
      instanceId,
      rackId,
      clientId,
      clientHost,
      subscribedTopicNames: [...member.subscribedTopicNames].sort(),
      subscribedTopicRegex: member.subscribedTopicRegex,
      rebalanceTimeoutMs,
      serverAssignor,
      classicMemberMetadata:
        classic === undefined ? null : { sessionTimeoutMs: classic.sessionTimeoutMs, supportedProtocols: [...classic.protocols] },
    },
  };
}

/** What it is to have in the end. */
export function targetRecord(groupId: string, memberId: string, target: Assignment): ConsumerGroupRecord {
  return { kind: 'target-member', key: { groupId, memberId }, value: { topicPartitions: topicPartitionsOf(target) } };
}

/** How far it is. */
export function currentRecord(groupId: string, member: ConsumerMember): ConsumerGroupRecord {
  const { memberId, memberEpoch, previousMemberEpoch, state, assigned, pendingRevocation } = member;
  const topics = (assignment: Assignment) => topicPartitionsOf(assignment).map((topic) => ({ ...topic, assignmentEpochs: null }));
  return {
    kind: 'current-member',
    key: { groupId, memberId },
    value: {
      memberEpoch,
      previousMemberEpoch,
      state: memberStateCodes[state],
      assignedPartitions: topics(assigned),
      partitionsPendingRevocation: topics(pendingRevocation),
    },
  };
}

/** It is gone. */
export function memberTombstones(groupId: string, memberId: string): ConsumerGroupRecord[] {
  const key = { groupId, memberId };
  return [
    { kind: 'current-member', key, value: null },
    { kind: 'target-member', key, value: null },
    { kind: 'member', key, value: null },
  ];
}
