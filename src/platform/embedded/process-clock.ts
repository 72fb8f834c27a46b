import type { Clock, Timer } from '../clock.ts';

/**
 * A clock as one broker sees it that could as well be a process of its own: while the process is stopped its timers wait, and end together when it goes on;
 * when it was killed they never end.
 */
export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<ProcessTimer>();
  #state: 'running' | 'stopped' | 'killed' = 'running';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#start((ended) => this.#clock.after(delayMs, ended), callback, true);
  }

  every(intervalMs: number, callback: () => void): Timer {
    return this.#start((ended) => this.#clock.every(intervalMs, ended), callback, false);
  }

  /** From now on timers that end wait. */
  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped';
  }

  /** Those that have ended meanwhile are called, one after the other. */
  goOn(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    for (const timer of [...this.#timers]) timer.makeUp();
  }

  kill(): void {
    this.#state = 'killed';
    for (const timer of [...this.#timers]) timer.cancel();
  }

  #start(start: (ended: () => void) => Timer, callback: () => void, isOnce: boolean): Timer {
    if (this.#state === 'killed') return { cancel() {} };
    const timer = new ProcessTimer(
      start,
      callback,
      () => this.#state === 'running',
      isOnce,
      () => this.#timers.delete(timer),
    );
    this.#timers.add(timer);
    return timer;
  }
}

class ProcessTimer implements Timer {
  readonly #timer: Timer;
  readonly #callback: () => void;
  readonly #mayRun: () => boolean;
  readonly #isOnce: boolean;
  readonly #gone: () => void;
  #isDue = false;
  #isOver = false;

  constructor(start: (ended: () => void) => Timer, callback: () => void, mayRun: () => boolean, isOnce: boolean, gone: () => void) {
    this.#callback = callback;
    this.#mayRun = mayRun;
    this.#isOnce = isOnce;
    this.#gone = gone;
    this.#timer = start(() => this.#ended());
  }

  cancel(): void {
    this.#isOver = true;
    this.#timer.cancel();
    this.#gone();
  }

  /** Calls back if that was missed. A repeated one that was missed often is called once. */
  makeUp(): void {
    if (this.#isDue) this.#run();
  }

  #ended(): void {
    if (this.#mayRun()) this.#run();
    else this.#isDue = true;
  }

  #run(): void {
    if (this.#isOver) return;
    this.#isDue = false;
    if (this.#isOnce) {
      this.#isOver = true;
      this.#gone();
    }
    this.#callback();
  }
}
