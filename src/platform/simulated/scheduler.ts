import assert from 'node:assert/strict';
import { type EventOwner, EventQueue, type SimulatedEvent } from './events.ts';

/** How {@link Scheduler.run} came back: the time was up, `until` held, or there was nothing more to happen. */
export type RunOutcome = 'time' | 'until' | 'idle';

export interface RunOptions {
  /** Virtual milliseconds from now. Without it the run goes on until `until` holds or nothing is left. */
  forMs?: number;
  /** Looked at between any two events. */
  until?: () => boolean;
}

/** How many events are prepared per turn of Node's event loop, at most. */
const largestBatch = 128;
/** Cancelled events are left in the queue until they come up; with so many of them it is swept. */
const sweepAbove = 4096;

/**
 * Virtual time. Events happen one after another, by time and then in the order they were scheduled; time jumps from one to the next.
 * Between two events every promise that can go on does so, so that a run depends on nothing but its events.
 */
export class Scheduler {
  readonly #queue = new EventQueue();
  #now = 0;
  #sequence = 0;
  #cancelled = 0;
  #digest = 0;
  #happened = 0;
  #running = false;
  /** Sees each event right before it happens. */
  onEvent: ((event: SimulatedEvent) => void) | undefined;

  /** Microseconds since the start. */
  get nowUs(): number {
    return this.#now;
  }

  /** How many events have happened. */
  get eventCount(): number {
    return this.#happened;
  }

  /** A number that stands for all events so far: their times, order, kinds and owners. Equal seeds give equal digests. */
  get digest(): number {
    return this.#digest >>> 0;
  }

  /** Lets `callback` happen `delayUs` from now (at least 0; parts of a microsecond round up). */
  schedule(delayUs: number, kind: string, owner: EventOwner | undefined, callback: () => void): SimulatedEvent {
    const event: SimulatedEvent = {
      time: this.#now + Math.max(0, Math.ceil(delayUs)),
      sequence: this.#sequence++,
      kind,
      owner,
      callback,
    };
    this.#queue.push(event);
    return event;
  }

  cancel(event: SimulatedEvent): void {
    if (!event.callback) return;
    event.callback = undefined;
    if (++this.#cancelled < sweepAbove || this.#cancelled * 2 < this.#queue.size) return;
    this.#queue.sweep((waiting) => waiting.callback === undefined);
    this.#cancelled = 0;
  }

  /** Puts a deferred event back: it happens now, after what is due already. */
  reschedule(event: SimulatedEvent): void {
    event.time = this.#now;
    event.sequence = this.#sequence++;
    this.#queue.push(event);
  }

  /** Lets events happen. What a callback throws ends the run and is thrown here. */
  run(options: RunOptions = {}): Promise<RunOutcome> {
    assert(!this.#running, 'this world runs already');
    this.#running = true;
    const endTime = options.forMs === undefined ? Number.POSITIVE_INFINITY : this.#now + Math.ceil(options.forMs * 1000);
    return new Promise<RunOutcome>((resolve, reject) => {
      let batch = 1;
      let prepared = 0;
      let over = false;
      // Node runs all microtasks and ticks between two immediates, however long their chains. Preparing several at a time
      // spares a turn of the event loop for each.
      const prepare = (): void => {
        batch = Math.min(batch * 2, largestBatch);
        prepared = batch;
        for (let index = 0; index < batch; index++) setImmediate(step);
      };
      const step = (): void => {
        prepared--;
        if (over) return;
        try {
          const outcome = this.#step(endTime, options.until);
          if (outcome) {
            over = true;
            this.#running = false;
            resolve(outcome);
          } else if (prepared === 0) prepare();
        } catch (error) {
          over = true;
          this.#running = false;
          reject(error);
        }
      };
      prepare();
    });
  }

  #step(endTime: number, until: (() => boolean) | undefined): RunOutcome | undefined {
    if (until?.()) return 'until';
    for (;;) {
      const event = this.#queue.peek();
      if (event === undefined || event.time > endTime) {
        if (endTime === Number.POSITIVE_INFINITY) return 'idle';
        this.#now = endTime;
        return 'time';
      }
      this.#queue.pop();
      const { callback, owner } = event;
      if (callback === undefined) {
        this.#cancelled = Math.max(0, this.#cancelled - 1);
        continue;
      }
      if (owner && !owner.alive) continue;
      if (owner?.paused) {
        owner.defer(event);
        continue;
      }
      this.#now = event.time;
      this.#record(event);
      event.callback = undefined;
      callback();
      return undefined;
    }
  }

  #record(event: SimulatedEvent): void {
    this.#happened++;
    this.#digest = mix(mix(mix(this.#digest, event.time), event.sequence), (event.owner?.id ?? 0) * 256 + event.kind.charCodeAt(0));
    this.onEvent?.(event);
  }
}

function mix(digest: number, value: number): number {
  const mixed = Math.imul(digest ^ (value | 0), 0x9e3779b1) ^ Math.trunc(value / 2 ** 32);
  return mixed ^ (mixed >>> 15);
}
