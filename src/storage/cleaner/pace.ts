import { type Clock, sleep } from '#platform';

/** For so long at most others wait, large batches apart. */
const sliceMs = 4;
/** For so long at most nobody looks whether there is still any use in going on. */
const longestRestMs = 200;

/**
 * Keeps a cleaning from holding up everybody else: after each slice of work it rests for as long, so that it never takes more than half of the time;
 * and for longer, where so many bytes must not be read and written in so short a time.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #maxBytesPerSecond: number;
  readonly #startedAt: number;
  #sliceFrom: number;
  #bytes = 0;

  constructor(clock: Clock, maxBytesPerSecond: number) {
    this.#clock = clock;
    this.#maxBytesPerSecond = maxBytesPerSecond;
    this.#startedAt = clock.monotonic();
    this.#sliceFrom = this.#startedAt;
  }

  /** Others have had their turn, for instance while the disk was waited for. */
  begin(): void {
    this.#sliceFrom = this.#clock.monotonic();
  }

  spent(bytes: number): void {
    this.#bytes += bytes;
  }

  get isOver(): boolean {
    return this.#clock.monotonic() - this.#sliceFrom >= sliceMs || this.#debtMs() > 0;
  }

  /** To be repeated while {@link isOver}. */
  async rest(): Promise<void> {
    const worked = this.#clock.monotonic() - this.#sliceFrom;
    await sleep(this.#clock, Math.min(Math.max(worked, this.#debtMs()), longestRestMs));
    this.begin();
  }

  #debtMs(): number {
    return (this.#bytes / this.#maxBytesPerSecond) * 1000 - (this.#clock.monotonic() - this.#startedAt);
  }
}
