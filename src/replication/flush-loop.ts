import type { Clock } from '#platform';
import { NoSpaceError, type PartitionLog } from '#storage';

/** After a flush that found the disk full. */
const fullDiskPauseMs = 500;

/** Makes a leader's log durable, flush after flush as long as there is more: appends that come while one runs go with the next. */
export class FlushLoop {
  readonly #log: PartitionLog;
  readonly #clock: Clock;
  readonly #onFlushed: () => void;
  readonly #onFailed: (error: unknown) => void;
  #running = false;
  #stopped = false;

  /** @param handlers `failed` is told what is final (S5); a full disk passes, and the flush is repeated */
  constructor(log: PartitionLog, clock: Clock, handlers: { flushed: () => void; failed: (error: unknown) => void }) {
    this.#log = log;
    this.#clock = clock;
    this.#onFlushed = handlers.flushed;
    this.#onFailed = handlers.failed;
  }

  /** Something was appended. */
  run(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    this.#log.flush().then(
      () => {
        this.#running = false;
        if (this.#stopped) return;
        this.#onFlushed();
        if (this.#log.flushedOffset < this.#log.logEndOffset) this.run();
      },
      (error: unknown) => {
        this.#running = false;
        if (this.#stopped) return;
        if (error instanceof NoSpaceError) this.#runLater();
        else this.#onFailed(error);
      },
    );
  }

  stop(): void {
    this.#stopped = true;
  }

  #runLater(): void {
    this.#running = true;
    this.#clock.after(fullDiskPauseMs, () => {
      this.#running = false;
      this.run();
    });
  }
}
