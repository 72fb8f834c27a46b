import type { Clock, Timer } from '../clock.ts';
import type { EventOwner, SimulatedEvent } from './events.ts';
import type { Scheduler } from './scheduler.ts';

/** The clocks of one host: how fast its quartz is, and what it believes the date to be. */
export class HostTime {
  readonly #scheduler: Scheduler;
  #rate = 1;
  /** Local and world microseconds at the last change of the rate. */
  #localThen = 0;
  #worldThen = 0;
  #wallOffsetMs: number;

  constructor(scheduler: Scheduler, wallStartMs: number) {
    this.#scheduler = scheduler;
    this.#wallOffsetMs = wallStartMs;
  }

  /** Microseconds by this host's quartz. */
  localUs(): number {
    return this.#localThen + Math.floor((this.#scheduler.nowUs - this.#worldThen) * this.#rate);
  }

  /** Milliseconds since 1970, as this host believes. */
  wallMs(): number {
    return Math.floor(this.#wallOffsetMs + this.localUs() / 1000);
  }

  /** World microseconds until {@link localUs} is at least `local`. */
  untilLocal(local: number): number {
    const remaining = local - this.localUs();
    return remaining <= 0 ? 0 : Math.ceil(remaining / this.#rate);
  }

  /** Sets the wall clock forward or back. Monotonic time takes no part. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** How many local seconds pass in a second of the world: 1.0001 is fast by 100 parts in a million. */
  setRate(rate: number): void {
    this.#localThen = this.localUs();
    this.#worldThen = this.#scheduler.nowUs;
    this.#rate = rate;
  }
}

/** The clock of one process on a simulated host. */
export class SimulatedClock implements Clock {
  readonly #scheduler: Scheduler;
  readonly #host: HostTime;
  readonly #owner: EventOwner | undefined;
  readonly #startUs: number;

  constructor(scheduler: Scheduler, host: HostTime, owner: EventOwner | undefined) {
    this.#scheduler = scheduler;
    this.#host = host;
    this.#owner = owner;
    this.#startUs = host.localUs();
  }

  now(): number {
    return this.#host.wallMs();
  }

  monotonic(): number {
    return (this.#host.localUs() - this.#startUs) / 1000;
  }

  after(delayMs: number, callback: () => void): Timer {
    return new SimulatedTimer(this.#scheduler, this.#host, this.#owner, delayMs, false, callback);
  }

  every(intervalMs: number, callback: () => void): Timer {
    return new SimulatedTimer(this.#scheduler, this.#host, this.#owner, intervalMs, true, callback);
  }
}

class SimulatedTimer implements Timer {
  readonly #scheduler: Scheduler;
  readonly #host: HostTime;
  readonly #owner: EventOwner | undefined;
  /** Whole microseconds, at least a millisecond as in Node: time moves on even where code waits for 0 ms again and again. */
  readonly #delayUs: number;
  readonly #repeats: boolean;
  #callback: (() => void) | undefined;
  #deadline: number;
  #event: SimulatedEvent;

  constructor(
    scheduler: Scheduler,
    host: HostTime,
    owner: EventOwner | undefined,
    delayMs: number,
    repeats: boolean,
    callback: () => void,
  ) {
    this.#scheduler = scheduler;
    this.#host = host;
    this.#owner = owner;
    this.#delayUs = Math.ceil(Math.max(1, delayMs) * 1000);
    this.#repeats = repeats;
    this.#callback = callback;
    this.#deadline = host.localUs() + this.#delayUs;
    this.#event = this.#wait();
  }

  cancel(): void {
    this.#callback = undefined;
    this.#scheduler.cancel(this.#event);
  }

  #wait(): SimulatedEvent {
    return this.#scheduler.schedule(this.#host.untilLocal(this.#deadline), 'timer', this.#owner, this.#ended);
  }

  readonly #ended = (): void => {
    const callback = this.#callback;
    if (!callback) return;
    const local = this.#host.localUs();
    if (local < this.#deadline) {
      // The quartz has become slower, or the product of rate and time was rounded down.
      this.#event = this.#wait();
      return;
    }
    if (this.#repeats) {
      this.#deadline = Math.max(this.#deadline + this.#delayUs, local);
      this.#event = this.#wait();
    } else {
      this.#callback = undefined;
    }
    callback();
  };
}
