import type { Clock, Timer } from '../clock.ts';

/** setTimeout takes no longer delays: beyond, it fires at once. */
const longestTimeoutMs = 2 ** 31 - 1;

/** The host's clocks. */
export class NodeClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  after(delayMs: number, callback: () => void): Timer {
    return new NodeTimer(performance.now() + delayMs, undefined, callback);
  }

  every(intervalMs: number, callback: () => void): Timer {
    const interval = Math.max(1, intervalMs);
    return new NodeTimer(performance.now() + interval, interval, callback);
  }
}

/** Node's timeouts count in whole milliseconds of a clock that lags behind: one may end too early, and is then set again for the rest. */
class NodeTimer implements Timer {
  #deadline: number;
  readonly #intervalMs: number | undefined;
  #callback: (() => void) | undefined;
  #timeout: NodeJS.Timeout | undefined;

  constructor(deadline: number, intervalMs: number | undefined, callback: () => void) {
    this.#deadline = deadline;
    this.#intervalMs = intervalMs;
    this.#callback = callback;
    this.#wait();
  }

  cancel(): void {
    this.#callback = undefined;
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }

  #wait(): void {
    const delayMs = Math.max(0, Math.ceil(this.#deadline - performance.now()));
    this.#timeout = setTimeout(this.#ended, Math.min(delayMs, longestTimeoutMs)).unref();
  }

  readonly #ended = (): void => {
    const callback = this.#callback;
    if (!callback) return;
    const now = performance.now();
    if (now < this.#deadline) {
      this.#wait();
      return;
    }
    if (this.#intervalMs === undefined) {
      this.#callback = undefined;
    } else {
      // After a stall the missed calls are not made up for.
      this.#deadline = Math.max(this.#deadline + this.#intervalMs, now);
      this.#wait();
    }
    callback();
  };
}
