/** Transactions: who is the producer of a transactional id, what takes part, how it ends, and that all of it hears of the end. */

export { type TopicPartitions, type Transaction, type TransactionStatus, transactionStatuses } from './transaction.ts';
export type { TransactionFilter } from './transaction-coordinator.ts';
export { type ProducerResult, TransactionService, type TransactionServiceOptions } from './transaction-service.ts';
