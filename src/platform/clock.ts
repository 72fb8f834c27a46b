/** A pending call of {@link Clock.after} or {@link Clock.every}. */
export interface Timer {
  /** After this the callback is not called again. Cancelling twice is harmless. */
  cancel(): void;
}

/** The door to time. Wall time may jump; monotonic time never falls, and all timers run on it. */
export interface Clock {
  /** Milliseconds since 1970, the wall clock: for timestamps that others see, never for deadlines. */
  now(): number;
  /** Milliseconds since some moment of this process's start; may have a fraction. For deadlines and durations. */
  monotonic(): number;
  /** Calls `callback` once, at least `delayMs` from now. A timer does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls `callback` about every `intervalMs`, first after one interval. A timer does not keep the process alive. */
  every(intervalMs: number, callback: () => void): Timer;
}

/** Resolves after `delayMs` by that clock's monotonic time. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
