import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from '#cli/testing.ts';
import { freePorts } from '../support/ports.ts';

export const launcher = fileURLToPath(new URL('../../kafka-lite-cluster', import.meta.url));

/** Runs the command of the checkout as a user does, by the Node that runs the tests. */
export function runCommand(args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Program {
  return new Program(process.execPath, [launcher, ...args], options);
}

/** An HTTP answer, byte for byte. */
export interface HttpAnswer {
  status: number;
  body: string;
}

const hasCurl = spawnSync('curl', ['--version']).status === 0;

/** Sends a request as the contract shows it: by curl, with its default headers, where it is installed. */
export async function http(method: 'GET' | 'POST', url: string, body?: string): Promise<HttpAnswer> {
  if (hasCurl) return byCurl(method, url, body);
  const init: RequestInit = { method, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  const response = await fetch(url, body === undefined ? init : { ...init, body });
  return { status: response.status, body: await response.text() };
}

async function byCurl(method: string, url: string, body: string | undefined): Promise<HttpAnswer> {
  const args = ['-sS', '-X', method, '-w', '\n%{http_code}', ...(body === undefined ? [] : ['--data-binary', body]), url];
  const child = spawn('curl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`curl ${url} ended with ${code}: ${errors}`);
  const at = output.lastIndexOf('\n');
  return { status: Number(output.slice(at + 1)), body: output.slice(0, at) };
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'kafka-lite-test-'));
}

/** Asks again until the check holds. @throws Error with what was seen last */
export async function eventually<T>(ask: () => Promise<T>, holds: (seen: T) => boolean, timeoutMs = 30_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await ask();
    if (holds(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms; seen last: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** How long a request may take while a killed leader is replaced: 3 s on a machine that has the time, longer where others take it. */
export function longestPauseMs(): number {
  return 3_000 * Math.max(1, loadavg()[0]! / availableParallelism());
}

/** Brokers 1 to n as processes of their own, started as the contract says, with their data in a temporary directory. */
export class Cluster {
  readonly ports: readonly number[];
  readonly directory = temporaryDirectory();
  readonly brokers = new Map<number, Program>();

  private constructor(ports: readonly number[]) {
    this.ports = ports;
  }

  /** Brokers that are not started yet. */
  static async plan(count: number): Promise<Cluster> {
    return new Cluster(await freePorts(count));
  }

  /** All brokers, ready. */
  static async start(count: number): Promise<Cluster> {
    const cluster = await Cluster.plan(count);
    try {
      // At once: a lone one would wait 1.5 s for the others before it says that it runs.
      await Promise.all(cluster.ids.map((id) => cluster.startBroker(id)));
      await cluster.untilReady();
    } catch (error) {
      await cluster.destroy();
      throw error;
    }
    return cluster;
  }

  get ids(): number[] {
    return this.ports.map((_, index) => index + 1);
  }

  /** Starts a broker and waits until it says that it runs. */
  async startBroker(id: number): Promise<Program> {
    const peers = this.ids.filter((other) => other !== id).map((other) => this.address(other));
    const program = runCommand(['broker', `--id=${id}`, `--port=${this.port(id)}`, `--peers=${peers.join(',')}`], { cwd: this.directory });
    this.brokers.set(id, program);
    await program.until(`Broker ${id} running on :${this.port(id)}\n`);
    return program;
  }

  /** Ends a broker and waits until it is gone. */
  async end(id: number, signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    const program = this.brokers.get(id)!;
    this.brokers.delete(id);
    program.signal(signal);
    return program.ended;
  }

  async untilReady(ids: readonly number[] = this.ids): Promise<void> {
    for (const id of ids)
      await eventually(
        () => this.tryGet(id, '/readyz'),
        (answer) => answer?.status === 200,
      );
  }

  port(id: number): number {
    return this.ports[id - 1]!;
  }

  address(id: number): string {
    return `localhost:${this.port(id)}`;
  }

  get(id: number, path: string): Promise<HttpAnswer> {
    return http('GET', `http://${this.address(id)}${path}`);
  }

  post(id: number, path: string, body: object): Promise<HttpAnswer> {
    return http('POST', `http://${this.address(id)}${path}`, JSON.stringify(body));
  }

  /** undefined when nobody answers. */
  tryGet(id: number, path: string): Promise<HttpAnswer | undefined> {
    return this.get(id, path).catch(() => undefined);
  }

  /** Kills what still runs and removes the data. */
  async destroy(): Promise<void> {
    for (const id of [...this.brokers.keys()]) await this.end(id, 'SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}
