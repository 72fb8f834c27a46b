import { Deadlines } from '../runtime/index.ts';
import type { Turn } from './turn.ts';

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

  cancel(name: string): void {
    this.#deadlines.cancel(name);
    this.#actions.delete(name);
  }

  has(name: string): boolean {
    return this.#actions.has(name);
  }

  /** Takes the action of one whose time has come. */
  takeDue(now: number): ((turn: Turn) => void) | undefined {
    const name = this.#deadlines.takeDue(now);
    if (name === undefined) return undefined;
    const action = this.#actions.get(name);
    this.#actions.delete(name);
    return action;
  }
}
