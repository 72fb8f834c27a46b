import { array, type DecodedOf, defineMessage, type InputOf, int32, int64, string, uuid } from '../schema/index.ts';

/** The file quorum-state: the epoch a raft node is in, and whom it voted for or follows there. */
export const quorumStateData = defineMessage({
  name: 'QuorumStateData',
  versions: '0-1',
  flexible: '0+',
  fields: {
    clusterId: string({ versions: '0' }),
    /** -1 when the leader is unknown. */
    leaderId: int32({ default: -1 }),
    leaderEpoch: int32({ default: -1 }),
    /** -1 when no vote was cast in this epoch. */
    votedId: int32({ default: -1 }),
    votedDirectoryId: uuid({ versions: '1+' }),
    appliedOffset: int64({ versions: '0' }),
    currentVoters: array({ voterId: int32() }, { versions: '0', nullable: '0' }),
  },
});

export type QuorumStateData = DecodedOf<typeof quorumStateData>;
export type QuorumStateDataInput = InputOf<typeof quorumStateData>;
