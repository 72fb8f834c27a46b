import { SeededRandom } from '#platform';
import { begin, type World } from './faults.ts';
import type { Period, PlannedFault } from './plan.ts';

export interface NemesisOptions {
  readonly periods: readonly Period[];
  readonly world: World;
  /** Of the history, whose zero is that of the plan. */
  now(): number;
  /** Is told of each fault as it begins and ends, and of brokers that ended by themselves. */
  note(what: string): void;
  fallen(id: number): void;
}

/** Does what the plan says, and leaves the cluster whole after each period. */
export class Nemesis {
  readonly #options: NemesisOptions;
  readonly #abort = new AbortController();
  /** What is going on. */
  readonly current = new Set<string>();

  constructor(options: NemesisOptions) {
    this.#options = options;
  }

  /** Ends early, with all faults ended. */
  stop(): void {
    this.#abort.abort();
  }

  async run(): Promise<void> {
    for (const period of this.#options.periods) {
      if (this.#abort.signal.aborted) return;
      await Promise.all(period.faults.map((fault) => this.#carryOut(fault)));
      await this.#until(period.at + period.lengthMs);
      await this.#heal();
    }
  }

  async #carryOut(fault: PlannedFault): Promise<void> {
    const { world, note } = this.#options;
    await this.#until(fault.at);
    if (this.#abort.signal.aborted) return;
    const running = await begin[fault.kind](world, new SeededRandom(fault.seed));
    note(running.what);
    this.current.add(running.what);
    await this.#until(fault.at + fault.lastsMs);
    await running.end();
    this.current.delete(running.what);
    note(`over: ${running.what}`);
  }

  async #heal(): Promise<void> {
    const { world, fallen } = this.#options;
    for (const id of world.cluster.fallen()) fallen(id);
    await world.cluster.heal();
  }

  async #until(at: number): Promise<void> {
    const { signal } = this.#abort;
    const leftMs = at - this.#options.now();
    if (leftMs <= 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, leftMs);
      signal.addEventListener('abort', finish);
    });
  }
}
