import { NoSpaceError } from './errors.ts';
import type { SyncWork } from './flusher.ts';
import type { LogFiles } from './log-files.ts';

export interface SyncProgressOptions {
  readonly files: LogFiles;
  /** A round also writes down how far it got, before anyone is told. */
  readonly strict: boolean;
  /** Below it all was on disk when the log was opened. */
  readonly syncedOffset: bigint;
  readonly logEndOffset: () => bigint;
  readonly saveRecoveryPoints: () => Promise<void>;
}

/** How far one log is on disk. */
export class SyncProgress {
  readonly #options: SyncProgressOptions;
  #syncedOffset: bigint;
  /** What the round in flight covers; a truncation lowers it. */
  #syncingOffset = 0n;
  /** What is synced and being written down as such before anyone is told. */
  #markedOffset = 0n;

  constructor(options: SyncProgressOptions) {
    this.#options = options;
    this.#syncedOffset = options.syncedOffset;
  }

  /** Below it all is on disk. */
  get syncedOffset(): bigint {
    return this.#syncedOffset;
  }

  /** Below it a recovery needs not look. */
  get recoveryPoint(): bigint {
    const { strict, files } = this.#options;
    const offset = this.#markedOffset > this.#syncedOffset ? this.#markedOffset : this.#syncedOffset;
    // Of a closed segment the indexes have to be on disk too, as nobody scans it again.
    const first = strict ? undefined : files.firstUnsynced;
    return first !== undefined && first < offset ? first : offset;
  }

  /** Whether there is nothing to put on disk. */
  get isClean(): boolean {
    return this.#syncedOffset >= this.#options.logEndOffset() && this.#options.files.isSettled;
  }

  /** All that has to be put on disk now. */
  begin(): SyncWork {
    this.#syncingOffset = this.#options.logEndOffset();
    const { prepare, files, done } = this.#options.files.beginSync();
    return {
      prepare,
      files,
      mark: this.#options.strict ? () => this.#mark() : undefined,
      done: (succeeded) => {
        done(succeeded);
        if (succeeded && this.#syncingOffset > this.#syncedOffset) this.#syncedOffset = this.#syncingOffset;
      },
    };
  }

  /** What lies above is not there any more, and what takes its place is not on disk. */
  truncatedTo(logEndOffset: bigint): void {
    if (this.#syncedOffset > logEndOffset) this.#syncedOffset = logEndOffset;
    if (this.#syncingOffset > logEndOffset) this.#syncingOffset = logEndOffset;
    if (this.#markedOffset > logEndOffset) this.#markedOffset = logEndOffset;
  }

  async #mark(): Promise<void> {
    this.#markedOffset = this.#syncingOffset;
    try {
      await this.#options.saveRecoveryPoints();
    } catch (error) {
      // The records are on disk; only what a recovery knows of them is older.
      if (!(error instanceof NoSpaceError)) throw error;
    }
  }
}
