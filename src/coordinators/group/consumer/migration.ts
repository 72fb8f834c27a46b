import { decodeMessageAt, KafkaError } from '#protocol';
import { consumerProtocolAssignment } from '#protocol/stored/consumer-protocol-assignment.ts';
import type { ClassicGroup } from '../classic/classic-group.ts';
import { type ClassicMember, metadataOf } from '../classic/member.ts';
import { dissolve, prepareRebalance } from '../classic/rebalance.ts';
import { extendSession as extendClassicSession } from '../classic/sessions.ts';
import { consumerProtocolType, readSubscription } from '../classic/subscription.ts';
import type { ConsumerGroupRecord } from '../records.ts';
import type { TopicsImage, Turn } from '../turn.ts';
import { type Assignment, assignmentOf, noPartitions } from './assignment.ts';
import { classicAssignment } from './classic-side.ts';
import { ConsumerGroup, newMember } from './consumer-group.ts';
import type { Draft } from './draft.ts';
import type { ConsumerMember } from './member.ts';
import { currentRecord, memberRecord, targetRecord } from './member-records.ts';
import { endSession, extendSession, type Fence } from './sessions.ts';

/**
 * A member that speaks the new protocol joins a classic group: from here on it is a consumer group, and its members go on in it as they were, with what they
 * have, while they speak the classic protocol.
 * @throws KafkaError GROUP_ID_NOT_FOUND when that cannot be
 */
export function upgrade(classic: ClassicGroup, turn: Turn, fence: Fence): ConsumerGroup {
  const { groupId, generationId } = classic;
  const group = new ConsumerGroup(groupId, turn.now.wall);
  const members = [...classic.members.values()].map((member) => consumerMember(classic, member, turn.host.topics));
  if (members.length > 0 && !turn.host.config.mayUpgrade) refuse(groupId, 'group.consumer.migration.policy forbids it');
  if (members.length > turn.host.config.consumerMaxSize) refuse(groupId, 'it has more members than group.consumer.max.size');
  dissolve(classic, turn);
  turn.records.push(...classic.tombstones());
  if (members.length === 0) return group;
  const records: ConsumerGroupRecord[] = [
    ...members.map((member) => memberRecord(groupId, member)),
    { kind: 'consumer-group', key: { groupId }, value: { epoch: generationId, metadataHash: 0n } },
    ...members.map(({ memberId, assigned }) => targetRecord(groupId, memberId, assigned)),
    { kind: 'target', key: { groupId }, value: { assignmentEpoch: generationId, assignmentTimestamp: BigInt(turn.now.wall) } },
    ...members.map((member) => currentRecord(groupId, member)),
  ];
  for (const record of records) group.apply(record, turn.now.wall);
  turn.records.push(...records);
  for (const member of members) extendSession(groupId, member, turn, fence);
  return group;
}

/** May a group whose last member with the new protocol has gone become a classic one? */
export function mayDowngrade({ members }: ConsumerGroup, turn: Turn): boolean {
  const { config } = turn.host;
  const areClassic = [...members.values()].every(({ classic }) => classic !== undefined);
  return members.size > 0 && areClassic && config.mayDowngrade && members.size <= config.maxSize;
}

/** From here on it is a classic group, in a stable generation with what its members are to have; they join again at once. */
export function downgrade(draft: Draft, classic: ClassicGroup): void {
  const { group, turn, groupId } = draft;
  const members = [...group.members.values()];
  for (const { memberId } of members) endSession(groupId, memberId, turn);
  classic.generationId = group.groupEpoch;
  for (const member of members) classic.add(classicMember(member), consumerProtocolType);
  classic.protocolName = classic.selectProtocol();
  const assignments = members.map((member): [string, Buffer] => {
    const protocol = member.classic!.protocols.find(({ name }) => name === classic.protocolName)!;
    return [member.memberId, classicAssignment(group.targets.get(member.memberId) ?? noPartitions, protocol, turn.host.topics)];
  });
  turn.records.push(...group.tombstones(), classic.record(turn.now.wall, new Map(assignments)));
  turn.host.timers.set(`downgraded ${groupId}`, turn.now.monotonic, (later) => {
    const now = later.host.groupOf(groupId);
    if (now?.type !== 'classic') return;
    for (const member of (now as ClassicGroup).members.values()) extendClassicSession(now as ClassicGroup, member, later);
    if (!now.isEmpty) prepareRebalance(now as ClassicGroup, later);
  });
}

function consumerMember(group: ClassicGroup, member: ClassicMember, topics: TopicsImage): ConsumerMember {
  const { memberId, groupInstanceId: instanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocols } = member;
  const subscription = readSubscription(metadataOf(member, group.protocolName ?? protocols[0]?.name ?? ''));
  if (group.protocolType !== consumerProtocolType || subscription === undefined)
    refuse(group.groupId, 'what its members want to read cannot be understood');
  const { generationId } = group;
  return {
    ...newMember(memberId),
    memberEpoch: generationId,
    previousMemberEpoch: generationId,
    instanceId,
    rackId: subscription.rackId,
    clientId,
    clientHost,
    rebalanceTimeoutMs,
    subscribedTopicNames: subscription.topics,
    assigned: assignedTo(member, topics),
    classic: { sessionTimeoutMs, protocols },
  };
}

function assignedTo({ assignment }: ClassicMember, topics: TopicsImage): Assignment {
  if (assignment.length < 2) return noPartitions;
  const version = Math.min(assignment.readInt16BE(0), 3);
  const { assignedPartitions } = decodeMessageAt(consumerProtocolAssignment, version, assignment, 2).value;
  return assignmentOf(
    assignedPartitions.flatMap(({ topic, partitions }) => {
      const known = topics.byName(topic);
      return known === undefined ? [] : [{ topicId: known.id, partitions }];
    }),
  );
}

function classicMember({ memberId, instanceId, clientId, clientHost, rebalanceTimeoutMs, classic }: ConsumerMember): ClassicMember {
  return {
    memberId,
    groupInstanceId: instanceId,
    clientId,
    clientHost,
    rebalanceTimeoutMs,
    sessionTimeoutMs: classic!.sessionTimeoutMs,
    protocols: classic!.protocols,
    assignment: Buffer.alloc(0),
    joinTicket: undefined,
    syncTicket: undefined,
    isNew: false,
  };
}

function refuse(groupId: string, why: string): never {
  throw new KafkaError('GROUP_ID_NOT_FOUND', `${groupId} is a classic group and cannot become a consumer group: ${why}`);
}
