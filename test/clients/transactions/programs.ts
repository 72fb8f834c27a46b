import { go, installed, java, node, python } from '../programs.ts';

/** The clients with transactions that are installed. All of them take the same arguments and speak the same lines; see the README. */
export const transactionalPrograms = installed([
  java('Java', 'TransactionalProgram'),
  python('confluent-kafka', 'confluent_transactions.py'),
  python('aiokafka', 'aiokafka_transactions.py'),
  go('franz-go', 'franzTransactions'),
  node('kafkajs', 'kafkajs-transactions.ts'),
  node('platformatic', 'platformatic-transactions.ts'),
]);

/**
 * Clients that take a committed offset for final which an open transaction is about to change (no require_stable, KIP-447): a rebalance at that moment makes them read, and copy, some records
 * twice, with any broker. Their transactions are whole all the same.
 */
export const readsUnstableOffsets: ReadonlySet<string> = new Set(['kafkajs', 'platformatic']);
