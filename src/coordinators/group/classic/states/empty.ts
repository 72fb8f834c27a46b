import { KafkaError } from '#protocol';
import { prepareRebalance } from '../rebalance.ts';
import type { ClassicState } from '../state.ts';

function nobody(): never {
  throw new KafkaError('UNKNOWN_MEMBER_ID', 'the group has no members');
}

/** No members. Offsets may be there, and be committed by those who are in no group. */
export const empty: ClassicState = {
  name: 'Empty',
  hasRoom: () => true,
  rejoin: nobody,
  replaced: nobody,
  sync: nobody,
  heartbeat: nobody,
  checkCommit: nobody,
  memberLeft() {},
  changed: prepareRebalance,
};
