import {
  array,
  bool,
  defineApi,
  errorCode,
  int16,
  int32,
  int64,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts';

const addPartitionsToTxnTopic = { name: string(), partitions: array(int32()) };

const addPartitionsToTxnPartitionResult = { partitionIndex: int32(), partitionErrorCode: errorCode() };

const addPartitionsToTxnTopicResult = { name: string(), resultsByPartition: array(addPartitionsToTxnPartitionResult) };

/** AddPartitionsToTxn: These partitions take part in a transaction; since version 4 brokers also ask whether they do. */
export const addPartitionsToTxn = defineApi({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: '0-5',
  flexible: '3+',
  listeners: ['broker'],
  request: {
    transactions: array(
      {
        transactionalId: string(),
        producerId: int64(),
        producerEpoch: int16(),
        /** Only ask whether the partitions take part (KIP-890). */
        verifyOnly: bool({ default: false }),
        topics: array(addPartitionsToTxnTopic),
      },
      { versions: '4+' },
    ),
    v3AndBelowTransactionalId: string({ versions: '0-3' }),
    v3AndBelowProducerId: int64({ versions: '0-3' }),
    v3AndBelowProducerEpoch: int16({ versions: '0-3' }),
    v3AndBelowTopics: array(addPartitionsToTxnTopic, { versions: '0-3' }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: errorCode({ versions: '4+', ignorable: true }),
    resultsByTransaction: array({ transactionalId: string(), topicResults: array(addPartitionsToTxnTopicResult) }, { versions: '4+' }),
    resultsByTopicV3AndBelow: array(addPartitionsToTxnTopicResult, { versions: '0-3' }),
  },
});

export type AddPartitionsToTxnRequest = RequestOf<typeof addPartitionsToTxn>;
export type AddPartitionsToTxnRequestInput = RequestInput<typeof addPartitionsToTxn>;
export type AddPartitionsToTxnResponse = ResponseOf<typeof addPartitionsToTxn>;
export type AddPartitionsToTxnResponseInput = ResponseInput<typeof addPartitionsToTxn>;
