import { newMemberJoinTimeoutMs } from '../config.ts';
import type { Turn } from '../turn.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { ClassicMember } from './member.ts';
import { dropMember, dropPendingMember } from './members.ts';

function nameOf(group: ClassicGroup, memberId: string): string {
  return `session ${memberId} ${group.groupId}`;
}

/** The member was heard of: it may be silent for a session timeout from now on. */
export function extendSession(group: ClassicGroup, member: ClassicMember, turn: Turn): void {
  const { memberId, sessionTimeoutMs } = member;
  // Who has never been in a generation cannot send heartbeats while it waits to join its first one.
  const timeoutMs = member.isNew && member.joinTicket !== undefined ? Math.max(sessionTimeoutMs, newMemberJoinTimeoutMs) : sessionTimeoutMs;
  turn.host.timers.set(nameOf(group, memberId), turn.now.monotonic + timeoutMs, (later) => {
    const now = group.members.get(memberId);
    if (now === undefined) return;
    // Who waits for an answer of ours need not say that it is alive.
    const isWaiting = (now.joinTicket !== undefined && !now.isNew) || now.syncTicket !== undefined;
    if (!isWaiting) dropMember(group, now, later);
  });
}

/** An id was given to a member, which has to come back with it in time. */
export function awaitPendingMember(group: ClassicGroup, memberId: string, sessionTimeoutMs: number, turn: Turn): void {
  turn.host.timers.set(nameOf(group, memberId), turn.now.monotonic + sessionTimeoutMs, (later) => {
    if (group.pendingMembers.has(memberId)) dropPendingMember(group, memberId, later);
  });
}

export function endSession(group: ClassicGroup, memberId: string, turn: Turn): void {
  turn.host.timers.cancel(nameOf(group, memberId));
}
