import type { ErrorName } from '#protocol';
import type { Decision } from '../runtime/index.ts';
import type { Producer, TopicPartitions, Transaction, TransactionRecord } from './transaction.ts';
import { isBeingEnded } from './transaction.ts';

/** Markers that have to be written into partitions, until all of them have one; then the coordinator is told. */
export interface MarkersToWrite extends Producer {
  readonly transactionalId: string;
  readonly committed: boolean;
  readonly transactionVersion: number;
  readonly partitions: TopicPartitions;
}

export type TransactionDecision<Response> = Decision<Response, TransactionRecord, MarkersToWrite>;

/** An answer that has to be asked for again with a producer id that nobody had before. */
export const needsProducerId = 'needs-producer-id';

/** Whose the next transaction is, or why not. */
export type ProducerAnswer = { readonly errorCode: ErrorName; readonly producer?: Producer } | typeof needsProducerId;

/** A transactional id in another state. */
export function changed<Response>(transaction: Transaction, response: Response): TransactionDecision<Response> {
  const { transactionalId } = transaction;
  return { records: [{ transactionalId, transaction }], response, effects: isBeingEnded(transaction) ? [markersOf(transaction)] : [] };
}

export function unchanged<Response>(response: Response): TransactionDecision<Response> {
  return { records: [], response };
}

export function markersOf({ transactionalId, status, producerId, producerEpoch, partitions, clientVersion }: Transaction): MarkersToWrite {
  const committed = status === 'PrepareCommit';
  return { transactionalId, producerId, producerEpoch, committed, partitions, transactionVersion: clientVersion };
}
