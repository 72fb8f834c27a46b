import { type Clock, DiskError, type Logger } from '#platform';
import { KafkaError } from '#protocol';
import { NoSpaceError } from './errors.ts';

const fullDiskNoteMs = 60_000;

export interface DirectoryHealthOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told once, before anybody else is. */
  readonly failed: (failure: KafkaError) => void;
}

/** Whether a data directory can be used. The first write or sync that fails for another reason than a full disk is the end of it, for good. */
export class DirectoryHealth {
  readonly #options: DirectoryHealthOptions;
  readonly #callbacks: ((failure: KafkaError) => void)[] = [];
  #failure: KafkaError | undefined;
  #fullDiskNotedAt = Number.NEGATIVE_INFINITY;

  constructor(options: DirectoryHealthOptions) {
    this.#options = options;
  }

  /** Why it is offline; undefined while it is not. */
  get failure(): KafkaError | undefined {
    return this.#failure;
  }

  /** Calls back once when the directory goes offline. */
  onOffline(callback: (failure: KafkaError) => void): void {
    this.#callbacks.push(callback);
  }

  /** @throws KafkaError KAFKA_STORAGE_ERROR */
  assertOnline(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Nobody uses it any more, and nobody has to hear of that. */
  close(reason: KafkaError): void {
    this.#failure ??= reason;
  }

  /**
   * Something could not be done on this disk.
   * @returns what to throw: a {@link NoSpaceError} when the disk is full, else why the directory is offline from now on
   */
  diskFailed(error: unknown, path: string): KafkaError {
    if (this.#failure) return this.#failure;
    if (error instanceof NoSpaceError) return error;
    if (error instanceof DiskError && error.code === 'ENOSPC') {
      this.#noteFullDisk();
      return new NoSpaceError(path, { cause: error });
    }
    const reason = error instanceof Error ? error.message : String(error);
    const failure = new KafkaError('KAFKA_STORAGE_ERROR', `The data directory ${this.#options.path} is offline: ${reason}`, {
      cause: error,
    });
    this.#failure = failure;
    this.#options.log.error({ error: reason }, 'a disk operation failed; the data directory is offline until the broker is started anew');
    this.#options.failed(failure);
    for (const callback of this.#callbacks) callback(failure);
    return failure;
  }

  /** Does what goes to the disk. @throws KafkaError when it fails, or the directory has gone offline meanwhile */
  async guarded(act: () => Promise<void>): Promise<void> {
    this.assertOnline();
    try {
      await act();
    } catch (error) {
      throw error instanceof KafkaError ? error : this.diskFailed(error, this.#options.path);
    }
    this.assertOnline();
  }

  /** At most once a minute, while it lasts. */
  #noteFullDisk(): void {
    const now = this.#options.clock.monotonic();
    if (now < this.#fullDiskNotedAt + fullDiskNoteMs) return;
    this.#fullDiskNotedAt = now;
    this.#options.log.warn({}, 'the disk is full: nothing can be written until there is room; reads go on');
  }
}
