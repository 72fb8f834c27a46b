import {
  array,
  defineApi,
  errorCode,
  int16,
  int32,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  struct,
  uint16,
  uuid,
} from '../schema/index.ts';

/** UpdateRaftVoter: A voter tells the leader its endpoints and the versions of kraft.version it supports. */
export const updateRaftVoter = defineApi({
  key: 82,
  name: 'UpdateRaftVoter',
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  request: {
    clusterId: string({ nullable: '0+' }),
    currentLeaderEpoch: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: array({ name: string(), host: string(), port: uint16() }),
    kRaftVersionFeature: struct({ minSupportedVersion: int16(), maxSupportedVersion: int16() }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: errorCode(),
    currentLeader: struct(
      {
        leaderId: int32({ default: -1 }),
        leaderEpoch: int32({ default: -1 }),
        host: string(),
        port: int32(),
      },
      { tag: 0 },
    ),
  },
});

export type UpdateRaftVoterRequest = RequestOf<typeof updateRaftVoter>;
export type UpdateRaftVoterRequestInput = RequestInput<typeof updateRaftVoter>;
export type UpdateRaftVoterResponse = ResponseOf<typeof updateRaftVoter>;
export type UpdateRaftVoterResponseInput = ResponseInput<typeof updateRaftVoter>;
