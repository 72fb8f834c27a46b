import { KafkaError } from '#protocol';
import { checkProducer } from './add-partitions.ts';
import { changed, needsProducerId, type ProducerAnswer, type TransactionDecision, unchanged } from './decision.ts';
import {
  epochPerTransaction,
  isBeingEnded,
  isExhausted,
  isSame,
  nextProducer,
  noPartitions,
  type Producer,
  type Transaction,
  type TransactionRecord,
} from './transaction.ts';

export interface EndTxn extends Producer {
  readonly transactionalId: string;
  readonly committed: boolean;
  readonly clientVersion: number;
  /** One that nobody had, in case it is needed. */
  readonly freshProducerId: bigint | undefined;
}

/**
 * Ends the producer's transaction. From the moment in which the decision is in the log it stands; markers follow until all partitions have one. A client of
 * version 2 gets another epoch with every end, so that nothing of this transaction, however late, can belong to the next (KAFKA-17754, T5); and it
 * may abort when it cannot know whether anything had begun.
 * @throws KafkaError INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED; CONCURRENT_TRANSACTIONS while the same end is under way; INVALID_TXN_STATE when there
 *   is nothing to end, or it was decided otherwise
 */
export function endTxn(transaction: Transaction | undefined, request: EndTxn, nowMs: number): TransactionDecision<ProducerAnswer> {
  const { transactionalId, committed, clientVersion, freshProducerId } = request;
  const hasOwnEpoch = clientVersion >= epochPerTransaction;
  if (transaction !== undefined && isRepeat(transaction, request)) return repeated(transaction, request);
  const current = checkProducer(transaction, request);
  const isOngoing = current.status === 'Ongoing';
  if (!isOngoing && (committed || !hasOwnEpoch))
    throw new KafkaError('INVALID_TXN_STATE', `${transactionalId} has no transaction open: its state is ${current.status}`);
  const needsAnother = hasOwnEpoch && isExhausted(current.producerEpoch);
  if (needsAnother && freshProducerId === undefined) return unchanged(needsProducerId);
  const { producerEpoch } = current;
  const prepared: Transaction = {
    ...current,
    status: committed ? 'PrepareCommit' : 'PrepareAbort',
    ...(hasOwnEpoch ? { producerEpoch: producerEpoch + 1, lastProducerEpoch: producerEpoch } : {}),
    nextProducerId: needsAnother ? freshProducerId! : -1n,
    partitions: isOngoing ? current.partitions : noPartitions,
    startMs: isOngoing ? current.startMs : nowMs,
    updatedMs: nowMs,
    clientVersion,
  };
  const response = { errorCode: 'NONE', producer: nextProducer(prepared) } as const;
  if (isOngoing) return changed(prepared, response);
  const records = [prepared, completed(prepared, nowMs)].map((one): TransactionRecord => ({ transactionalId, transaction: one }));
  return { records, response };
}

/** An open transaction that the coordinator aborts, in an epoch that fences its producer. */
export function fenced(transaction: Transaction, nowMs: number): Transaction {
  const producerEpoch = transaction.producerEpoch + 1;
  return {
    ...transaction,
    status: 'PrepareAbort',
    producerEpoch,
    lastProducerEpoch: -1,
    nextProducerId: -1n,
    updatedMs: nowMs,
    clientVersion: 0,
  };
}

/** A transaction that is being ended, when all its partitions have their markers. */
export function completed(transaction: Transaction, nowMs: number): Transaction {
  const { status, producerId, previousProducerId, nextProducerId } = transaction;
  return {
    ...transaction,
    ...nextProducer(transaction),
    status: status === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort',
    previousProducerId: nextProducerId >= 0n ? producerId : previousProducerId,
    nextProducerId: -1n,
    partitions: noPartitions,
    updatedMs: nowMs,
  };
}

/** Was the last transaction ended by this very request, whose answer got lost? With version 1 it cannot be told from a second end. */
function isRepeat(transaction: Transaction, request: EndTxn): boolean {
  const isEnded = transaction.status === 'CompleteCommit' || transaction.status === 'CompleteAbort';
  if (!isEnded && !isBeingEnded(transaction)) return false;
  if (request.clientVersion < epochPerTransaction) return isSame(request, transaction);
  if (transaction.clientVersion < epochPerTransaction) return false;
  const { producerId, producerEpoch } = request;
  if (producerId === transaction.producerId) return producerEpoch + 1 === transaction.producerEpoch;
  return isEnded && producerId === transaction.previousProducerId && isExhausted(producerEpoch) && transaction.producerEpoch === 0;
}

function repeated(transaction: Transaction, { transactionalId, committed }: EndTxn): TransactionDecision<ProducerAnswer> {
  const { status } = transaction;
  if (committed !== (status === 'PrepareCommit' || status === 'CompleteCommit'))
    throw new KafkaError('INVALID_TXN_STATE', `${transactionalId} was ended otherwise: its state is ${status}`);
  if (isBeingEnded(transaction))
    throw new KafkaError('CONCURRENT_TRANSACTIONS', `the transaction of ${transactionalId} is still being ended`);
  return unchanged({ errorCode: 'NONE', producer: nextProducer(transaction) });
}
