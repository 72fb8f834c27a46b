import {
  array,
  defineApi,
  errorCode,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  records,
  string,
  struct,
  uint16,
  uuid,
} from '../schema/index.ts';

/** FetchSnapshot: Some bytes of a snapshot of the metadata log. */
export const fetchSnapshot = defineApi({
  key: 59,
  name: 'FetchSnapshot',
  versions: '0-1',
  flexible: '0+',
  listeners: ['controller'],
  request: {
    clusterId: string({ nullable: '0+', tag: 0, default: null }),
    replicaId: int32({ default: -1 }),
    maxBytes: int32({ default: 0x7fffffff }),
    topics: array({
      name: string(),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32(),
        snapshotId: struct({ endOffset: int64(), epoch: int32() }),
        position: int64(),
        replicaDirectoryId: uuid({ versions: '1+', tag: 0, ignorable: true }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ ignorable: true }),
    errorCode: errorCode(),
    topics: array({
      name: string(),
      partitions: array({
        index: int32(),
        errorCode: errorCode(),
        snapshotId: struct({ endOffset: int64(), epoch: int32() }),
        currentLeader: struct({ leaderId: int32(), leaderEpoch: int32() }, { tag: 0 }),
        size: int64(),
        position: int64(),
        unalignedRecords: records(),
      }),
    }),
    nodeEndpoints: array({ nodeId: int32(), host: string(), port: uint16() }, { versions: '1+', tag: 0 }),
  },
});

export type FetchSnapshotRequest = RequestOf<typeof fetchSnapshot>;
export type FetchSnapshotRequestInput = RequestInput<typeof fetchSnapshot>;
export type FetchSnapshotResponse = ResponseOf<typeof fetchSnapshot>;
export type FetchSnapshotResponseInput = ResponseInput<typeof fetchSnapshot>;
