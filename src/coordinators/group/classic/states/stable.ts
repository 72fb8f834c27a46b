import { joined, joinRefused, synced } from '../answers.ts';
import { awaitJoin } from '../join-group.ts';
import { sameProtocols } from '../member.ts';
import { noteSync, prepareRebalance } from '../rebalance.ts';
import { extendSession } from '../sessions.ts';
import type { ClassicState } from '../state.ts';

/** Everybody knows what to do. */
export const stable: ClassicState = {
  name: 'Stable',
  hasRoom: (group, maxSize, member) => member !== undefined || group.members.size < maxSize,

  /** The leader joins again when it wants to share out anew, any other when it offers something else; else it has not heard its answer. */
  rejoin(group, member, join, turn) {
    if (!group.isLeader(member.memberId) && sameProtocols(member.protocols, join.protocols)) {
      extendSession(group, member, turn);
      turn.respond(joined(group, member));
      return;
    }
    awaitJoin(group, member, join, turn);
    prepareRebalance(group, turn);
  },

  /**
   * It goes on where it was before it was restarted, without a rebalance, unless the group would choose another protocol now. A leader is told of all members,
   * and that nothing has to be shared out (KIP-814); an older client is told its former leader, so that it does not take itself for that.
   */
  replaced(group, before, member, join, turn) {
    const { sessionTimeoutMs, rebalanceTimeoutMs, protocols } = member;
    awaitJoin(group, member, join, turn);
    if (group.selectProtocol() !== group.protocolName) {
      prepareRebalance(group, turn);
      return;
    }
    member.joinTicket = undefined;
    member.isNew = false;
    const leaderBefore = group.isLeader(member.memberId) ? before.memberId : (group.leaderId ?? '');
    extendSession(group, member, turn);
    turn.records.push(group.record(turn.now.wall, new Map([...group.members.values()].map((each) => [each.memberId, each.assignment]))));
    turn.onFailure((error, later) => {
      Object.assign(member, { sessionTimeoutMs, rebalanceTimeoutMs, protocols });
      extendSession(group, group.replace(member, before.memberId), later);
      later.answer(turn.ticket, joinRefused(error.errorName, ''));
    });
    const more = join.canSkipAssignment ? { skipAssignment: group.isLeader(member.memberId) } : { leader: leaderBefore, members: [] };
    turn.respond(joined(group, member, more));
  },

  sync(group, member, _request, turn) {
    noteSync(group, member, turn);
    extendSession(group, member, turn);
    turn.respond(synced(group, member.assignment));
  },

  heartbeat: extendSession,
  checkCommit: (group, member, turn) => extendSession(group, member, turn),
  memberLeft: prepareRebalance,
  changed: prepareRebalance,
};
