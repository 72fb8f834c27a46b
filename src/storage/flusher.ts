import { type Clock, type DiskFile, DurationHistogram } from '#platform';
import { asKafkaError, type KafkaError } from '#protocol';

/** What one round has to put on disk for one log. */
export interface SyncWork {
  /** To be waited for before the files are synced: what they mean nothing without, as their directory entries. */
  prepare: (() => Promise<void>) | undefined;
  files: readonly DiskFile[];
  /** To be waited for last, before anyone is told. */
  mark: (() => Promise<void>) | undefined;
  /** Called once, when all is on disk, or when it is known that it is not. */
  done(succeeded: boolean): void;
}

export interface SyncSource {
  /** Collects everything that is not on disk yet; what comes later belongs to the next round. */
  beginSync(): SyncWork;
}

interface Rounds {
  running: boolean;
  waiting: { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } | undefined;
}

/**
 * Group commit. While a log's round is in flight all who ask for a flush gather for its next one, so that each round syncs a file once,
 * however many wait. Rounds of different logs run side by side up to a limit, first come, first served.
 *
 * A failed sync is final: it is not repeated, as the system may have dropped the very pages and would then report success.
 */
export class Flusher {
  readonly #limit: number;
  readonly #onFailure: (error: unknown) => void;
  readonly #clock: Clock;
  /** How long the disk took to sync the files of one round. */
  readonly syncTimes = new DurationHistogram();
  readonly #rounds = new Map<SyncSource, Rounds>();
  #queue: SyncSource[] = [];
  #running = 0;
  #starting = false;
  #failure: KafkaError | undefined;

  /** @param limit how many logs may be synced at the same time */
  constructor(limit: number, clock: Clock, onFailure: (error: unknown) => void) {
    this.#limit = limit;
    this.#clock = clock;
    this.#onFailure = onFailure;
  }

  /** Resolves when all that `source` has written so far is on disk. @throws KafkaError KAFKA_STORAGE_ERROR when that cannot be */
  flush(source: SyncSource): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    let rounds = this.#rounds.get(source);
    if (!rounds) this.#rounds.set(source, (rounds = { running: false, waiting: undefined }));
    if (!rounds.waiting) {
      rounds.waiting = Promise.withResolvers<void>();
      // Whoever waits sees the failure; that nobody waits is no reason to end the process.
      rounds.waiting.promise.catch(() => {});
      if (!rounds.running) this.#enqueue(source);
    }
    return rounds.waiting.promise;
  }

  /** Rejects all who wait, and all who come. */
  fail(error: KafkaError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#queue = [];
    for (const rounds of this.#rounds.values()) {
      rounds.waiting?.reject(error);
      rounds.waiting = undefined;
    }
  }

  #enqueue(source: SyncSource): void {
    this.#queue.push(source);
    if (this.#starting) return;
    this.#starting = true;
    // Not at once: the appends that follow in the same turn join the round.
    Promise.resolve().then(() => {
      this.#starting = false;
      this.#startRounds();
    });
  }

  #startRounds(): void {
    while (this.#running < this.#limit && this.#queue.length > 0) void this.#run(this.#queue.shift()!);
  }

  async #run(source: SyncSource): Promise<void> {
    const rounds = this.#rounds.get(source)!;
    const waiting = rounds.waiting!;
    rounds.waiting = undefined;
    rounds.running = true;
    this.#running++;
    try {
      await this.#syncAll(source);
      if (this.#failure) throw this.#failure;
      waiting.resolve();
    } catch (error) {
      this.#onFailure(error);
      waiting.reject(this.#failure ?? asKafkaError(error));
    }
    this.#running--;
    rounds.running = false;
    if (rounds.waiting) this.#enqueue(source);
    else this.#rounds.delete(source);
    this.#startRounds();
  }

  async #syncAll(source: SyncSource): Promise<void> {
    const work = source.beginSync();
    let succeeded = false;
    try {
      await work.prepare?.();
      const began = this.#clock.monotonic();
      // All have to end before any may be closed.
      const outcomes = await Promise.allSettled(work.files.map((file) => file.sync()));
      if (work.files.length > 0) this.syncTimes.observe(this.#clock.monotonic() - began);
      for (const outcome of outcomes) {
        // Whatever its code, a failed sync has lost bytes; it is not the full disk that a write may meet.
        if (outcome.status === 'rejected') throw new Error(`a sync failed: ${outcome.reason}`, { cause: outcome.reason });
      }
      await work.mark?.();
      succeeded = true;
    } finally {
      work.done(succeeded);
    }
  }
}
