import {
  array,
  defineApi,
  errorCode,
  int32,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
  uint16,
  uuid,
} from '../schema/index.ts';

/** EndQuorumEpoch: A raft leader gives up and names those that should stand for election first. */
export const endQuorumEpoch = defineApi({
  key: 54,
  name: 'EndQuorumEpoch',
  versions: '0-1',
  flexible: '1+',
  listeners: ['controller'],
  request: {
    clusterId: string({ nullable: '0+', default: null }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32(),
        preferredSuccessors: array(int32(), { versions: '0', ignorable: true }),
        preferredCandidates: array({ candidateId: int32(), candidateDirectoryId: uuid() }, { versions: '1+', ignorable: true }),
      }),
    }),
    leaderEndpoints: array({ name: string(), host: string(), port: uint16() }, { versions: '1+', ignorable: true }),
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
      }),
    }),
    nodeEndpoints: array({ nodeId: int32(), host: string(), port: uint16() }, { versions: '1+', tag: 0 }),
  },
});

export type EndQuorumEpochRequest = RequestOf<typeof endQuorumEpoch>;
export type EndQuorumEpochRequestInput = RequestInput<typeof endQuorumEpoch>;
export type EndQuorumEpochResponse = ResponseOf<typeof endQuorumEpoch>;
export type EndQuorumEpochResponseInput = ResponseInput<typeof endQuorumEpoch>;
