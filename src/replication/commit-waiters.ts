import { KafkaError } from '#protocol';

interface Waiter {
  readonly offset: bigint;
  readonly deadline: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Producers that wait until the high watermark has passed their last record. Offsets are mostly added in rising order (a
 * duplicate waits for its original), so the ones that are done sit at the front.
 */
export class CommitWaiters {
  readonly #late: (offset: bigint) => string;
  #waiters: Waiter[] = [];

  /** @param late what to tell who has waited too long */
  constructor(late = (offset: bigint) => `offset ${offset} was appended but is not yet committed`) {
    this.#late = late;
  }

  get size(): number {
    return this.#waiters.length;
  }

  /** Resolves when {@link release} is told of a high watermark beyond `offset`. `deadline` is monotonic time. */
  add(offset: bigint, deadline: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ offset, deadline, resolve, reject });
    });
  }

  release(highWatermark: bigint): void {
    const waiters = this.#waiters;
    let kept = 0;
    for (const waiter of waiters) {
      if (waiter.offset < highWatermark) waiter.resolve();
      else waiters[kept++] = waiter;
    }
    waiters.length = kept;
  }

  /** Gives up those whose time is over: their records are in the log and may yet be committed. */
  expire(now: number): void {
    const late = this.#waiters.filter((waiter) => waiter.deadline <= now);
    if (late.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.deadline > now);
    for (const waiter of late) waiter.reject(new KafkaError('REQUEST_TIMED_OUT', this.#late(waiter.offset)));
  }

  fail(error: unknown): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }
}
