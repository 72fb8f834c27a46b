import { KafkaError } from '#protocol';
import { changed, needsProducerId, type ProducerAnswer, type TransactionDecision, unchanged } from './decision.ts';
import { fenced } from './end-txn.ts';
import { isBeingEnded, isExhausted, noPartitions, type Producer, type Transaction } from './transaction.ts';

export interface InitProducerId {
  readonly transactionalId: string;
  readonly timeoutMs: number;
  /** What the producer had until now, when it asks for the next epoch of the same (KIP-360). */
  readonly known: Producer | undefined;
  /** One that nobody had, in case it is needed. */
  readonly freshProducerId: bigint | undefined;
}

/**
 * The producer id and epoch of whoever starts as this transactional id: all who had one before are fenced from here on (T4). An open transaction
 * is aborted first, and the answer is CONCURRENT_TRANSACTIONS until that is done.
 * @throws KafkaError PRODUCER_FENCED, CONCURRENT_TRANSACTIONS
 */
export function initProducerId(
  transaction: Transaction | undefined,
  request: InitProducerId,
  nowMs: number,
): TransactionDecision<ProducerAnswer> {
  const { transactionalId, timeoutMs, known, freshProducerId } = request;
  if (transaction === undefined) {
    if (freshProducerId === undefined) return unchanged(needsProducerId);
    return begun({
      transactionalId,
      status: 'Empty',
      producerId: freshProducerId,
      producerEpoch: 0,
      lastProducerEpoch: -1,
      previousProducerId: -1n,
      nextProducerId: -1n,
      timeoutMs,
      partitions: noPartitions,
      startMs: -1,
      updatedMs: nowMs,
      clientVersion: 0,
    });
  }
  if (known !== undefined && !isKnown(known, transaction)) throw isFenced(transactionalId);
  if (isBeingEnded(transaction))
    throw new KafkaError('CONCURRENT_TRANSACTIONS', `the last transaction of ${transactionalId} is still being ended`);
  if (transaction.status === 'Ongoing') {
    if (known !== undefined && known.producerEpoch !== transaction.producerEpoch) throw isFenced(transactionalId);
    // This epoch is nobody's: who asks again gets the one after it.
    return changed(fenced(transaction, nowMs), { errorCode: 'CONCURRENT_TRANSACTIONS' });
  }
  const { producerEpoch, lastProducerEpoch } = transaction;
  const empty = { ...transaction, status: 'Empty', timeoutMs, startMs: -1, updatedMs: nowMs, clientVersion: 0 } as const;
  // The producer did not get the answer that gave it the present epoch.
  if (known !== undefined && known.producerEpoch === lastProducerEpoch) return begun(empty);
  if (known !== undefined && known.producerEpoch !== producerEpoch) throw isFenced(transactionalId);
  const last = known === undefined ? -1 : producerEpoch;
  if (!isExhausted(producerEpoch)) return begun({ ...empty, producerEpoch: producerEpoch + 1, lastProducerEpoch: last });
  if (freshProducerId === undefined) return unchanged(needsProducerId);
  const previousProducerId = transaction.producerId;
  return begun({ ...empty, producerId: freshProducerId, producerEpoch: 0, lastProducerEpoch: last, previousProducerId });
}

function begun(transaction: Transaction): TransactionDecision<ProducerAnswer> {
  const { producerId, producerEpoch } = transaction;
  return changed(transaction, { errorCode: 'NONE', producer: { producerId, producerEpoch } });
}

/** The present id, the one that is about to take over, or the one whose epochs were used up with the answer lost. The epoch is looked at later. */
function isKnown({ producerId, producerEpoch }: Producer, transaction: Transaction): boolean {
  if (producerId === transaction.producerId || (producerId === transaction.nextProducerId && producerId >= 0n)) return true;
  return producerId === transaction.previousProducerId && isExhausted(producerEpoch);
}

function isFenced(transactionalId: string): KafkaError {
  return new KafkaError('PRODUCER_FENCED', `another producer has started as ${transactionalId} meanwhile`);
}
