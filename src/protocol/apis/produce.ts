import {
  array,
  defineApi,
  errorCode,
  int16,
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

/** Produce: Append these record batches to these partitions. */
export const produce = defineApi({
  key: 0,
  name: 'Produce',
  versions: '3-13',
  flexible: '9+',
  listeners: ['broker'],
  request: {
    /** Null when the producer has no transactions. */
    transactionalId: string({ nullable: '3+', default: null }),
    /** 0 no answer at all, 1 once the leader has it, -1 once every in-sync replica has it. */
    acks: int16(),
    timeoutMs: int32(),
    topicData: array({
      name: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitionData: array({ index: int32(), records: records({ nullable: '0+' }) }),
    }),
  },
  response: {
    responses: array({
      name: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitionResponses: array({
        index: int32(),
        errorCode: errorCode(),
        /** The offset that the first record got; -1 after an error. */
        baseOffset: int64(),
        /** -1 unless the topic stamps records with the time of their arrival. */
        logAppendTimeMs: int64({ default: -1n, ignorable: true }),
        logStartOffset: int64({ versions: '5+', default: -1n, ignorable: true }),
        /** The records that made the broker refuse the batch. */
        recordErrors: array(
          {
            batchIndex: int32(),
            batchIndexErrorMessage: string({ nullable: '8+', default: null }),
          },
          { versions: '8+', ignorable: true },
        ),
        errorMessage: string({ versions: '8+', nullable: '8+', default: null, ignorable: true }),
        /** Where to go instead, when this broker does not lead (KIP-951). */
        currentLeader: struct({ leaderId: int32({ default: -1 }), leaderEpoch: int32({ default: -1 }) }, { versions: '10+', tag: 0 }),
      }),
    }),
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    /** The addresses of the leaders that currentLeader names. */
    nodeEndpoints: array(
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: '10+', default: null }),
      },
      { versions: '10+', tag: 0 },
    ),
  },
});

export type ProduceRequest = RequestOf<typeof produce>;
export type ProduceRequestInput = RequestInput<typeof produce>;
export type ProduceResponse = ResponseOf<typeof produce>;
export type ProduceResponseInput = ResponseInput<typeof produce>;
