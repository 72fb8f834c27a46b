import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Program } from '../programs.ts';

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

/** A process that reads, writes and commits its offsets in transactions. When it ends by itself another one takes its place. */
export class Copier {
  readonly #program: Program;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #isWanted = false;
  /** Records that are said to be copied. */
  copied = 0;
  /** What those who ended by themselves said. */
  readonly failures: string[] = [];

  constructor(program: Program, options: CopierOptions) {
    const { bootstrap, source, target, group, partitions, copies, vainEvery, transactionalId, timeoutMs, settings = [] } = options;
    this.#program = program;
    this.#args = [
      bootstrap,
      source,
      target,
      group,
      ...[partitions, copies, vainEvery].map(String),
      transactionalId,
      String(timeoutMs),
      ...settings,
    ];
  }

  start(): void {
    this.#isWanted = true;
    const { command, before } = this.#program;
    const child = spawn(command, [...before, 'copy', ...this.#args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdin.on('error', () => {});
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.copied += Number(line.split(' ')[1]);
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk).slice(-4000);
    });
    child.once('close', () => {
      if (child !== this.#child || !this.#isWanted) return;
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
