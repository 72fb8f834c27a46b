/** Statuses by their number in the log, with Kafka's names. Dead and PrepareEpochFence are never written: what they stood for happens here in one step. */
export const transactionStatuses = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
] as const;
export type TransactionStatus = (typeof transactionStatuses)[number];

/** Partitions by topic. */
export type TopicPartitions = ReadonlyMap<string, ReadonlySet<number>>;
export const noPartitions: TopicPartitions = new Map();

/** All that is remembered of a transactional id. It changes as a whole, by one record of the log. */
export interface Transaction {
  readonly transactionalId: string;
  readonly status: TransactionStatus;
  readonly producerId: bigint;
  /** The epoch in force. While a transaction is being ended it is already that of the next one, and that of the markers. */
  readonly producerEpoch: number;
  /** The one before, when the same producer had it: it may repeat a request whose answer it did not get (KIP-360). -1 else, and after a move. */
  readonly lastProducerEpoch: number;
  /** Whose epochs were used up; -1n else. */
  readonly previousProducerId: bigint;
  /** Takes over when the transaction that is being ended is complete; -1n for none. */
  readonly nextProducerId: bigint;
  readonly timeoutMs: number;
  /** That take part and whose markers may not be written. */
  readonly partitions: TopicPartitions;
  /** When the transaction began; -1 before the first. */
  readonly startMs: number;
  readonly updatedMs: number;
  /** The version of transactions that the client spoke when it began or ended the last one; 0 also where the coordinator ended it of itself. */
  readonly clientVersion: number;
}

/** What the log says of a transactional id; null that it is forgotten. */
export interface TransactionRecord {
  readonly transactionalId: string;
  readonly transaction: Transaction | null;
}

/** A producer by its id and epoch. */
export interface Producer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** Since this version each transaction has its own epoch (KIP-890). */
export const epochPerTransaction = 2;
const largestEpoch = 0x7fff;

/** Clients get no epoch beyond this one, so that there is always one more to fence them with. */
export function isExhausted(producerEpoch: number): boolean {
  return producerEpoch >= largestEpoch - 1;
}

export function isBeingEnded({ status }: Transaction): boolean {
  return status === 'PrepareCommit' || status === 'PrepareAbort';
}

/** Whose the next transaction is, when the one that is being ended is complete. */
export function nextProducer({ producerId, producerEpoch, nextProducerId }: Transaction): Producer {
  return nextProducerId >= 0n ? { producerId: nextProducerId, producerEpoch: 0 } : { producerId, producerEpoch };
}

export function isSame(a: Producer, b: Producer): boolean {
  return a.producerId === b.producerId && a.producerEpoch === b.producerEpoch;
}

export function includes(partitions: TopicPartitions, others: TopicPartitions): boolean {
  for (const [topic, indexes] of others) for (const index of indexes) if (!partitions.get(topic)?.has(index)) return false;
  return true;
}

export function union(partitions: TopicPartitions, others: TopicPartitions): TopicPartitions {
  const all = new Map(partitions);
  for (const [topic, indexes] of others) all.set(topic, new Set([...(all.get(topic) ?? []), ...indexes]));
  return all;
}
