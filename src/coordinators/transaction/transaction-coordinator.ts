import { KafkaError } from '#protocol';
import type { CoordinatorCore, Scope } from '../runtime/index.ts';
import { type AddPartitions, addPartitions, verifyPartition } from './add-partitions.ts';
import { changed, type MarkersToWrite, markersOf, type ProducerAnswer, type TransactionDecision, unchanged } from './decision.ts';
import { completed, type EndTxn, endTxn, fenced } from './end-txn.ts';
import { type InitProducerId, initProducerId } from './init-producer-id.ts';
import { isBeingEnded, isSame, type Producer, type Transaction, type TransactionRecord } from './transaction.ts';

export interface TransactionSettings {
  /** How often it is looked for transactions that have been open for too long. */
  readonly timeoutCheckMs: number;
  /** How often it is looked for transactional ids that nobody has used for {@link expirationMs}. */
  readonly expiryCheckMs: number;
  readonly expirationMs: number;
}

/** Which transactions are asked for. */
export interface TransactionFilter {
  matches(transaction: Transaction, nowMs: number): boolean;
}

/**
 * The transactional ids of one partition of `__transaction_state`: who is their producer, what is their transaction, which partitions take part. Each
 * change is one record that tells all of it, so that what counts is always the last record of an id. Kafka's TransactionCoordinator.
 */
export class TransactionCoordinator implements CoordinatorCore<TransactionRecord, MarkersToWrite> {
  readonly #settings: TransactionSettings;
  readonly #transactions = new Map<string, Transaction>();
  /** Those that are open. */
  readonly #ongoing = new Set<string>();
  #nextTimeoutCheck: number | undefined;
  #nextExpiryCheck: number | undefined;

  constructor(settings: TransactionSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#transactions.size;
  }

  get(transactionalId: string): Transaction | undefined {
    return this.#transactions.get(transactionalId);
  }

  /** @throws KafkaError see {@link initProducerId} */
  initProducerId(request: InitProducerId, { now }: Scope): TransactionDecision<ProducerAnswer> {
    return initProducerId(this.#transactions.get(request.transactionalId), request, now.wall);
  }

  /** @throws KafkaError see {@link addPartitions} */
  addPartitions(request: AddPartitions, { now }: Scope): TransactionDecision<true> {
    return addPartitions(this.#transactions.get(request.transactionalId), request, now.wall);
  }

  /** @throws KafkaError see {@link verifyPartition} */
  verifyPartition(request: Omit<AddPartitions, 'clientVersion'>): TransactionDecision<true> {
    return verifyPartition(this.#transactions.get(request.transactionalId), request);
  }

  /** @throws KafkaError see {@link endTxn} */
  endTxn(request: EndTxn, { now }: Scope): TransactionDecision<ProducerAnswer> {
    return endTxn(this.#transactions.get(request.transactionalId), request, now.wall);
  }

  /** All partitions have the markers of this end. Said again, or of an end that is long over, it changes nothing. */
  markersWritten(
    { transactionalId, ...producer }: Producer & { readonly transactionalId: string },
    { now }: Scope,
  ): TransactionDecision<true> {
    const transaction = this.#transactions.get(transactionalId);
    if (transaction === undefined || !isBeingEnded(transaction) || !isSame(transaction, producer)) return unchanged(true);
    return changed(completed(transaction, now.wall), true);
  }

  /** @throws KafkaError TRANSACTIONAL_ID_NOT_FOUND */
  describe(transactionalId: string): TransactionDecision<Transaction> {
    const transaction = this.#transactions.get(transactionalId);
    if (transaction === undefined) throw new KafkaError('TRANSACTIONAL_ID_NOT_FOUND', `nothing is known of ${transactionalId}`);
    return unchanged(transaction);
  }

  /** Those that a filter lets through. */
  list(filter: TransactionFilter, { now }: Scope): TransactionDecision<readonly Transaction[]> {
    return unchanged([...this.#transactions.values()].filter((transaction) => filter.matches(transaction, now.wall)));
  }

  replay({ transactionalId, transaction }: TransactionRecord): void {
    if (transaction?.status === 'Ongoing') this.#ongoing.add(transactionalId);
    else this.#ongoing.delete(transactionalId);
    if (transaction === null) this.#transactions.delete(transactionalId);
    else this.#transactions.set(transactionalId, transaction);
  }

  /** What a coordinator before had decided to end, and perhaps not told everyone, is ended now (KAFKA-16352). */
  loaded({ now }: Scope): TransactionDecision<void> {
    this.#nextTimeoutCheck = now.monotonic + this.#settings.timeoutCheckMs;
    this.#nextExpiryCheck = now.monotonic + this.#settings.expiryCheckMs;
    return { records: [], effects: [...this.#transactions.values()].filter(isBeingEnded).map(markersOf) };
  }

  get nextDeadline(): number | undefined {
    if (this.#nextTimeoutCheck === undefined || this.#nextExpiryCheck === undefined) return undefined;
    return Math.min(this.#nextTimeoutCheck, this.#nextExpiryCheck);
  }

  tick({ now }: Scope): TransactionDecision<void> {
    const { timeoutCheckMs, expiryCheckMs } = this.#settings;
    const isTimeoutCheckDue = now.monotonic >= (this.#nextTimeoutCheck ?? Number.POSITIVE_INFINITY);
    const isExpiryCheckDue = now.monotonic >= (this.#nextExpiryCheck ?? Number.POSITIVE_INFINITY);
    if (isTimeoutCheckDue) this.#nextTimeoutCheck = now.monotonic + timeoutCheckMs;
    if (isExpiryCheckDue) this.#nextExpiryCheck = now.monotonic + expiryCheckMs;
    return this.#checked(isTimeoutCheckDue ? this.#timedOut(now.wall) : [], isExpiryCheckDue ? this.#expired(now.wall) : []);
  }

  /** Looks for all that takes too long or was not used for too long, without waiting for the next check. */
  check({ now }: Scope): TransactionDecision<void> {
    return this.#checked(this.#timedOut(now.wall), this.#expired(now.wall));
  }

  #checked(late: readonly Transaction[], expired: readonly TransactionRecord[]): TransactionDecision<void> {
    const records = late.map((transaction): TransactionRecord => ({ transactionalId: transaction.transactionalId, transaction }));
    return { records: [...records, ...expired], effects: late.map(markersOf), divisible: true };
  }

  /** Open for longer than their producer allowed: they are aborted, and the producer is fenced. */
  #timedOut(nowMs: number): Transaction[] {
    const late: Transaction[] = [];
    for (const transactionalId of this.#ongoing) {
      const transaction = this.#transactions.get(transactionalId)!;
      if (transaction.startMs + transaction.timeoutMs < nowMs) late.push(fenced(transaction, nowMs));
    }
    return late;
  }

  /** Not used for so long that they are forgotten. Never one with a transaction that is not complete. */
  #expired(nowMs: number): TransactionRecord[] {
    const expired: TransactionRecord[] = [];
    for (const [transactionalId, transaction] of this.#transactions) {
      const mayGo = transaction.status !== 'Ongoing' && !isBeingEnded(transaction);
      if (mayGo && transaction.updatedMs + this.#settings.expirationMs <= nowMs) expired.push({ transactionalId, transaction: null });
    }
    return expired;
  }
}
