import { KafkaError } from '#protocol';
import type { SyncGroupRequest } from '#protocol/apis/sync-group.ts';
import type { Turn } from '../turn.ts';
import { synced, syncRefused } from './answers.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { ClassicMember } from './member.ts';
import { noteSync, prepareRebalance, refuseSyncs } from './rebalance.ts';
import { extendSession } from './sessions.ts';

/** What is this member to do? The leader brings the answer for all. @throws KafkaError for a refusal */
export function syncClassicGroup(group: ClassicGroup, request: SyncGroupRequest, turn: Turn): void {
  const member = group.member(request.memberId, request.groupInstanceId);
  checkGeneration(group, request.generationId);
  if (differs(request.protocolType, group.protocolType) || differs(request.protocolName, group.protocolName))
    throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', `the group uses ${group.protocolType} / ${group.protocolName}`);
  group.state.sync(group, member, request, turn);
}

/** @throws KafkaError ILLEGAL_GENERATION */
export function checkGeneration(group: ClassicGroup, generationId: number): void {
  if (generationId !== group.generationId)
    throw new KafkaError('ILLEGAL_GENERATION', `the group is in generation ${group.generationId}, the request in ${generationId}`);
}

function differs(asked: string | null, own: string | null): boolean {
  return asked !== null && asked !== own;
}

/** Waits for the leader, or is it: then its word is written down, and all are told when that is committed. */
export function awaitSync(group: ClassicGroup, member: ClassicMember, request: SyncGroupRequest, turn: Turn): void {
  turn.answer(member.syncTicket, syncRefused('REBALANCE_IN_PROGRESS'));
  member.syncTicket = turn.ticket;
  noteSync(group, member, turn);
  if (!group.isLeader(member.memberId)) return;
  // The request's frame is not kept.
  const assignments = new Map(request.assignments.map(({ memberId, assignment }) => [memberId, Buffer.from(assignment)]));
  turn.records.push(group.record(turn.now.wall, assignments));
  const waiting = [...group.members.values()].filter(({ syncTicket }) => syncTicket !== undefined);
  for (const each of waiting) {
    if (each === member) turn.respond(synced(group, assignments.get(each.memberId) ?? Buffer.alloc(0)));
    else turn.answer(each.syncTicket, synced(group, assignments.get(each.memberId) ?? Buffer.alloc(0)));
    extendSession(group, each, turn);
  }
  turn.onFailure((error, later) => {
    member.syncTicket = undefined;
    refuseSyncs(group, error.errorName, later);
    prepareRebalance(group, later);
  });
}
