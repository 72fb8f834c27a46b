import { KafkaError } from '#protocol';
import { changed, type TransactionDecision, unchanged } from './decision.ts';
import {
  includes,
  isBeingEnded,
  isSame,
  nextProducer,
  type Producer,
  type TopicPartitions,
  type Transaction,
  union,
} from './transaction.ts';

export interface AddPartitions extends Producer {
  readonly transactionalId: string;
  readonly partitions: TopicPartitions;
  /** The version of transactions that the client speaks. */
  readonly clientVersion: number;
}

/**
 * These partitions take part; the first of them begin the transaction.
 * @throws KafkaError those of {@link checkProducer}
 */
export function addPartitions(transaction: Transaction | undefined, request: AddPartitions, nowMs: number): TransactionDecision<true> {
  const current = checkProducer(transaction, request);
  const isOngoing = current.status === 'Ongoing';
  if (isOngoing && includes(current.partitions, request.partitions)) return unchanged(true);
  return changed(
    {
      ...current,
      status: 'Ongoing',
      partitions: union(current.partitions, request.partitions),
      startMs: isOngoing ? current.startMs : nowMs,
      updatedMs: nowMs,
      clientVersion: request.clientVersion,
    },
    true,
  );
}

/**
 * Do these partitions take part in the producer's transaction (KIP-890)?
 * @throws KafkaError those of {@link checkProducer}; TRANSACTION_ABORTABLE when one does not
 */
export function verifyPartition(
  transaction: Transaction | undefined,
  request: Omit<AddPartitions, 'clientVersion'>,
): TransactionDecision<true> {
  const { partitions, transactionalId } = request;
  const current = checkProducer(transaction, request);
  if (current.status !== 'Ongoing' || !includes(current.partitions, partitions))
    throw new KafkaError('TRANSACTION_ABORTABLE', `the partition was not added to the transaction of ${transactionalId}`);
  return unchanged(true);
}

/**
 * Only the producer whose turn it is may go on, and only when the transaction before is complete: what comes late never gets into another one (T4, T5).
 * @throws KafkaError INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS
 */
export function checkProducer(
  transaction: Transaction | undefined,
  producer: Producer & { readonly transactionalId: string },
): Transaction {
  const { transactionalId, producerId, producerEpoch } = producer;
  if (transaction === undefined) throw new KafkaError('INVALID_PRODUCER_ID_MAPPING', `nothing is known of ${transactionalId}`);
  if (isBeingEnded(transaction) && isSame(producer, nextProducer(transaction)))
    throw new KafkaError('CONCURRENT_TRANSACTIONS', `the last transaction of ${transactionalId} is still being ended`);
  if (producerId !== transaction.producerId)
    throw new KafkaError('INVALID_PRODUCER_ID_MAPPING', `${transactionalId} has producer ${transaction.producerId}, not ${producerId}`);
  if (producerEpoch !== transaction.producerEpoch)
    throw new KafkaError('PRODUCER_FENCED', `${transactionalId} is in epoch ${transaction.producerEpoch}, not ${producerEpoch}`);
  return transaction;
}
