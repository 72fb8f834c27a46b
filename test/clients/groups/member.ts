import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventOf, type GroupEvent, kcatEventOf } from './history.ts';
import type { MemberProgram } from './programs.ts';

export interface MemberOptions {
  readonly program: MemberProgram;
  readonly name: string;
  readonly bootstrap: string;
  readonly topic: string;
  readonly group: string;
  /** Where what it tells goes. */
  readonly events: GroupEvent[];
}

/** A member of a group, in a process of its own. */
export class Member {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #events: GroupEvent[];
  /** The end of what it said that is no event. */
  said = '';

  constructor({ program, name, bootstrap, topic, group, events }: MemberOptions) {
    this.name = name;
    this.#events = events;
    const [command, ...args] = program.command(bootstrap, topic, group);
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdin!.on('error', () => {});
    const isKcat = program.speaks === 'kcat';
    eachLine(this.#child.stdout!, (line) => this.#note(isKcat ? kcatEventOf(name, line, Date.now()) : eventOf(name, line)));
    eachLine(this.#child.stderr!, (line) => {
      const event = isKcat ? kcatEventOf(name, line, Date.now()) : undefined;
      if (event !== undefined) this.#note(event);
      else this.said = `${this.said}${line}\n`.slice(-4000);
    });
    this.#child.once('close', () => this.#note({ type: 'ended', at: Date.now(), member: name }));
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** It is just gone. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }

  /** It leaves its group; who does not manage that in time is killed. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const closed = once(this.#child, 'close');
    this.#child.stdin!.end();
    if (this.#child.spawnfile === 'kcat') this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 15_000);
    await closed;
    clearTimeout(timer);
  }

  #note(event: GroupEvent | undefined): void {
    if (event !== undefined) this.#events.push(event);
  }
}

function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) take(line);
  });
}
