import type { Turn } from '../turn.ts';
import { joinRefused, syncRefused } from './answers.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { ClassicMember } from './member.ts';
import { tryCompleteJoin } from './rebalance.ts';
import { endSession } from './sessions.ts';

/** A member is out: it left, or nothing was heard of it. The others share out its work. */
export function dropMember(group: ClassicGroup, member: ClassicMember, turn: Turn): void {
  forgetMember(group, member, turn);
  group.state.memberLeft(group, turn);
}

/** The same without the others being told. */
export function forgetMember(group: ClassicGroup, member: ClassicMember, turn: Turn): void {
  turn.answer(member.joinTicket, joinRefused('UNKNOWN_MEMBER_ID', ''));
  turn.answer(member.syncTicket, syncRefused('UNKNOWN_MEMBER_ID'));
  endSession(group, member.memberId, turn);
  group.remove(member.memberId);
}

/** Nobody came with an id that was given. */
export function dropPendingMember(group: ClassicGroup, memberId: string, turn: Turn): void {
  endSession(group, memberId, turn);
  group.pendingMembers.delete(memberId);
  tryCompleteJoin(group, turn);
}
