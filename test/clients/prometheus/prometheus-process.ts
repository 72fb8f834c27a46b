import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePorts } from '../../support/ports.ts';
import { collect, run } from '../../support/processes.ts';
import { until } from '../../support/until.ts';

const shipped = join(import.meta.dirname, '..', '..', '..', 'deploy', 'prometheus');

/** Where Prometheus listens unless it is told otherwise. */
export const defaultPort = 9090;

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Alert {
  readonly name: string;
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
}

export interface Rule {
  readonly name: string;
  readonly query: string;
  readonly health: string;
  readonly lastError?: string;
}

/** A real Prometheus with the configuration that is shipped, which looks every second and waits a second before an alert fires. */
export class PrometheusProcess {
  readonly directory = mkdtempSync(join(tmpdir(), 'prometheus-'));
  readonly #command: string;
  #child: ChildProcess | undefined;
  #output: () => string = () => '';
  #url = '';

  constructor(command: string) {
    this.#command = command;
  }

  /** @param targets host:port of the brokers */
  async start(targets: readonly string[]): Promise<void> {
    const [port] = (await freePorts(1)) as [number];
    const config = readFileSync(join(shipped, 'prometheus.yml'), 'utf8').replaceAll(/_interval: 15s/g, '_interval: 1s');
    writeFileSync(join(this.directory, 'prometheus.yml'), config);
    writeFileSync(
      join(this.directory, 'alerts.yml'),
      readFileSync(join(shipped, 'alerts.yml'), 'utf8').replaceAll(/for: \w+$/gm, 'for: 1s'),
    );
    writeFileSync(join(this.directory, 'targets.yml'), namedTargets(targets));
    const args = [
      `--config.file=${join(this.directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(this.directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ];
    await this.#run(this.#command, args, port);
  }

  /** Types a line in a folder that has what this repository has in deploy/, but for the targets. It listens where it does by itself. */
  async startAsShown(line: string, targets: readonly string[]): Promise<void> {
    cpSync(shipped, join(this.directory, 'deploy', 'prometheus'), { recursive: true });
    writeFileSync(join(this.directory, 'deploy', 'prometheus', 'targets.yml'), namedTargets(targets));
    await this.#run('sh', ['-c', `PATH="${dirname(this.#command)}:$PATH"; exec ${line}`], defaultPort);
  }

  async #run(command: string, args: readonly string[], port: number): Promise<void> {
    this.#url = `http://127.0.0.1:${port}`;
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.directory });
    this.#output = collect(this.#child, 'stderr');
    await until(async () => (await fetch(`${this.#url}/-/ready`).catch(() => undefined))?.status === 200, {
      forMs: 20_000,
      tell: this.#output,
    });
  }

  /** @throws with what Prometheus says of an expression that it cannot evaluate */
  async query(expression: string): Promise<Series[]> {
    const found = await this.#ask<{ resultType: string; result: unknown }>(`query?query=${encodeURIComponent(expression)}`);
    if (found.resultType === 'scalar') return [{ metric: {}, value: Number((found.result as [number, string])[1]) }];
    return (found.result as { metric: Record<string, string>; value: [number, string] }[]).map(({ metric, value }) => ({
      metric,
      value: Number(value[1]),
    }));
  }

  /** The value of the one series that comes out. */
  async value(expression: string): Promise<number> {
    const found = await this.query(expression);
    if (found.length !== 1) throw new Error(`${expression} gives ${found.length} series: ${JSON.stringify(found)}`);
    return found[0]!.value;
  }

  async alerts(): Promise<Alert[]> {
    const { alerts } = await this.#ask<{ alerts: { labels: Record<string, string>; state: Alert['state'] }[] }>('alerts');
    return alerts.map(({ labels, state }) => ({ name: labels['alertname']!, state, labels }));
  }

  async rules(): Promise<Rule[]> {
    return (await this.#ask<{ groups: { rules: Rule[] }[] }>('rules')).groups.flatMap(({ rules }) => rules);
  }

  async targets(): Promise<{ readonly health: string; readonly lastError: string }[]> {
    return (await this.#ask<{ activeTargets: { health: string; lastError: string }[] }>('targets')).activeTargets;
  }

  async stop(): Promise<void> {
    if (this.#child !== undefined && this.#child.exitCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #ask<T>(path: string): Promise<T> {
    const answer = (await (await fetch(`${this.#url}/api/v1/${path}`)).json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(`${decodeURIComponent(path)}: ${answer.error}\n${this.#output()}`);
    return answer.data;
  }
}

function namedTargets(targets: readonly string[]): string {
  return readFileSync(join(shipped, 'targets.yml'), 'utf8').replace(/targets: .*/, `targets: ${JSON.stringify(targets)}`);
}

/** promtool lies beside prometheus. */
export function promtool(prometheus: string, args: readonly string[], input?: string) {
  return run(prometheus.replace(/prometheus$/, 'promtool'), args, input === undefined ? { cwd: shipped } : { cwd: shipped, input });
}
