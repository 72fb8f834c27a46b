import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { collect } from '../../support/processes.ts';
import type { Program } from '../programs.ts';

export interface RemoteProducerOptions {
  readonly bootstrap: string;
  readonly topic: string;
  readonly transactionalId: string;
  readonly timeoutMs: number;
}

/** A transactional producer in a process of its own, that does what it is told. */
export class RemoteProducer {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #stderr: () => string;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines[Symbol.asyncIterator]();
    this.#stderr = collect(child, 'stderr');
  }

  /** Resolves when the coordinator knows it, as far as its client asks before its first transaction. */
  static async start(program: Program, { bootstrap, topic, transactionalId, timeoutMs }: RemoteProducerOptions): Promise<RemoteProducer> {
    const args = [...program.before, 'produce', bootstrap, topic, transactionalId, String(timeoutMs)];
    const child = spawn(program.command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const producer = new RemoteProducer(child, createInterface({ input: child.stdout! }));
    await producer.#succeeded('start', producer.#answer());
    return producer;
  }

  /** @returns 'ok', or how it failed */
  ask(command: string): Promise<string> {
    this.#child.stdin!.write(`${command}\n`);
    return this.#answer();
  }

  /** @throws when one of them fails */
  async do(...commands: readonly string[]): Promise<void> {
    for (const command of commands) await this.#succeeded(command, this.ask(command));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    // What it has open is to be left open, which some clients would abort if they were asked to end.
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }

  async #answer(): Promise<string> {
    const { value, done } = await this.#lines.next();
    return done ? `failed, for it has ended: ${this.#stderr().slice(-2000)}` : value;
  }

  async #succeeded(command: string, answer: Promise<string>): Promise<void> {
    const text = await answer;
    if (text !== 'ok') throw new Error(`${command}: ${text}`);
  }
}
