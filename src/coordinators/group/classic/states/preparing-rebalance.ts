import { KafkaError } from '#protocol';
import { awaitJoin } from '../join-group.ts';
import { tryCompleteJoin } from '../rebalance.ts';
import { extendSession } from '../sessions.ts';
import type { ClassicState } from '../state.ts';

/** All members are to join again, and wait until the others have. */
export const preparingRebalance: ClassicState = {
  name: 'PreparingRebalance',

  /** Those that have joined already keep their place; the others have to fit in beside them. */
  hasRoom: (group, maxSize, member) => member?.joinTicket !== undefined || group.awaitingJoin < maxSize,

  rejoin(group, member, join, turn) {
    awaitJoin(group, member, join, turn);
    tryCompleteJoin(group, turn);
  },

  replaced(group, _before, member, join, turn) {
    awaitJoin(group, member, join, turn);
    tryCompleteJoin(group, turn);
  },

  sync() {
    throw new KafkaError('REBALANCE_IN_PROGRESS');
  },

  heartbeat(group, member, turn) {
    extendSession(group, member, turn);
    throw new KafkaError('REBALANCE_IN_PROGRESS');
  },

  /** What members have read under the last generation is still theirs to commit. */
  checkCommit: (group, member, turn) => extendSession(group, member, turn),
  memberLeft: tryCompleteJoin,

  changed(group, turn) {
    if (group.awaitsMore) group.hasGrown = true;
    tryCompleteJoin(group, turn);
  },
};
