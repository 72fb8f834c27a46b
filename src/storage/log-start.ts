import { NoSpaceError } from './errors.ts';
import type { LogFiles } from './log-files.ts';

export interface LogStartOptions {
  readonly files: LogFiles;
  readonly offset: bigint;
  /** Writes down, durably, where the logs of the directory begin. */
  readonly save: () => Promise<void>;
  /** The log begins later from now on. */
  readonly raised: (offset: bigint) => void;
  /** Whether the log's files are still in use. */
  readonly isUsable: () => boolean;
}

/** Where a log begins. Segments below go when that is written down, so that a crash never leaves a hole. */
export class LogStart {
  readonly #options: LogStartOptions;
  #offset: bigint;
  /** As it is written down: only what lies below it may go. */
  #savedOffset: bigint;

  constructor(options: LogStartOptions) {
    this.#options = options;
    this.#offset = options.offset;
    this.#savedOffset = options.offset;
  }

  get offset(): bigint {
    return this.#offset;
  }

  /**
   * Lets go of all records below an offset, at once for readers. When the promise resolves that survives a crash.
   * @param options.evenIfFull a disk that has no room for writing the start down is not an error: then segments go all the same
   */
  async raise(offset: bigint, { evenIfFull = false } = {}): Promise<void> {
    const { files, save, raised, isUsable } = this.#options;
    if (offset > this.#offset) {
      this.#offset = offset;
      raised(offset);
    }
    try {
      await save();
    } catch (error) {
      if (!(evenIfFull && error instanceof NoSpaceError)) throw error;
      // Without a checkpoint that says so, segments have to go one after the other, so that a crash never leaves a hole.
      while (files.removeBelow(offset, 1)) await files.syncDirectory();
      return;
    }
    if (!isUsable()) return;
    if (offset > this.#savedOffset) this.#savedOffset = offset;
    this.removeUnused();
  }

  /** Removes the segments that are below and could not go before. */
  removeUnused(): void {
    this.#options.files.removeBelow(this.#savedOffset);
  }

  /** The log is empty, and begins there. */
  startAgainAt(offset: bigint): void {
    this.#offset = offset;
    this.#savedOffset = offset;
  }
}
