/** What the tests of coordinators share: a partition in memory whose commits a test decides. Not part of the program. */
import { batchesIn, KafkaError, RecordBatch } from '#protocol';
import type { CoordinatorLog } from './core.ts';

export class MemoryLog implements CoordinatorLog {
  readonly logStartOffset = 0n;
  maxBatchBytes = 1_048_588;
  /** Whether what is appended is committed at once. */
  commitsAtOnce: boolean;
  /** Thrown by the next appends. */
  refusal: KafkaError | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  #logEndOffset = 0n;
  #highWatermark = 0n;
  readonly #watchers = new Set<() => void>();

  constructor(options: { commitsAtOnce?: boolean } = {}) {
    this.commitsAtOnce = options.commitsAtOnce ?? true;
  }

  get logEndOffset(): bigint {
    return this.#logEndOffset;
  }

  get highWatermark(): bigint {
    return this.#highWatermark;
  }

  get batches(): RecordBatch[] {
    return [...batchesIn(this.#bytes)];
  }

  async read(fetchOffset: bigint): Promise<Buffer> {
    const found = this.batches.filter(({ lastOffset }) => lastOffset >= fetchOffset && lastOffset < this.#highWatermark);
    // One at a time, so that a load takes as many reads as there are batches.
    return found[0]?.buffer ?? Buffer.alloc(0);
  }

  append(batch: Buffer): bigint {
    if (this.refusal !== undefined) throw this.refusal;
    if (batch.length > this.maxBatchBytes) throw new KafkaError('MESSAGE_TOO_LARGE');
    const stamped = new RecordBatch(Buffer.from(batch));
    stamped.stamp(this.#logEndOffset, 1);
    this.#bytes = Buffer.concat([this.#bytes, stamped.buffer]);
    this.#logEndOffset = stamped.lastOffset + 1n;
    if (this.commitsAtOnce) this.commit();
    return stamped.lastOffset;
  }

  /** Raises the high watermark to an offset, or to the end. */
  commit(upTo: bigint = this.#logEndOffset): void {
    this.#highWatermark = upTo;
    for (const watcher of [...this.#watchers]) watcher();
  }

  watch(callback: () => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  /** As another broker has it that leads next: what was committed, and nothing else. */
  committedCopy(): MemoryLog {
    const copy = new MemoryLog();
    for (const batch of this.batches) if (batch.lastOffset < this.#highWatermark) copy.append(batch.buffer);
    return copy;
  }
}
