import { Deadlines } from '../runtime/index.ts';
import type { Turn } from './turn.ts';

const retryMs = 500;

/** What is to happen at a time, by name: another one of the same name takes its place. */
export class Timers {
  readonly #deadlines = new Deadlines();
  readonly #actions = new Map<string, (turn: Turn) => void>();

  get next(): number | undefined {
    return this.#deadlines.next;
  }

  /** @param at monotonic time */
  set(name: string, at: number, action: (turn: Turn) => void): void {
    this.#deadlines.set(name, at);
    this.#actions.set(name, action);
  }

  /** Gives what takes the cancellation back; undefined when there is nothing of that name. */
  cancel(name: string): (() => void) | undefined {
    const [at, action] = [this.#deadlines.at(name), this.#actions.get(name)];
    this.#deadlines.cancel(name);
    this.#actions.delete(name);
    return at === undefined || action === undefined ? undefined : () => this.set(name, at, action);
  }

  has(name: string): boolean {
    return this.#actions.has(name);
  }

  /** Takes one whose time has come, and acts. What it decides may not get into the log: then it acts again a little later, unless that has become void. */
  actOnDue(turn: Turn): void {
    const name = this.#deadlines.takeDue(turn.now.monotonic);
    if (name === undefined) return;
    const action = this.#actions.get(name)!;
    this.#actions.delete(name);
    turn.onFailure((_error, later) => {
      if (!this.has(name)) this.set(name, later.now.monotonic + retryMs, action);
    });
    action(turn);
  }
}
