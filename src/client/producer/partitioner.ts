import { partitionForRecordKey } from '../partitioner.ts';

/** Chooses partitions as Kafka's own producer does, so that a key lands where its other records are. */
export class Partitioner {
  readonly #count: number;
  #sticky: number;

  /** @param first where records without a key go at first */
  constructor(count: number, first = 0) {
    this.#count = count;
    this.#sticky = first % count;
  }

  /** The partition of a record by its key; those without one stay together until {@link moveOn}. */
  partitionOf(key: Uint8Array | null): number {
    return key === null ? this.#sticky : partitionForRecordKey(key, this.#count);
  }

  /** Records without a key go to the next partition from now on: to be called for each batch. */
  moveOn(): void {
    this.#sticky = (this.#sticky + 1) % this.#count;
  }
}
