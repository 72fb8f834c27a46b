import type { Clock, Timer } from '#platform';

interface Waiter {
  readonly offset: bigint;
  readonly timer: Timer;
  resolve(): void;
  reject(error: Error): void;
}

/** Answers that wait for something to become true of an offset. */
export class Waiters {
  #waiting: Waiter[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** Resolves when {@link release} lets the offset go; rejects with `late()` when that takes too long. */
  wait(offset: bigint, clock: Clock, timeoutMs: number, late: () => Error): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = clock.after(Math.max(timeoutMs, 0), () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        reject(late());
      });
      const waiter: Waiter = { offset, timer, resolve, reject };
      this.#waiting.push(waiter);
    });
  }

  release(isDone: (offset: bigint) => boolean): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    const left: Waiter[] = [];
    for (const waiter of waiting) {
      if (isDone(waiter.offset)) {
        waiter.timer.cancel();
        waiter.resolve();
      } else left.push(waiter);
    }
    this.#waiting = left;
  }

  fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) {
      waiter.timer.cancel();
      waiter.reject(error);
    }
  }
}
