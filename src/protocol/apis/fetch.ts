import {
  array,
  defineApi,
  errorCode,
  int8,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  records,
  string,
  struct,
  uuid,
} from '../schema/index.ts';

/**
 * Fetch: What do these partitions hold from these offsets on? Asked by consumers, by followers and, for the
 * metadata log, by raft.
 */
export const fetch = defineApi({
  key: 1,
  name: 'Fetch',
  versions: '4-18',
  flexible: '12+',
  listeners: ['broker', 'controller'],
  request: {
    clusterId: string({ versions: '12+', nullable: '12+', tag: 0, default: null, ignorable: true }),
    /** A follower names itself; -1 is a consumer. From version 15 on replicaState does this. */
    replicaId: int32({ versions: '0-14', default: -1 }),
    replicaState: struct({ replicaId: int32({ default: -1 }), replicaEpoch: int64({ default: -1n }) }, { versions: '15+', tag: 1 }),
    maxWaitMs: int32(),
    minBytes: int32(),
    /** Of the whole response; the first batch comes even when it is larger (KIP-74). */
    maxBytes: int32({ default: 0x7fffffff, ignorable: true }),
    /** 0 read uncommitted, 1 read committed. */
    isolationLevel: int8({ default: 0, ignorable: true }),
    /** 0 asks for a session when sessionEpoch is 0. */
    sessionId: int32({ versions: '7+', default: 0, ignorable: true }),
    /** -1 no session, 0 a full fetch that may start one, above 0 the next fetch of a session (KIP-227). */
    sessionEpoch: int32({ versions: '7+', default: -1, ignorable: true }),
    topics: array({
      topic: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitions: array({
        partition: int32(),
        /** -1 asks for no check. */
        currentLeaderEpoch: int32({ versions: '9+', default: -1, ignorable: true }),
        fetchOffset: int64(),
        /** The epoch of the record before fetchOffset; lets the leader see that the logs have parted. -1 asks for no check. */
        lastFetchedEpoch: int32({ versions: '12+', default: -1 }),
        /** Where the log of the follower starts; -1 from a consumer. */
        logStartOffset: int64({ versions: '5+', default: -1n, ignorable: true }),
        partitionMaxBytes: int32(),
        replicaDirectoryId: uuid({ versions: '17+', tag: 0, ignorable: true }),
        /** What the follower takes for the high watermark; the largest int64 when it does not say (KIP-1166). */
        highWatermark: int64({ versions: '18+', tag: 1, default: 9223372036854775807n, ignorable: true }),
      }),
    }),
    /** Partitions that leave the session. */
    forgottenTopicsData: array(
      {
        topic: string({ versions: '7-12', ignorable: true }),
        topicId: uuid({ versions: '13+', ignorable: true }),
        partitions: array(int32()),
      },
      { versions: '7+' },
    ),
    rackId: string({ versions: '11+', default: '', ignorable: true }),
  },
  response: {
    throttleTimeMs: int32({ ignorable: true }),
    errorCode: errorCode({ versions: '7+', ignorable: true }),
    sessionId: int32({ versions: '7+', default: 0 }),
    responses: array({
      topic: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: errorCode(),
        highWatermark: int64(),
        /** -1 when it is not known. */
        lastStableOffset: int64({ default: -1n, ignorable: true }),
        logStartOffset: int64({ versions: '5+', default: -1n, ignorable: true }),
        /** The end of the last epoch that both logs have in common: truncate to it. */
        divergingEpoch: struct({ epoch: int32({ default: -1 }), endOffset: int64({ default: -1n }) }, { versions: '12+', tag: 0 }),
        currentLeader: struct({ leaderId: int32({ default: -1 }), leaderEpoch: int32({ default: -1 }) }, { versions: '12+', tag: 1 }),
        /** What was asked for is gone; this snapshot has it. For topics see the broker's handler. */
        snapshotId: struct({ endOffset: int64({ default: -1n }), epoch: int32({ default: -1 }) }, { versions: '12+', tag: 2 }),
        /** Only for readers of committed records, null for others. */
        abortedTransactions: array({ producerId: int64(), firstOffset: int64() }, { nullable: '4+', ignorable: true }),
        /** A replica nearer to the consumer, or -1 (KIP-392). */
        preferredReadReplica: int32({ versions: '11+', default: -1 }),
        records: records({ nullable: '0+' }),
      }),
    }),
    /** The addresses of the leaders that currentLeader names. */
    nodeEndpoints: array(
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: '16+', default: null }),
      },
      { versions: '16+', tag: 0 },
    ),
  },
});

export type FetchRequest = RequestOf<typeof fetch>;
export type FetchRequestInput = RequestInput<typeof fetch>;
export type FetchResponse = ResponseOf<typeof fetch>;
export type FetchResponseInput = ResponseInput<typeof fetch>;
