import type { Clock, Timer } from '#platform';

/** Looks so many times within what counts as a hang. */
const looks = 3;

/**
 * Notices that this process did not run for a while: it was suspended, or something kept its event loop. What comes in right afterwards may be
 * old, answers of this broker to itself included, so that for a time it proves nothing of the world outside.
 */
export class HangWatch {
  readonly #clock: Clock;
  readonly #hangMs: number;
  readonly #distrustMs: number;
  readonly #timer: Timer;
  #lookedAt: number;
  #distrustedUntil = Number.NEGATIVE_INFINITY;

  /**
   * @param options.hangMs a longer pause counts
   * @param options.distrustMs for so long after it nothing is to be relied on
   */
  constructor(options: { clock: Clock; hangMs: number; distrustMs: number }) {
    this.#clock = options.clock;
    this.#hangMs = options.hangMs;
    this.#distrustMs = options.distrustMs;
    this.#lookedAt = options.clock.monotonic();
    this.#timer = options.clock.every(options.hangMs / looks, () => this.#look());
  }

  /** False right after a hang, also before anything else has noticed it. */
  get isAwake(): boolean {
    this.#look();
    return this.#clock.monotonic() >= this.#distrustedUntil;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #look(): void {
    const now = this.#clock.monotonic();
    if (now - this.#lookedAt > this.#hangMs) this.#distrustedUntil = now + this.#distrustMs;
    this.#lookedAt = now;
  }
}
