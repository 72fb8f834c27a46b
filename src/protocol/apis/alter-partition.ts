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
  uuid,
} from '../schema/index.ts';

/** AlterPartition: A partition leader asks the controller for another set of in-sync replicas. */
export const alterPartition = defineApi({
  key: 56,
  name: 'AlterPartition',
  versions: '2-3',
  flexible: '0+',
  listeners: ['controller'],
  request: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1n }),
    topics: array({
      topicId: uuid({ ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        leaderEpoch: int32(),
        newIsr: array(int32(), { versions: '0-2' }),
        newIsrWithEpochs: array({ brokerId: int32(), brokerEpoch: int64({ default: -1n }) }, { versions: '3+' }),
        leaderRecoveryState: int8({ default: 0 }),
        /** The epoch of the state the leader wants to change. */
        partitionEpoch: int32(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: errorCode(),
    topics: array({
      topicId: uuid({ ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: errorCode(),
        leaderId: int32(),
        leaderEpoch: int32(),
        isr: array(int32()),
        leaderRecoveryState: int8({ default: 0, ignorable: true }),
        /** Grows with every change of the partition; the leader sends it with its next change. */
        partitionEpoch: int32(),
      }),
    }),
  },
});

export type AlterPartitionRequest = RequestOf<typeof alterPartition>;
export type AlterPartitionRequestInput = RequestInput<typeof alterPartition>;
export type AlterPartitionResponse = ResponseOf<typeof alterPartition>;
export type AlterPartitionResponseInput = ResponseInput<typeof alterPartition>;
