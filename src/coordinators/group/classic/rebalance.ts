import type { ErrorName } from '#protocol';
import type { Turn } from '../turn.ts';
import { joined, joinRefused, syncRefused } from './answers.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { ClassicMember } from './member.ts';
import { dropMember, forgetMember } from './members.ts';
import { endSession, extendSession } from './sessions.ts';
import { completingRebalance } from './states/completing-rebalance.ts';
import { empty } from './states/empty.ts';
import { preparingRebalance } from './states/preparing-rebalance.ts';

const noBytes = Buffer.alloc(0);

/** The timer of the step that a rebalance is in. A group has one at a time. */
function nameOf(group: ClassicGroup): string {
  return `rebalance ${group.groupId}`;
}

/** All are to join again. It ends when they have, or when the most patient of them would wait no longer (G5). */
export function prepareRebalance(group: ClassicGroup, turn: Turn): void {
  if (group.state === completingRebalance) refuseSyncs(group, 'REBALANCE_IN_PROGRESS', turn);
  group.pendingSyncs.clear();
  const { initialRebalanceDelayMs } = turn.host.config;
  const isFirst = group.isEmpty;
  group.enter(preparingRebalance, turn);
  if (isFirst && initialRebalanceDelayMs > 0) {
    group.hasGrown = false;
    group.awaitsMore = true;
    awaitMoreMembers(group, Math.max(0, group.rebalanceTimeoutMs - initialRebalanceDelayMs), turn);
    return;
  }
  turn.host.timers.set(nameOf(group), turn.now.monotonic + group.rebalanceTimeoutMs, (later) => completeJoin(group, later));
  tryCompleteJoin(group, turn);
}

/** The first rebalance of a group waits a while, and on while members come, so that they do not rebalance one by one (KIP-134). */
function awaitMoreMembers(group: ClassicGroup, leftMs: number, turn: Turn): void {
  const delayMs = turn.host.config.initialRebalanceDelayMs;
  turn.host.timers.set(nameOf(group), turn.now.monotonic + delayMs, (later) => {
    if (!group.hasGrown || leftMs === 0) {
      completeJoin(group, later);
      return;
    }
    group.hasGrown = false;
    group.awaitsMore = true;
    awaitMoreMembers(group, Math.max(0, leftMs - delayMs), later);
  });
}

/** Ends the wait when there is nobody to wait for. */
export function tryCompleteJoin(group: ClassicGroup, turn: Turn): void {
  if (group.state === preparingRebalance && !group.awaitsMore && group.haveAllJoined) completeJoin(group, turn);
}

/** A generation begins with those who have joined. Who has not is out, unless it is static: it may still come back. */
function completeJoin(group: ClassicGroup, turn: Turn): void {
  turn.host.timers.cancel(nameOf(group));
  group.awaitsMore = false;
  for (const member of [...group.members.values()])
    if (member.joinTicket === undefined && member.groupInstanceId === null) forgetMember(group, member, turn);
  if (group.members.size > 0 && !electLeader(group)) {
    turn.host.timers.set(nameOf(group), turn.now.monotonic + group.rebalanceTimeoutMs, (later) => completeJoin(group, later));
    return;
  }
  group.advance();
  if (group.members.size === 0) {
    group.enter(empty, turn);
    turn.records.push(group.record(turn.now.wall, new Map()));
    return;
  }
  group.enter(completingRebalance, turn);
  for (const member of group.members.values()) {
    turn.answer(member.joinTicket, joined(group, member));
    member.joinTicket = undefined;
    member.isNew = false;
    group.pendingSyncs.add(member.memberId);
    extendSession(group, member, turn);
  }
  turn.host.timers.set(nameOf(group), turn.now.monotonic + group.rebalanceTimeoutMs, (later) => dropUnsynced(group, later));
}

/** The leader has to be one who is there. */
function electLeader(group: ClassicGroup): boolean {
  if (group.leaderId !== null && group.members.get(group.leaderId)?.joinTicket !== undefined) return true;
  const present = [...group.members.values()].find(({ joinTicket }) => joinTicket !== undefined);
  if (present === undefined) return false;
  group.leaderId = present.memberId;
  return true;
}

/** Who has joined and then not asked what to do keeps the others waiting: it is out, and they join again. */
function dropUnsynced(group: ClassicGroup, turn: Turn): void {
  const silent = [...group.pendingSyncs].flatMap((memberId) => group.members.get(memberId) ?? []);
  group.pendingSyncs.clear();
  for (const member of silent.slice(1)) forgetMember(group, member, turn);
  if (silent[0] !== undefined) dropMember(group, silent[0], turn);
}

/** A member has asked what to do. With the last one the rebalance is over. */
export function noteSync(group: ClassicGroup, { memberId }: ClassicMember, turn: Turn): void {
  group.pendingSyncs.delete(memberId);
  if (group.pendingSyncs.size === 0) turn.host.timers.cancel(nameOf(group));
}

/** The group goes on as a consumer group: who waits asks again, and nothing of it is timed any more. */
export function dissolve(group: ClassicGroup, turn: Turn): void {
  const { state } = group;
  turn.host.timers.cancel(nameOf(group));
  for (const member of group.members.values()) {
    turn.answer(member.joinTicket, joinRefused('REBALANCE_IN_PROGRESS', member.memberId));
    turn.answer(member.syncTicket, syncRefused('REBALANCE_IN_PROGRESS'));
    member.joinTicket = undefined;
    member.syncTicket = undefined;
  }
  for (const memberId of [...group.members.keys(), ...group.pendingMembers]) endSession(group, memberId, turn);
  turn.onFailure((_error, later) => {
    for (const member of group.members.values()) extendSession(group, member, later);
    if (state === preparingRebalance || state === completingRebalance) prepareRebalance(group, later);
  });
}

export function refuseSyncs(group: ClassicGroup, error: ErrorName, turn: Turn): void {
  for (const member of group.members.values()) {
    member.assignment = noBytes;
    if (member.syncTicket === undefined) continue;
    turn.answer(member.syncTicket, syncRefused(error));
    member.syncTicket = undefined;
    extendSession(group, member, turn);
  }
}
