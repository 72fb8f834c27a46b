import { type DecodedOf, decodeMessageAt, encodeMessage, type InputOf, type Message } from '#protocol';
import { transactionLogKey } from '#protocol/stored/transaction-log-key.ts';
import { transactionLogValue } from '#protocol/stored/transaction-log-value.ts';
import type { RecordCodec } from '../runtime/index.ts';
import { type TransactionRecord, transactionStatuses } from './transaction.ts';

const keyVersion = 0;
/** Readers of Kafka since 3.8 know it; it holds what transactions of version 2 need. */
const valueVersion = 1;

/** The records of `__transaction_state`, in Kafka's form. What a producer's last epoch was has no place in it. */
export const transactionRecords: RecordCodec<TransactionRecord> = {
  encode({ transactionalId, transaction }) {
    const key = withVersion(transactionLogKey, keyVersion, { transactionalId });
    if (transaction === null) return { key, value: null };
    const {
      producerId,
      previousProducerId,
      nextProducerId,
      producerEpoch,
      timeoutMs,
      status,
      partitions,
      startMs,
      updatedMs,
      clientVersion,
    } = transaction;
    const value = withVersion(transactionLogValue, valueVersion, {
      producerId,
      previousProducerId,
      nextProducerId,
      producerEpoch,
      transactionTimeoutMs: timeoutMs,
      transactionStatus: transactionStatuses.indexOf(status),
      // As in Kafka, which writes none where there can be none.
      transactionPartitions:
        status === 'Empty' ? null : Array.from(partitions, ([topic, indexes]) => ({ topic, partitionIds: [...indexes] })),
      transactionLastUpdateTimestampMs: BigInt(updatedMs),
      transactionStartTimestampMs: BigInt(startMs),
      clientTransactionVersion: clientVersion,
    });
    return { key, value };
  },

  decode(key, value) {
    if (key.readInt16BE(0) !== keyVersion) return undefined;
    const { transactionalId } = readVersioned(transactionLogKey, key);
    if (value === null) return { transactionalId, transaction: null };
    const stored = readVersioned(transactionLogValue, value);
    const status = transactionStatuses[stored.transactionStatus];
    if (status === undefined) return undefined;
    const partitions = new Map(
      (stored.transactionPartitions ?? []).map(({ topic, partitionIds }) => [topic, new Set(partitionIds)] as const),
    );
    return {
      transactionalId,
      transaction: {
        transactionalId,
        status,
        producerId: stored.producerId,
        producerEpoch: stored.producerEpoch,
        lastProducerEpoch: -1,
        previousProducerId: stored.previousProducerId,
        nextProducerId: stored.nextProducerId,
        timeoutMs: stored.transactionTimeoutMs,
        partitions,
        startMs: Number(stored.transactionStartTimestampMs),
        updatedMs: Number(stored.transactionLastUpdateTimestampMs),
        clientVersion: stored.clientTransactionVersion,
      },
    };
  },
};

/** Keys and values of internal logs begin with the version that they are in. */
function withVersion<M extends Message>(message: M, version: number, value: InputOf<M>): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeInt16BE(version);
  return Buffer.concat([prefix, encodeMessage(message, version, value)]);
}

function readVersioned<M extends Message>(message: M, bytes: Buffer): DecodedOf<M> {
  return decodeMessageAt(message, bytes.readInt16BE(0), bytes, 2).value as DecodedOf<M>;
}
