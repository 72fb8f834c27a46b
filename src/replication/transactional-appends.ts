import { KafkaError, type RecordBatch } from '#protocol';
import type { PartitionLog } from '#storage';

/** How it is made sure that a partition takes part in a transaction before the transaction's first record lands in it (KIP-890). */
export interface Verification {
  /** Whether the transaction's coordinator adds the partition now, as for clients of transaction version 2; otherwise the client must have. */
  readonly adds: boolean;
  /** Resolves when the coordinator says that the partition takes part. Rejects with what the producer is to be told. */
  ask(): Promise<void>;
}

/** Who writes: a batch, or the producer of offsets, which have no sequence: -1. */
export type TransactionalProducer = Pick<RecordBatch, 'producerId' | 'producerEpoch' | 'baseSequence'>;

/** A producer in one epoch whose first batch waits for the coordinator, or was refused. */
interface Guard {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** What was sent last of what was refused does not overtake what was sent first. */
  readonly lowestSequence: number;
  readonly since: number;
  /** Why an answer that is yet to come holds no longer. */
  broken: KafkaError | undefined;
  /** Settles with what becomes of the first batch; undefined once that is known. */
  first: Promise<void> | undefined;
}

/**
 * Decides which transactional batches may be appended at once and which have to wait for the transaction's coordinator. Without it a batch that
 * comes late would open a transaction of which the coordinator knows nothing, and which nobody would ever end (KAFKA-14884, T7).
 */
export class TransactionalAppends {
  readonly #log: PartitionLog;
  readonly #guards = new Map<string, Guard>();

  constructor(log: PartitionLog) {
    this.#log = log;
  }

  get size(): number {
    return this.#guards.size;
  }

  /**
   * Calls `append`, at once or when the coordinator has agreed; batches of one producer in the order in which they came. Who waited behind a batch that
   * was refused is refused as well.
   * @param now monotonic
   * @throws KafkaError OUT_OF_ORDER_SEQUENCE_NUMBER, and whatever `append` throws
   */
  append<T>(batch: RecordBatch, verification: Verification, now: number, append: () => T): T | Promise<T> {
    return this.#log.holds(batch) ? append() : this.verified(batch, verification, now, append);
  }

  /**
   * The same for whatever a producer wants to have appended, with or without a sequence.
   * @throws KafkaError as {@link append}
   */
  verified<T>(producer: TransactionalProducer, verification: Verification, now: number, append: () => T): T | Promise<T> {
    const { producerId, producerEpoch, baseSequence } = producer;
    if (this.#log.hasOpenTransaction(producerId, producerEpoch)) return append();
    const key = `${producerId}/${producerEpoch}`;
    const known = this.#guards.get(key);
    if (known?.first !== undefined) return known.first.then(() => this.verified(producer, verification, now, append));
    this.#checkSequence(producer, verification, known);
    const lowestSequence = Math.min(baseSequence, known?.lowestSequence ?? baseSequence);
    const guard: Guard = { producerId, producerEpoch, lowestSequence, since: now, broken: undefined, first: undefined };
    this.#guards.set(key, guard);
    const appended = verification.ask().then(() => {
      if (guard.broken !== undefined) throw guard.broken;
      const result = append();
      this.#guards.delete(key);
      return result;
    });
    guard.first = appended.then(
      () => {},
      (error: unknown) => {
        guard.first = undefined;
        throw error;
      },
    );
    guard.first.catch(() => {});
    return appended;
  }

  /** A transaction has ended here: what the coordinator was asked before says nothing about the next one (KAFKA-12671). */
  ended({ producerId, producerEpoch }: RecordBatch, transactionVersion: number): void {
    for (const [key, guard] of this.#guards) {
      if (guard.producerId !== producerId) continue;
      // Since version 2 the marker has the epoch after that of the transaction's records: the next transaction's.
      if (transactionVersion >= 2 ? guard.producerEpoch >= producerEpoch : guard.producerEpoch > producerEpoch) continue;
      this.#break(key, new KafkaError('INVALID_TXN_STATE', `the transaction of producer ${producerId} has ended meanwhile`));
    }
  }

  /** The leadership is over, and with it what is known here. */
  clear(error: KafkaError): void {
    for (const key of [...this.#guards.keys()]) this.#break(key, error);
  }

  /** Forgets producers that were refused long ago and did not come again. */
  expire(now: number): void {
    const { producerIdExpirationMs } = this.#log.config;
    for (const [key, { first, since }] of this.#guards) {
      if (first === undefined && now - since >= producerIdExpirationMs) this.#guards.delete(key);
    }
  }

  #break(key: string, error: KafkaError): void {
    this.#guards.get(key)!.broken = error;
    this.#guards.delete(key);
  }

  #checkSequence({ producerId, baseSequence }: TransactionalProducer, { adds }: Verification, known: Guard | undefined): void {
    // Each transaction of version 2 has its own epoch, so that its first batch in a partition has the first sequence.
    const due = adds && !this.#log.knowsProducer(producerId) ? 0 : known?.lowestSequence;
    if (due !== undefined && baseSequence > due) {
      throw new KafkaError('OUT_OF_ORDER_SEQUENCE_NUMBER', `Producer ${producerId} sent sequence ${baseSequence} where ${due} is due`);
    }
  }
}
