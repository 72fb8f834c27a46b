import type { Turn } from '../turn.ts';
import type { ConsumerMember } from './member.ts';

/** What is to be done with a member that has been silent, or has kept others waiting, for too long. */
export type Fence = (groupId: string, memberId: string, turn: Turn) => void;

const sessionOf = (groupId: string, memberId: string) => `consumer session ${memberId} ${groupId}`;
const rebalanceOf = (groupId: string, memberId: string) => `consumer rebalance ${memberId} ${groupId}`;

export function extendSession(groupId: string, member: ConsumerMember, turn: Turn, fence: Fence): void {
  const { memberId, classic } = member;
  const timeoutMs = classic?.sessionTimeoutMs ?? turn.host.configOf(groupId).sessionTimeoutMs;
  turn.host.timers.set(sessionOf(groupId, memberId), turn.now.monotonic + timeoutMs, (later) => fence(groupId, memberId, later));
}

/**
 * A member that has to give something up has the rebalance timeout for it (G5); one that has nothing to do is not watched.
 * @param isDue whether it has something to do
 */
export function watchRebalance(groupId: string, member: ConsumerMember, isDue: boolean, turn: Turn, fence: Fence): void {
  const { memberId, rebalanceTimeoutMs } = member;
  const name = rebalanceOf(groupId, memberId);
  if (!isDue) turn.host.timers.cancel(name);
  else if (!turn.host.timers.has(name))
    turn.host.timers.set(name, turn.now.monotonic + Math.max(0, rebalanceTimeoutMs), (later) => fence(groupId, memberId, later));
}

/** The member is out; when that does not get into the log it is in still, and watched as before. */
export function endSession(groupId: string, memberId: string, turn: Turn): void {
  for (const name of [sessionOf(groupId, memberId), rebalanceOf(groupId, memberId)]) {
    const takeBack = turn.host.timers.cancel(name);
    if (takeBack !== undefined) turn.onFailure(takeBack);
  }
}
