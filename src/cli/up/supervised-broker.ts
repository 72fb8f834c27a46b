import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock, Timer } from '#platform';
import { exitCodes } from '../exit-codes.ts';
import { ownCommand } from '../own-command.ts';
import type { PlannedBroker } from './up-options.ts';

const firstPauseMs = 500;
const longestPauseMs = 15_000;
/** After so long a life, a death is the first of its kind again. */
const soundLifeMs = 60_000;
/** How long a broker may take to stop in good order. */
const stopPatienceMs = 10_000;

export interface SupervisorEvents {
  /** A line for people about what happened to a broker. */
  note(line: string): void;
  /** The broker said why it cannot run, and starting it again would not help. */
  hopeless(broker: PlannedBroker): void;
}

/** One broker in a process of its own, started again whenever it dies until it is told to stop. */
export class SupervisedBroker {
  readonly plan: PlannedBroker;
  readonly #clock: Clock;
  readonly #events: SupervisorEvents;
  #child: ChildProcess | undefined;
  #restart: Timer | undefined;
  #startedAt = 0;
  #deaths = 0;
  #isStopping = false;
  #stopped: (() => void) | undefined;

  constructor(plan: PlannedBroker, clock: Clock, events: SupervisorEvents) {
    this.plan = plan;
    this.#clock = clock;
    this.#events = events;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    this.#startedAt = this.#clock.monotonic();
    // What it says on stdout goes to our stderr: our own stdout is for the one answer that we are ready.
    const [command, ...args] = ownCommand();
    const child = spawn(command, [...args, ...this.plan.args], { stdio: ['ignore', 2, 2, 'ipc'] });
    this.#child = child;
    let gone = false;
    const onGone = (code: number | null, signal: NodeJS.Signals | null) => {
      if (gone) return;
      gone = true;
      this.#child = undefined;
      this.#ended(code, signal);
    };
    child.on('exit', onGone);
    child.on('error', () => {
      if (child.pid === undefined) onGone(exitCodes.failed, null);
    });
  }

  /** Stops the broker in good order; resolves when it is gone. One that takes too long is killed. */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.#restart?.cancel();
    const child = this.#child;
    if (child === undefined) return Promise.resolve();
    const killer = this.#clock.after(stopPatienceMs, () => {
      this.#events.note(`Broker ${this.plan.id} does not stop; killing it.`);
      child.kill('SIGKILL');
    });
    return new Promise((resolve) => {
      this.#stopped = () => {
        killer.cancel();
        resolve();
      };
      child.kill('SIGTERM');
    });
  }

  /** Ends the broker at once. */
  kill(): void {
    this.#isStopping = true;
    this.#restart?.cancel();
    this.#child?.kill('SIGKILL');
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#isStopping) {
      this.#stopped?.();
      return;
    }
    if (code === exitCodes.usage) {
      this.#events.hopeless(this.plan);
      return;
    }
    if (this.#clock.monotonic() - this.#startedAt > soundLifeMs) this.#deaths = 0;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#deaths++);
    const how = signal === null ? `exit code ${code}` : signal;
    this.#events.note(`Broker ${this.plan.id} died (${how}); starting it again in ${pauseMs / 1000} s.`);
    this.#restart = this.#clock.after(pauseMs, () => this.start());
  }
}
