import { DiskError, type DiskFile } from '#platform';
import { RecordBatch } from '#protocol';
import { cleanedSuffix } from '../file-names.ts';
import type { LogConfig } from '../log-config.ts';
import type { LogHost } from '../log-host.ts';
import { Segment } from '../segment.ts';

const writeBytes = 256 * 1024;

/** The segment that is to replace some others, while it is written: under an ending by which a start knows that it is not finished. */
export class SegmentCopy {
  readonly segment: Segment;
  readonly #host: LogHost;
  #isOpen = true;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #written = 0;

  constructor(host: LogHost, directory: string, config: LogConfig, first: Segment) {
    this.#host = host;
    const { baseOffset, createdMs } = first;
    this.segment = new Segment({ disk: host.disk, directory, baseOffset, config, createdMs });
    this.segment.create(cleanedSuffix);
  }

  /** Keeps a batch; its bytes must stay as they are until they are written. */
  add(bytes: Buffer): void {
    this.segment.added(new RecordBatch(bytes));
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= writeBytes) this.#write();
  }

  /** Puts all of it on disk, indexes too. @param createdMs by which it ages where its records have no timestamps */
  async finish(createdMs: number): Promise<void> {
    this.segment.createdMs = createdMs;
    const files = this.#writeAll();
    // All have to end before any may be closed.
    const outcomes = await Promise.allSettled([this.segment.heldFile!, ...files].map((file) => file.sync()));
    for (const file of files) file.close();
    this.#close();
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      throw this.#host.diskFailed(new Error(`a sync failed: ${outcome.reason}`, { cause: outcome.reason }), this.segment.path('.log'));
    }
  }

  /** It is not wanted. */
  discard(): void {
    this.#close();
    this.segment.removeFiles();
  }

  #writeAll(): DiskFile[] {
    try {
      this.#write();
      return this.segment.writeIndexes();
    } catch (error) {
      throw error instanceof DiskError ? this.#host.diskFailed(error, this.segment.path('.log')) : error;
    }
  }

  #write(): void {
    if (this.#pendingBytes === 0) return;
    this.segment.heldFile!.write(this.#pending, this.#written);
    this.#written += this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  #close(): void {
    if (this.#isOpen) this.segment.release();
    this.#isOpen = false;
  }
}
