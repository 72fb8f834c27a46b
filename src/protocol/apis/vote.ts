import {
  array,
  bool,
  defineApi,
  errorCode,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uint16,
  uuid,
} from '../schema/index.ts';

/** Vote: Will this voter vote for the candidate, or would it in an election (pre-vote, KIP-996)? */
export const vote = defineApi({
  key: 52,
  name: 'Vote',
  versions: '0-2',
  flexible: '0+',
  listeners: ['controller'],
  request: {
    clusterId: string({ nullable: '0+', default: null }),
    voterId: int32({ versions: '1+', default: -1, ignorable: true }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        replicaEpoch: int32(),
        replicaId: int32(),
        replicaDirectoryId: uuid({ versions: '1+', ignorable: true }),
        voterDirectoryId: uuid({ versions: '1+', ignorable: true }),
        lastOffsetEpoch: int32(),
        lastOffset: int64(),
        /** Asks without raising anyone's epoch (KIP-996). */
        preVote: bool({ versions: '2+' }),
      }),
    }),
  },
  response: {
    errorCode: errorCode(),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: errorCode(),
        leaderId: int32(),
        leaderEpoch: int32(),
        voteGranted: bool(),
      }),
    }),
    nodeEndpoints: array({ nodeId: int32(), host: string(), port: uint16() }, { versions: '1+', tag: 0 }),
  },
});

export type VoteRequest = RequestOf<typeof vote>;
export type VoteRequestInput = RequestInput<typeof vote>;
export type VoteResponse = ResponseOf<typeof vote>;
export type VoteResponseInput = ResponseInput<typeof vote>;
