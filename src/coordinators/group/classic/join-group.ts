import { KafkaError } from '#protocol';
import type { JoinGroupRequest } from '#protocol/apis/join-group.ts';
import type { Turn } from '../turn.ts';
import { joinRefused } from './answers.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { ClassicMember, MemberProtocol } from './member.ts';
import { awaitPendingMember, endSession, extendSession } from './sessions.ts';

/** Who sends a request, as far as groups remember it. */
export interface Caller {
  readonly clientId: string;
  /** As Kafka shows it: `/127.0.0.1` */
  readonly clientHost: string;
}

/** A JoinGroup, and what its client's version can do. */
export interface Join extends Caller {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  /** From version 4 on a new member is given its id first and joins with it: one whose answer is lost leaves no ghost (KIP-394). */
  readonly takesIdFirst: boolean;
  /** From version 9 on (KIP-814). */
  readonly canSkipAssignment: boolean;
}

export function joinOf(request: JoinGroupRequest, caller: Caller, apiVersion: number): Join {
  const { memberId, groupInstanceId, sessionTimeoutMs, protocolType } = request;
  return {
    ...caller,
    memberId,
    groupInstanceId,
    sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs < 0 ? sessionTimeoutMs : request.rebalanceTimeoutMs,
    protocolType,
    // The request's frame is not kept.
    protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
    takesIdFirst: apiVersion >= 4,
    canSkipAssignment: apiVersion >= 9,
  };
}

/** May this member take part in the next generation? The answer comes when all others have joined, too. @throws KafkaError for a refusal */
export function joinClassicGroup(group: ClassicGroup, join: Join, turn: Turn): void {
  if (!group.supports(join.protocolType, join.protocols)) {
    group.pendingMembers.delete(join.memberId);
    throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', 'the member has no protocol in common with the group');
  }
  if (!group.state.hasRoom(group, turn.host.config.maxSize, knownAs(group, join))) {
    group.pendingMembers.delete(join.memberId);
    throw new KafkaError('GROUP_MAX_SIZE_REACHED', `the group has ${turn.host.config.maxSize} members, which is group.max.size`);
  }
  if (join.memberId === '') joinAnew(group, join, turn);
  else if (group.pendingMembers.has(join.memberId)) joinWithGivenId(group, join, turn);
  else {
    const member = group.member(join.memberId, join.groupInstanceId);
    group.state.rejoin(group, member, join, turn);
  }
}

/** The member that joins, when the group has it: a static one is known by its name. */
function knownAs(group: ClassicGroup, { memberId, groupInstanceId }: Join): ClassicMember | undefined {
  return group.members.get(memberId === '' ? (group.instances.get(groupInstanceId ?? '') ?? '') : memberId);
}

function joinAnew(group: ClassicGroup, join: Join, turn: Turn): void {
  const { groupInstanceId } = join;
  if (groupInstanceId !== null) {
    const memberId = `${groupInstanceId}-${turn.host.newId()}`;
    const before = group.members.get(group.instances.get(groupInstanceId) ?? '');
    if (before === undefined) addMember(group, memberId, join, turn);
    else takePlace(group, before, memberId, join, turn);
    return;
  }
  const memberId = `${join.clientId}-${turn.host.newId()}`;
  if (!join.takesIdFirst) {
    addMember(group, memberId, join, turn);
    return;
  }
  group.pendingMembers.add(memberId);
  awaitPendingMember(group, memberId, join.sessionTimeoutMs, turn);
  turn.respond(joinRefused('MEMBER_ID_REQUIRED', memberId));
}

function joinWithGivenId(group: ClassicGroup, join: Join, turn: Turn): void {
  if (join.groupInstanceId !== null) throw new KafkaError('INVALID_REQUEST', 'a static member is not given an id first');
  addMember(group, join.memberId, join, turn);
}

function addMember(group: ClassicGroup, memberId: string, join: Join, turn: Turn): void {
  const { groupInstanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocols } = join;
  const member: ClassicMember = {
    memberId,
    groupInstanceId,
    clientId,
    clientHost,
    rebalanceTimeoutMs,
    sessionTimeoutMs,
    protocols,
    assignment: Buffer.alloc(0),
    joinTicket: turn.ticket,
    syncTicket: undefined,
    isNew: true,
  };
  group.add(member, join.protocolType);
  extendSession(group, member, turn);
  group.state.changed(group, turn);
}

/** A static member has been started again: whoever still speaks under its old id is fenced (G6). */
function takePlace(group: ClassicGroup, before: ClassicMember, memberId: string, join: Join, turn: Turn): void {
  turn.answer(before.joinTicket, joinRefused('FENCED_INSTANCE_ID', before.memberId));
  turn.answer(before.syncTicket, { throttleTimeMs: 0, errorCode: 'FENCED_INSTANCE_ID', assignment: Buffer.alloc(0) });
  endSession(group, before.memberId, turn);
  group.state.replaced(group, before, group.replace(before, memberId), join, turn);
}

/** The member waits for the others, and is what it says now. */
export function awaitJoin(group: ClassicGroup, member: ClassicMember, join: Join, turn: Turn): void {
  // It has asked before, on a connection that it has most likely lost.
  turn.answer(member.joinTicket, joinRefused('REBALANCE_IN_PROGRESS', member.memberId));
  member.joinTicket = turn.ticket;
  member.clientId = join.clientId;
  member.clientHost = join.clientHost;
  member.rebalanceTimeoutMs = join.rebalanceTimeoutMs;
  member.sessionTimeoutMs = join.sessionTimeoutMs;
  member.protocols = join.protocols;
  extendSession(group, member, turn);
}
