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

/** BeginQuorumEpoch: A raft leader tells the voters that it leads. */
export const beginQuorumEpoch = defineApi({
  key: 53,
  name: 'BeginQuorumEpoch',
  versions: '0-1',
  flexible: '1+',
  listeners: ['controller'],
  request: {
    clusterId: string({ nullable: '0+', default: null }),
    voterId: int32({ versions: '1+', default: -1, ignorable: true }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        voterDirectoryId: uuid({ versions: '1+', ignorable: true }),
        leaderId: int32(),
        leaderEpoch: int32(),
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

export type BeginQuorumEpochRequest = RequestOf<typeof beginQuorumEpoch>;
export type BeginQuorumEpochRequestInput = RequestInput<typeof beginQuorumEpoch>;
export type BeginQuorumEpochResponse = ResponseOf<typeof beginQuorumEpoch>;
export type BeginQuorumEpochResponseInput = ResponseInput<typeof beginQuorumEpoch>;
