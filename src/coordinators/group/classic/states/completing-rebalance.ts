import { KafkaError } from '#protocol';
import { joined } from '../answers.ts';
import { awaitJoin } from '../join-group.ts';
import { sameProtocols } from '../member.ts';
import { prepareRebalance } from '../rebalance.ts';
import { extendSession } from '../sessions.ts';
import type { ClassicState } from '../state.ts';
import { awaitSync } from '../sync-group.ts';

/** A generation has begun, and its members wait for the leader to say who does what. */
export const completingRebalance: ClassicState = {
  name: 'CompletingRebalance',
  hasRoom: (group, maxSize, member) => member !== undefined || group.members.size < maxSize,

  /** One that offers the same has not heard the answer: it gets it again. */
  rejoin(group, member, join, turn) {
    if (sameProtocols(member.protocols, join.protocols)) {
      extendSession(group, member, turn);
      turn.respond(joined(group, member));
      return;
    }
    awaitJoin(group, member, join, turn);
    prepareRebalance(group, turn);
  },

  /** The leader may just be sharing out work to the id that it had, so that all begin again. */
  replaced(group, _before, member, join, turn) {
    awaitJoin(group, member, join, turn);
    prepareRebalance(group, turn);
  },

  sync: awaitSync,
  heartbeat: extendSession,

  /** A member of the new generation has nothing yet that it could have read. */
  checkCommit() {
    throw new KafkaError('REBALANCE_IN_PROGRESS');
  },

  memberLeft: prepareRebalance,
  changed: prepareRebalance,
};
