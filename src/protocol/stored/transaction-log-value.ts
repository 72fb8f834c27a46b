import { array, type DecodedOf, defineMessage, type InputOf, int8, int16, int32, int64, string } from '../schema/index.ts';

/** The state of a transactional id: its producer, its transaction, the partitions that take part. */
export const transactionLogValue = defineMessage({
  name: 'TransactionLogValue',
  apiKey: 0,
  versions: '0-1',
  flexible: '1+',
  fields: {
    producerId: int64(),
    previousProducerId: int64({ versions: '1+', tag: 0, default: -1n }),
    nextProducerId: int64({ versions: '1+', tag: 1, default: -1n }),
    producerEpoch: int16(),
    nextProducerEpoch: int16({ versions: '1+', tag: 3, default: -1 }),
    transactionTimeoutMs: int32(),
    /**
     * 0 empty, 1 ongoing, 2 prepares to commit, 3 prepares to abort, 4 committed, 5 aborted, 6 dead, 7 prepares to
     * fence.
     */
    transactionStatus: int8(),
    transactionPartitions: array({ topic: string(), partitionIds: array(int32()) }, { nullable: '0+' }),
    transactionLastUpdateTimestampMs: int64(),
    transactionStartTimestampMs: int64(),
    clientTransactionVersion: int16({ versions: '1+', tag: 2, default: 0 }),
  },
});

export type TransactionLogValue = DecodedOf<typeof transactionLogValue>;
export type TransactionLogValueInput = InputOf<typeof transactionLogValue>;
