import { KafkaError } from '#protocol';
import type { ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponseInput } from '#protocol/apis/consumer-group-heartbeat.ts';
import type { Caller } from '../classic/join-group.ts';
import { type Assignment, assignmentOf, isSubset, sameAssignment, topicPartitionsOf } from './assignment.ts';
import { assignors } from './assignors/index.ts';
import { newMember } from './consumer-group.ts';
import type { Draft } from './draft.ts';
import { awayEpoch, type ConsumerMember, samePromises, sameSubscription } from './member.ts';
import { currentRecord, memberRecord, memberTombstones, targetRecord } from './member-records.ts';
import { reconcile } from './reconcile.ts';
import { forgetUnusedRegexes, resolveRegex } from './regexes.ts';
import { endSession, extendSession, type Fence, watchRebalance } from './sessions.ts';

const leaveEpoch = -1;

/** @throws KafkaError INVALID_REQUEST, UNSUPPORTED_ASSIGNOR */
export function checkHeartbeat(request: ConsumerGroupHeartbeatRequest, apiVersion: number): void {
  const { memberId, memberEpoch, instanceId, rackId, topicPartitions, serverAssignor } = request;
  const demand = (holds: boolean, text: string) => {
    if (!holds) throw new KafkaError('INVALID_REQUEST', text);
  };
  demand(request.groupId !== '', 'a group id has at least one character');
  demand(instanceId !== '', 'an instance id has at least one character');
  demand(rackId !== '', 'a rack has at least one character');
  demand(memberEpoch >= awayEpoch, `there is no member epoch ${memberEpoch}`);
  demand(memberId !== '' || (memberEpoch === 0 && apiVersion === 0), 'a member names its id');
  if (memberEpoch === awayEpoch) demand(instanceId !== null, 'only a static member goes away for a while');
  if (memberEpoch === 0) {
    demand(request.rebalanceTimeoutMs !== -1, 'a member that joins says its rebalance timeout');
    demand(topicPartitions?.length === 0, 'a member that joins has no partitions');
    demand(request.subscribedTopicNames !== null || !!request.subscribedTopicRegex, 'a member that joins says what it wants to read');
  }
  if (serverAssignor !== null && !assignors.some(({ name }) => name === serverAssignor)) {
    const known = assignors.map(({ name }) => name).join(', ');
    throw new KafkaError('UNSUPPORTED_ASSIGNOR', `there is no assignor ${serverAssignor}, only ${known}`);
  }
}

/** A member tells what it wants and what it has; it is told what it is to have. @throws KafkaError for a refusal */
export function heartbeat(
  draft: Draft,
  request: ConsumerGroupHeartbeatRequest,
  caller: Caller,
  fence: Fence,
): ConsumerGroupHeartbeatResponseInput {
  const { turn, groupId } = draft;
  const owned = request.topicPartitions === null ? undefined : assignmentOf(request.topicPartitions);
  const before = findOrJoin(draft, request, owned);
  const isNew = !draft.group.members.has(before.memberId);
  const wanted: ConsumerMember = {
    ...before,
    ...caller,
    instanceId: request.instanceId ?? before.instanceId,
    rackId: request.rackId ?? before.rackId,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs === -1 ? before.rebalanceTimeoutMs : request.rebalanceTimeoutMs,
    serverAssignor: request.serverAssignor ?? before.serverAssignor,
    subscribedTopicNames: request.subscribedTopicNames ?? before.subscribedTopicNames,
    subscribedTopicRegex: request.subscribedTopicRegex === null ? before.subscribedTopicRegex : request.subscribedTopicRegex || null,
    classic: undefined,
  };
  const member = settle(draft, before, wanted, isNew, owned, fence);
  const isFull =
    request.memberEpoch === 0 ||
    (request.rebalanceTimeoutMs !== -1 &&
      (request.subscribedTopicNames !== null || request.subscribedTopicRegex !== null) &&
      owned !== undefined);
  const assignment =
    isFull || !sameAssignment(before.assigned, member.assigned) ? { topicPartitions: topicPartitionsOf(member.assigned) } : null;
  return {
    throttleTimeMs: 0,
    errorCode: 'NONE',
    errorMessage: null,
    memberId: member.memberId,
    memberEpoch: member.memberEpoch,
    heartbeatIntervalMs: turn.host.configOf(groupId).heartbeatIntervalMs,
    assignment,
  };
}

/** Writes what has changed of a member, makes another target when that is due, and brings the member a step closer to its own. */
export function settle(
  draft: Draft,
  before: ConsumerMember,
  wanted: ConsumerMember,
  isNew: boolean,
  owned: Assignment | undefined,
  fence: Fence,
): ConsumerMember {
  const { turn, groupId } = draft;
  const { memberId } = wanted;
  if (wanted.subscribedTopicRegex !== null && !draft.group.regexes.has(wanted.subscribedTopicRegex))
    resolveRegex(draft, wanted.subscribedTopicRegex);
  if (isNew || !samePromises(before, wanted)) {
    draft.write(memberRecord(groupId, wanted));
    if (before.subscribedTopicRegex !== wanted.subscribedTopicRegex) forgetUnusedRegexes(draft);
  }
  if (isNew || !sameSubscription(before, wanted)) draft.bumpEpoch();
  else draft.bumpEpochIfTopicsChanged();
  draft.updateTarget();
  const target = { epoch: draft.group.targetEpoch, assignment: draft.group.targets.get(memberId) ?? new Map() };
  const member = reconcile(wanted, target, owned, (topicId, partition) => {
    const owner = draft.group.ownerOf(topicId, partition);
    return owner !== undefined && owner !== memberId;
  });
  if (isNew || hasMoved(wanted, member)) draft.write(currentRecord(groupId, member));
  extendSession(groupId, member, turn, fence);
  // Each thing that it has to give up is a task of its own, with a time of its own.
  if (hasMoved(wanted, member)) watchRebalance(groupId, member, false, turn, fence);
  watchRebalance(groupId, member, member.state === 'unrevoked', turn, fence);
  return member;
}

/** -1: the member leaves. -2: a static one does for a while, and its partitions wait for it. */
export function leave(
  draft: Draft,
  { memberId, memberEpoch, instanceId }: Pick<ConsumerGroupHeartbeatRequest, 'memberId' | 'memberEpoch' | 'instanceId'>,
): ConsumerGroupHeartbeatResponseInput {
  const member = draft.group.member(memberId, instanceId);
  if (memberEpoch === awayEpoch)
    draft.write(
      currentRecord(draft.groupId, {
        ...member,
        memberEpoch: awayEpoch,
        previousMemberEpoch: awayEpoch,
        pendingRevocation: new Map(),
        state: 'stable',
      }),
    );
  else remove(draft, member);
  return { throttleTimeMs: 0, errorCode: 'NONE', errorMessage: null, memberId, memberEpoch, heartbeatIntervalMs: 0, assignment: null };
}

export function isLeaving(memberEpoch: number): boolean {
  return memberEpoch === leaveEpoch || memberEpoch === awayEpoch;
}

/** It is out, and what it had is shared out anew. */
export function remove(draft: Draft, { memberId }: ConsumerMember): void {
  endSession(draft.groupId, memberId, draft.turn);
  draft.write(...memberTombstones(draft.groupId, memberId));
  forgetUnusedRegexes(draft);
  draft.bumpEpoch();
}

function findOrJoin(draft: Draft, request: ConsumerGroupHeartbeatRequest, owned: Assignment | undefined): ConsumerMember {
  const { memberEpoch, instanceId } = request;
  const memberId = request.memberId === '' ? draft.turn.host.newId() : request.memberId;
  const { group } = draft;
  const known = group.members.get(memberId);
  if (instanceId !== null) {
    const holder = group.instances.get(instanceId);
    if (holder === undefined && memberEpoch !== 0)
      throw new KafkaError('UNKNOWN_MEMBER_ID', `the group has no static member ${instanceId}`);
    if (holder !== undefined && holder !== memberId) {
      if (memberEpoch !== 0)
        throw new KafkaError('FENCED_INSTANCE_ID', `the static member ${instanceId} is there under another member id by now`);
      return takePlace(draft, group.members.get(holder)!, memberId);
    }
  }
  if (known !== undefined) {
    checkEpoch(known, memberEpoch, owned);
    return known;
  }
  if (memberEpoch !== 0) throw new KafkaError('UNKNOWN_MEMBER_ID', `the group has no member ${memberId}`);
  const { consumerMaxSize } = draft.turn.host.config;
  if (group.members.size >= consumerMaxSize)
    throw new KafkaError('GROUP_MAX_SIZE_REACHED', `the group has ${consumerMaxSize} members, which is group.consumer.max.size`);
  return newMember(memberId);
}

/**
 * The former epoch is accepted of one that has nothing beyond what it may have: the answer with the new one was lost. So is 0: it has given up everything and
 * joins anew.
 */
function checkEpoch(member: ConsumerMember, given: number, owned: Assignment | undefined): void {
  if (given === member.memberEpoch || given === 0) return;
  const isLostAnswer = given === member.previousMemberEpoch && owned !== undefined && isSubset(owned, member.assigned);
  if (!isLostAnswer)
    throw new KafkaError(
      'FENCED_MEMBER_EPOCH',
      `the member is in epoch ${member.memberEpoch}, the request in ${given}; it has to join anew`,
    );
}

/** A static member that had gone away is back under another id: it gets what it had (G6). */
export function takePlace(draft: Draft, former: ConsumerMember, memberId: string): ConsumerMember {
  if (former.classic === undefined && former.memberEpoch !== awayEpoch) {
    throw new KafkaError(
      'UNRELEASED_INSTANCE_ID',
      `the static member ${former.instanceId} is there under another member id, which has not left`,
    );
  }
  const { groupId } = draft;
  const target = draft.group.targets.get(former.memberId) ?? new Map();
  endSession(groupId, former.memberId, draft.turn);
  draft.write(...memberTombstones(groupId, former.memberId));
  const member: ConsumerMember = { ...former, memberId, memberEpoch: 0, previousMemberEpoch: -1, state: 'stable' };
  draft.write(memberRecord(groupId, member), targetRecord(groupId, memberId, target), currentRecord(groupId, member));
  return member;
}

function hasMoved(a: ConsumerMember, b: ConsumerMember): boolean {
  return (
    a.memberEpoch !== b.memberEpoch ||
    a.state !== b.state ||
    !sameAssignment(a.assigned, b.assigned) ||
    !sameAssignment(a.pendingRevocation, b.pendingRevocation)
  );
}
