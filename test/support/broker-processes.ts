import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './ports.ts';
import { collect } from './processes.ts';

const sources = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

interface Member {
  readonly id: number;
  readonly port: number;
  child: ChildProcess | undefined;
  /** Its end was asked for. */
  isKilled: boolean;
  /** What the present or last process printed. */
  stdout: () => string;
  stderr: () => string;
}

export interface BrokerProcessOptions {
  /** What Node runs. Default: the sources. */
  readonly program?: string;
  /** Added to each `broker` command. */
  readonly args?: readonly string[];
  /** Taken, and a folder of its own otherwise. */
  readonly directory?: string;
  /** What the brokers print goes, all starts together, to broker-N.log in the directory, and not through this process. */
  readonly logsToFiles?: boolean;
  /** What Node is given before the program, and the environment of one broker. */
  readonly launch?: (id: number) => { nodeArgs: readonly string[]; env: Readonly<Record<string, string>> };
}

/** Brokers as real processes of this checkout, on free ports, with data in a folder of their own that {@link stop} removes. */
export class BrokerProcesses {
  readonly directory: string;
  readonly #members: Member[];
  readonly #options: BrokerProcessOptions;

  private constructor(members: Member[], directory: string, options: BrokerProcessOptions) {
    this.#members = members;
    this.directory = directory;
    this.#options = options;
  }

  /** Picks ports and a folder; starts nothing. */
  static async prepare(count: number, options: BrokerProcessOptions = {}): Promise<BrokerProcesses> {
    const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'kafka-lite-'));
    const ports = await freePorts(count);
    const members = ports.map((port, index) => ({
      id: index + 1,
      port,
      child: undefined,
      isKilled: false,
      stdout: () => '',
      stderr: () => '',
    }));
    return new BrokerProcesses(members, directory, options);
  }

  /** Starts all of them and waits until each serves requests. */
  static async start(count: number, options: BrokerProcessOptions = {}): Promise<BrokerProcesses> {
    const cluster = await BrokerProcesses.prepare(count, options);
    try {
      for (const { id } of cluster.#members) cluster.startBroker(id);
      await cluster.ready();
      return cluster;
    } catch (error) {
      await cluster.stop().catch(() => {});
      throw error;
    }
  }

  get ids(): number[] {
    return this.#members.map(({ id }) => id);
  }

  /** For Kafka clients: all addresses, in the order of ids. */
  get bootstrap(): string {
    return this.#members.map(({ port }) => `localhost:${port}`).join(',');
  }

  port(id: number): number {
    return this.#member(id).port;
  }

  url(id: number, path = ''): string {
    return `http://localhost:${this.port(id)}${path}`;
  }

  dataOf(id: number): string {
    return join(this.directory, String(id));
  }

  stdout(id: number): string {
    return this.#member(id).stdout();
  }

  stderr(id: number): string {
    if (this.#options.logsToFiles) return existsSync(this.logOf(id)) ? readFileSync(this.logOf(id), 'utf8') : '';
    return this.#member(id).stderr();
  }

  pid(id: number): number {
    return this.#member(id).child!.pid!;
  }

  isRunning(id: number): boolean {
    const { child } = this.#member(id);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** The command line of one broker, after the program's name. */
  argsOf(id: number): string[] {
    const peers = this.#members.filter((other) => other.id !== id).map(({ port }) => `localhost:${port}`);
    const named = peers.length > 0 ? [`--peers=${peers.join(',')}`] : [];
    return ['broker', `--id=${id}`, `--port=${this.port(id)}`, ...named, `--data=${this.dataOf(id)}`, ...(this.#options.args ?? [])];
  }

  startBroker(id: number): void {
    const member = this.#member(id);
    member.isKilled = false;
    const { nodeArgs, env } = this.#options.launch?.(id) ?? { nodeArgs: [], env: {} };
    const log = this.#options.logsToFiles ? openSync(this.logOf(id), 'a') : undefined;
    member.child = spawn(process.execPath, [...nodeArgs, this.#options.program ?? sources, ...this.argsOf(id)], {
      stdio: ['ignore', log ?? 'pipe', log ?? 'pipe'],
      env: { ...process.env, ...env },
    });
    if (log !== undefined) {
      closeSync(log);
      return;
    }
    member.stdout = collect(member.child, 'stdout');
    member.stderr = collect(member.child, 'stderr');
  }

  /** Where the logs go with `logsToFiles`. */
  logOf(id: number): string {
    return join(this.directory, `broker-${id}.log`);
  }

  /** Sends the signal and waits for the end of the process. */
  async kill(id: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const member = this.#member(id);
    const { child } = member;
    if (child === undefined || !this.isRunning(id)) return null;
    member.isKilled = true;
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  }

  /** Waits until each of the brokers (default: all) says that requests succeed. @throws with their logs when that takes too long */
  async ready(ids: readonly number[] = this.ids, timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (const id of ids) {
      for (;;) {
        const answer = await fetch(this.url(id, '/readyz')).catch(() => undefined);
        await answer?.arrayBuffer();
        if (answer?.status === 200) break;
        if (!this.isRunning(id) || Date.now() > deadline)
          throw new Error(`broker ${id} is not ready\n${this.stdout(id)}\n${this.stderr(id).slice(-4000)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** Ends all and removes the data. @throws when one had ended by itself, with its log */
  async stop(options: { keep?: boolean } = {}): Promise<void> {
    const fallen = this.#members.filter(({ id, child, isKilled }) => child !== undefined && !isKilled && !this.isRunning(id));
    await Promise.all(this.ids.map((id) => this.kill(id)));
    if (!options.keep) rmSync(this.directory, { recursive: true, force: true });
    const logs = fallen.map(
      ({ id, child }) => `broker ${id} ended by itself (${child?.exitCode ?? child?.signalCode})\n${this.stderr(id).slice(-4000)}`,
    );
    if (logs.length > 0) throw new Error(logs.join('\n'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #member(id: number): Member {
    const member = this.#members.find((candidate) => candidate.id === id);
    if (member === undefined) throw new Error(`there is no broker ${id}`);
    return member;
  }
}
