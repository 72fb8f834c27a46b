import type { CoordinatorLog } from '#coordinators';
import type { Partition } from '#replication';

const bytesPerRead = 1024 * 1024;

/** A partition that this broker leads, as coordinators see it. */
export class LedPartition implements CoordinatorLog {
  readonly #partition: Partition;

  constructor(partition: Partition) {
    this.#partition = partition;
  }

  get logStartOffset(): bigint {
    return this.#partition.log.logStartOffset;
  }

  get logEndOffset(): bigint {
    return this.#partition.log.logEndOffset;
  }

  get highWatermark(): bigint {
    return this.#partition.highWatermark;
  }

  get maxBatchBytes(): number {
    return this.#partition.log.config.maxMessageBytes;
  }

  async read(fetchOffset: bigint): Promise<Buffer> {
    const wanted = { fetchOffset, maxBytes: bytesPerRead, atLeastOne: true, isolationLevel: 'read_uncommitted' } as const;
    return (await this.#partition.read(wanted)).records;
  }

  append(batch: Buffer, options: { transactionVersion?: number } = {}): bigint {
    return this.#partition.appendAsCoordinator(batch, options).info.lastOffset;
  }

  watch(callback: () => void): () => void {
    return this.#partition.watch(callback);
  }
}
