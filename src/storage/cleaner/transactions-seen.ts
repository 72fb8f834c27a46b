import { type RecordBatch, readEndTransactionMarker } from '#protocol';
import type { AbortedTransaction } from '../transaction-index.ts';

/** What is known of a transaction's end when its marker is reached. */
export interface MarkerSeen {
  /** No batch of its transaction is left in front of it, so that nobody needs it to understand what he reads. */
  isEmpty: boolean;
  /** The transaction that it aborts, if batches of that are left. */
  aborted: AbortedTransaction | undefined;
}

/**
 * Follows the transactions of a log while its batches go by, in order and without leaving one out. A marker may go only when nothing of its transaction is left:
 * without it readers would take what is left for something else.
 */
export class TransactionsSeen {
  /** Aborted transactions that have not begun yet, in the order of their beginnings. */
  readonly #ahead: AbortedTransaction[];
  #next = 0;
  /** By producer. */
  readonly #aborting = new Map<bigint, { transaction: AbortedTransaction; hasBatches: boolean }>();
  readonly #committing = new Set<bigint>();

  /** @param aborted all that were aborted and have records where the walk goes */
  constructor(aborted: readonly AbortedTransaction[]) {
    this.#ahead = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0));
  }

  /** A batch of records, not of markers: was it aborted? */
  isAborted(batch: RecordBatch): boolean {
    this.#advanceTo(batch.lastOffset);
    if (!batch.isTransactional) return false;
    const aborting = this.#aborting.get(batch.producerId);
    if (!aborting) {
      this.#committing.add(batch.producerId);
      return false;
    }
    aborting.hasBatches = true;
    return true;
  }

  /** A control batch. */
  ended(batch: RecordBatch): MarkerSeen {
    this.#advanceTo(batch.lastOffset);
    const { producerId } = batch;
    const [record] = batch.records();
    // One that was emptied before told of a transaction of which nothing was left.
    if (!record) return { isEmpty: true, aborted: undefined };
    const marker = readEndTransactionMarker(record);
    if (marker?.type === 'ABORT') {
      const aborting = this.#aborting.get(producerId);
      this.#aborting.delete(producerId);
      return aborting?.hasBatches ? { isEmpty: false, aborted: aborting.transaction } : { isEmpty: true, aborted: undefined };
    }
    if (marker?.type === 'COMMIT') return { isEmpty: !this.#committing.delete(producerId), aborted: undefined };
    return { isEmpty: false, aborted: undefined };
  }

  #advanceTo(offset: bigint): void {
    for (let next = this.#ahead[this.#next]; next && next.firstOffset <= offset; next = this.#ahead[++this.#next]) {
      if (!this.#aborting.has(next.producerId)) this.#aborting.set(next.producerId, { transaction: next, hasBatches: false });
    }
  }
}
