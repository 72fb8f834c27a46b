import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Program } from '../programs.ts';

/** A process that says how many records it has dealt with, and in whose place another one is started when it ends by itself with an error. */
class Worker {
  readonly #command: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #isWanted = false;
  /** Records of transactions that are said to be committed. */
  count = 0;
  /** What those who ended by themselves said. */
  readonly failures: string[] = [];

  constructor({ command, before }: Program, args: readonly string[]) {
    this.#command = command;
    this.#args = [...before, ...args];
  }

  start(): void {
    this.#isWanted = true;
    const child = spawn(this.#command, this.#args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdin.on('error', () => {});
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.count += Number(line.split(' ')[1]);
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk).slice(-4000);
    });
    child.once('close', (code) => {
      if (child !== this.#child || !this.#isWanted || code === 0) return;
      this.failures.push(stderr);
      setTimeout(() => this.#isWanted && this.start(), 500);
    });
  }

  /** With SIGTERM it is asked to finish what it does and leave its group; with SIGKILL it is just gone. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#isWanted = false;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    if (signal === 'SIGKILL') child.kill('SIGKILL');
    else child.stdin!.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await closed;
    clearTimeout(timer);
  }
}

export interface CopierOptions {
  readonly bootstrap: string;
  readonly source: string;
  readonly target: string;
  readonly group: string;
  /** Of the target. */
  readonly partitions: number;
  /** Each record goes to so many partitions of the target, in one transaction. */
  readonly copies: number;
  /** Every so many transactions one is aborted first, and done again; 0 for none. */
  readonly vainEvery: number;
  readonly transactionalId: string;
  readonly timeoutMs: number;
  /** Given to those who take it: settings of the consumer, as Java names them. */
  readonly settings?: readonly string[];
}

/** Reads, writes and commits its offsets in transactions. */
export class Copier extends Worker {
  constructor(program: Program, options: CopierOptions) {
    const { bootstrap, source, target, group, partitions, copies, vainEvery, transactionalId, timeoutMs, settings = [] } = options;
    const numbers = [partitions, copies, vainEvery].map(String);
    super(program, ['copy', bootstrap, source, target, group, ...numbers, transactionalId, String(timeoutMs), ...settings]);
  }
}

export interface KeyWriterOptions {
  readonly bootstrap: string;
  readonly topic: string;
  readonly partitions: number;
  readonly records: number;
  /** Records a second. */
  readonly rate: number;
  readonly transactionalId: string;
  readonly timeoutMs: number;
}

/** Writes the numbers from 0 on, each once, as keys and values, in transactions; only Java's program does that. It ends when all are written. */
export class KeyWriter extends Worker {
  constructor(program: Program, { bootstrap, topic, partitions, records, rate, transactionalId, timeoutMs }: KeyWriterOptions) {
    super(program, ['write', bootstrap, topic, ...[partitions, records, rate].map(String), transactionalId, String(timeoutMs)]);
  }
}
