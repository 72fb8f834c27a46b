import { encodeMessage, KafkaError } from '#protocol';
import type { HeartbeatRequest } from '#protocol/apis/heartbeat.ts';
import type { JoinGroupResponseInput } from '#protocol/apis/join-group.ts';
import type { SyncGroupRequest, SyncGroupResponseInput } from '#protocol/apis/sync-group.ts';
import { consumerProtocolAssignment } from '#protocol/stored/consumer-protocol-assignment.ts';
import { joinRefused } from '../classic/answers.ts';
import type { Join } from '../classic/join-group.ts';
import type { MemberProtocol } from '../classic/member.ts';
import { consumerProtocolType, readSubscription } from '../classic/subscription.ts';
import type { TopicsImage, Turn } from '../turn.ts';
import { type Assignment, assignmentOf, eachPartition, topicPartitionsOf } from './assignment.ts';
import { type ConsumerGroup, newMember } from './consumer-group.ts';
import type { Draft } from './draft.ts';
import { settle, takePlace } from './heartbeat.ts';
import type { ClassicSide, ConsumerMember } from './member.ts';
import { extendSession, type Fence, watchRebalance } from './sessions.ts';

/**
 * Members of a consumer group that speak the classic protocol: half-way through a migration, or for good. JoinGroup is their heartbeat with a change, Heartbeat the
 * one without; that something is to be given up, or to be had, they learn by REBALANCE_IN_PROGRESS, and join again.
 */
export function joinAsClassic(draft: Draft, join: Join, fence: Fence): void {
  const { turn, groupId } = draft;
  checkProtocols(draft.group, join);
  const subscription = readSubscription(join.protocols[0]!.metadata);
  if (subscription === undefined) throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', 'what the member wants to read cannot be understood');
  if (join.memberId === '' && join.groupInstanceId === null && join.takesIdFirst) {
    turn.respond(joinRefused('MEMBER_ID_REQUIRED', turn.host.newId()));
    return;
  }
  const { before, isNew } = findOrJoin(draft, join);
  // It was in the group and is not any more: what it still takes for its own others have. Once it has heard that, it joins with nothing.
  if (isNew && join.memberId !== '' && subscription.ownedPartitions.some(({ partitions }) => partitions.length > 0))
    throw new KafkaError('UNKNOWN_MEMBER_ID', `the group has no member ${join.memberId}`);
  const wanted: ConsumerMember = {
    ...before,
    clientId: join.clientId,
    clientHost: join.clientHost,
    instanceId: join.groupInstanceId ?? before.instanceId,
    rackId: subscription.rackId ?? before.rackId,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs,
    subscribedTopicNames: subscription.topics,
    classic: { sessionTimeoutMs: join.sessionTimeoutMs, protocols: join.protocols },
  };
  const owned = assignmentOf(
    subscription.ownedPartitions.flatMap(({ topic, partitions }) => {
      const known = turn.host.topics.byName(topic);
      return known === undefined ? [] : [{ topicId: known.id, partitions }];
    }),
  );
  const member = settle(draft, before, wanted, isNew, owned, fence);
  // It has to ask what to do in time.
  watchRebalance(groupId, member, false, turn, fence);
  watchRebalance(groupId, member, true, turn, fence);
  const answer: JoinGroupResponseInput = {
    throttleTimeMs: 0,
    errorCode: 'NONE',
    generationId: member.memberEpoch,
    protocolType: consumerProtocolType,
    protocolName: join.protocols[0]!.name,
    leader: '',
    memberId: member.memberId,
    members: [],
  };
  turn.respond(answer);
}

/** @throws KafkaError for a refusal */
export function syncAsClassic(draft: Draft, request: SyncGroupRequest, fence: Fence): SyncGroupResponseInput {
  const { turn, groupId, group } = draft;
  const { member, classic } = classicMember(group, request.memberId, request.groupInstanceId);
  checkGeneration(member, request.generationId);
  const [protocol] = classic.protocols;
  if (
    (request.protocolType ?? consumerProtocolType) !== consumerProtocolType ||
    (request.protocolName ?? protocol!.name) !== protocol!.name
  )
    throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', `the member uses ${consumerProtocolType} / ${protocol!.name}`);
  if (group.groupEpoch > member.memberEpoch && member.state !== 'unrevoked') {
    watchRebalance(groupId, member, true, turn, fence);
    throw new KafkaError('REBALANCE_IN_PROGRESS');
  }
  watchRebalance(groupId, member, false, turn, fence);
  extendSession(groupId, member, turn, fence);
  return {
    throttleTimeMs: 0,
    errorCode: 'NONE',
    protocolType: request.protocolType,
    protocolName: request.protocolName,
    assignment: classicAssignment(member.assigned, protocol!, turn.host.topics),
  };
}

/** @throws KafkaError for a refusal; REBALANCE_IN_PROGRESS when the member has something to give up or to get */
export function heartbeatAsClassic(group: ConsumerGroup, request: HeartbeatRequest, turn: Turn, fence: Fence): void {
  const { groupId } = group;
  const { member } = classicMember(group, request.memberId, request.groupInstanceId);
  checkGeneration(member, request.generationId);
  extendSession(groupId, member, turn, fence);
  const mayGetMore = member.state === 'unreleased' && !waitsForOthers(group, member);
  if (member.memberEpoch < group.groupEpoch || member.state === 'unrevoked' || mayGetMore) {
    watchRebalance(groupId, member, true, turn, fence);
    throw new KafkaError('REBALANCE_IN_PROGRESS');
  }
}

/** An assignment as classic consumers read it, in the version in which they speak. */
export function classicAssignment(assignment: Assignment, { metadata }: MemberProtocol, topics: TopicsImage): Buffer {
  const version = readSubscription(metadata)?.version ?? 0;
  const assignedPartitions = topicPartitionsOf(assignment).flatMap(({ topicId, partitions }) => {
    const topic = topics.byId(topicId);
    return topic === undefined ? [] : [{ topic: topic.name, partitions }];
  });
  const body = encodeMessage(consumerProtocolAssignment, version, { assignedPartitions, userData: Buffer.alloc(0) });
  return Buffer.concat([Buffer.from([0, version]), body]);
}

function findOrJoin(draft: Draft, join: Join): { before: ConsumerMember; isNew: boolean } {
  const { group, turn } = draft;
  const { memberId, groupInstanceId } = join;
  const holder = groupInstanceId === null ? undefined : group.instances.get(groupInstanceId);
  if (holder !== undefined && memberId === '')
    return { before: takePlace(draft, { ...group.members.get(holder)!, memberEpoch: -2 }, turn.host.newId()), isNew: false };
  if (groupInstanceId !== null && memberId !== '') return { before: group.member(memberId, groupInstanceId), isNew: false };
  const known = group.members.get(memberId);
  if (known !== undefined) return { before: known, isNew: false };
  const { consumerMaxSize } = turn.host.config;
  if (group.members.size >= consumerMaxSize)
    throw new KafkaError('GROUP_MAX_SIZE_REACHED', `the group has ${consumerMaxSize} members, which is group.consumer.max.size`);
  return { before: newMember(memberId === '' ? turn.host.newId() : memberId), isNew: true };
}

/** All members that speak the classic protocol share one way of doing it, as they would in a classic group. */
function checkProtocols(group: ConsumerGroup, { protocolType, protocols, memberId }: Join): void {
  const others = [...group.members.values()].filter((member) => member.classic !== undefined && member.memberId !== memberId);
  const isCommon = ({ name }: MemberProtocol) => others.every(({ classic }) => classic!.protocols.some((each) => each.name === name));
  if (protocolType !== consumerProtocolType || !protocols.some(isCommon))
    throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', 'the member has no protocol in common with the group');
}

function classicMember(
  group: ConsumerGroup,
  memberId: string,
  instanceId: string | null,
): { member: ConsumerMember; classic: ClassicSide } {
  const member = group.member(memberId, instanceId);
  if (member.classic === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID', `${memberId} does not speak the classic protocol`);
  return { member, classic: member.classic };
}

function checkGeneration({ memberEpoch }: ConsumerMember, generationId: number): void {
  if (generationId !== memberEpoch)
    throw new KafkaError('ILLEGAL_GENERATION', `the member is in generation ${memberEpoch}, the request in ${generationId}`);
}

function waitsForOthers(group: ConsumerGroup, { memberId, assigned }: ConsumerMember): boolean {
  for (const [topicId, partition] of eachPartition(group.targets.get(memberId) ?? new Map())) {
    if (assigned.get(topicId)?.has(partition)) continue;
    const owner = group.ownerOf(topicId, partition);
    if (owner !== undefined && owner !== memberId) return true;
  }
  return false;
}
