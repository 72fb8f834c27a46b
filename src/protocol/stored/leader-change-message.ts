import { array, type DecodedOf, defineMessage, type InputOf, int16, int32, uuid } from '../schema/index.ts';

const voter = { voterId: int32(), voterDirectoryId: uuid({ versions: '1+' }) };

/** The control record with which a raft leader starts its epoch. */
export const leaderChangeMessage = defineMessage({
  name: 'LeaderChangeMessage',
  versions: '0-1',
  flexible: '0+',
  fields: {
    version: int16(),
    leaderId: int32(),
    voters: array(voter),
    /** Those whose votes made it leader. */
    grantingVoters: array(voter),
  },
});

export type LeaderChangeMessage = DecodedOf<typeof leaderChangeMessage>;
export type LeaderChangeMessageInput = InputOf<typeof leaderChangeMessage>;
