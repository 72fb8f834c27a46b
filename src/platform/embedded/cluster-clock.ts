import type { Clock, Timer } from '../clock.ts';

/** How often somebody looks at the time at least, so that it is noticed when nobody could. */
const lookEveryMs = 50;
/** When nobody has looked for so long, the process did nothing: it stood at a breakpoint, was busy with something else, or was not given a processor. */
const stallMs = 250;

/**
 * The clock that the brokers of one cluster share. Its wall time can be moved on, while monotonic time, and with it every timer, lease, session and wait, goes on as
 * always. Time in which the whole process stood still does not count in it: everybody would find at once that all the others have been silent for too long.
 */
export class ClusterClock implements Clock {
  readonly #real: Clock;
  readonly #looking: Timer;
  #aheadMs = 0;
  #lookedAt: number;
  #stalledMs = 0;

  constructor(real: Clock) {
    this.#real = real;
    this.#lookedAt = real.monotonic();
    this.#looking = real.every(lookEveryMs, () => this.monotonic());
  }

  /** How far wall time is ahead of the host's. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  set aheadMs(aheadMs: number) {
    this.#aheadMs = aheadMs;
  }

  now(): number {
    return this.#real.now() + this.#aheadMs;
  }

  monotonic(): number {
    const now = this.#real.monotonic();
    const unseenMs = now - this.#lookedAt;
    this.#lookedAt = now;
    if (unseenMs > stallMs) this.#stalledMs += unseenMs - lookEveryMs;
    return now - this.#stalledMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return new ClusterTimer(this, this.#real, delayMs, undefined, callback);
  }

  every(intervalMs: number, callback: () => void): Timer {
    const interval = Math.max(1, intervalMs);
    return new ClusterTimer(this, this.#real, interval, interval, callback);
  }

  /** Nobody looks any more. */
  close(): void {
    this.#looking.cancel();
  }
}

/** A timer of the host may end while its time by the cluster's clock has not come, and then waits for the rest. */
class ClusterTimer implements Timer {
  readonly #clock: Clock;
  readonly #real: Clock;
  readonly #intervalMs: number | undefined;
  readonly #callback: () => void;
  #deadline: number;
  #timer: Timer;

  constructor(clock: Clock, real: Clock, delayMs: number, intervalMs: number | undefined, callback: () => void) {
    this.#clock = clock;
    this.#real = real;
    this.#intervalMs = intervalMs;
    this.#callback = callback;
    this.#deadline = clock.monotonic() + delayMs;
    this.#timer = real.after(delayMs, this.#ended);
  }

  cancel(): void {
    this.#timer.cancel();
  }

  readonly #ended = (): void => {
    const now = this.#clock.monotonic();
    if (now < this.#deadline) {
      this.#timer = this.#real.after(this.#deadline - now, this.#ended);
      return;
    }
    if (this.#intervalMs !== undefined) {
      this.#deadline = Math.max(this.#deadline + this.#intervalMs, now);
      this.#timer = this.#real.after(this.#deadline - now, this.#ended);
    }
    this.#callback();
  };
}
