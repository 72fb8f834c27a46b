import type { Clock } from '#platform';

/** A leader or coordinator that moves is nothing to speak of. */
const patienceMs = 1_500;

/** Tells people of trouble that lasts, once, and that it is over. */
export class Trouble {
  readonly #clock: Clock;
  readonly #note: (line: string) => void;
  readonly #over: string;
  #since: number | undefined;
  #isTold = false;

  /** @param over what to say when it is over */
  constructor(clock: Clock, note: (line: string) => void, over: string) {
    this.#clock = clock;
    this.#note = note;
    this.#over = over;
  }

  seen(why: string): void {
    const now = this.#clock.monotonic();
    this.#since ??= now;
    if (this.#isTold || now - this.#since < patienceMs) return;
    this.#isTold = true;
    this.#note(`${why.replace(/\.?$/, '.')} Trying again until it works.`);
  }

  passed(): void {
    if (this.#isTold) this.#note(this.#over);
    this.#since = undefined;
    this.#isTold = false;
  }
}
