import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { foreign } from '../clients/installed.ts';
import { freePorts } from './ports.ts';
import { succeed } from './processes.ts';

const classpath = `${foreign.kafkaTools}/*`;

interface Node {
  readonly id: number;
  readonly clientPort: number;
  readonly controllerPort: number;
  /** What other brokers dial; clients have a port of their own, so that their way does not lead over links. */
  readonly brokerPort: number;
  child: ChildProcess | undefined;
  isKilled: boolean;
  /** How long the log was when the process was started. */
  logStart: number;
}

export interface KafkaProcessOptions {
  readonly heap?: string;
  /** Taken, and a folder of its own otherwise. */
  readonly directory?: string;
  /** How long they may take to start; a minute unless it is said. */
  readonly startMs?: number;
  /** Added to each broker's properties file. */
  readonly properties?: Readonly<Record<string, string | number>>;
  /**
   * The address by which broker `from` reaches broker `to`, on every port that this one listens on for brokers. Loopback has many
   * addresses (Linux), and a JVM may be given a hosts file of its own, so each broker can be sent over a proxy of its own.
   */
  readonly address?: (from: number, to: number) => string;
}

/** Real Apache Kafka brokers (combined KRaft nodes) on free ports: the rival, and the control. Needs `foreign.kafkaTools`. */
export class KafkaProcesses {
  readonly directory: string;
  readonly #nodes: readonly Node[];
  readonly #options: KafkaProcessOptions;

  private constructor(nodes: readonly Node[], directory: string, options: KafkaProcessOptions) {
    this.#nodes = nodes;
    this.directory = directory;
    this.#options = options;
  }

  /** Picks ports and a folder; starts nothing. */
  static async prepare(count: number, options: KafkaProcessOptions = {}): Promise<KafkaProcesses> {
    const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'kafka-'));
    const ports = await freePorts(count * 3);
    const nodes = Array.from({ length: count }, (_, index) => ({
      id: index + 1,
      clientPort: ports[index * 3]!,
      controllerPort: ports[index * 3 + 1]!,
      brokerPort: ports[index * 3 + 2]!,
      child: undefined,
      isKilled: false,
      logStart: 0,
    }));
    return new KafkaProcesses(nodes, directory, options);
  }

  static async start(count: number, options: KafkaProcessOptions = {}): Promise<KafkaProcesses> {
    const kafka = await KafkaProcesses.prepare(count, options);
    try {
      await kafka.format();
      for (const id of kafka.ids) kafka.startBroker(id);
      await kafka.ready(kafka.ids, options.startMs);
      return kafka;
    } catch (error) {
      // Nobody else knows of those that were started.
      await kafka.stop({ keep: options.directory !== undefined });
      throw error;
    }
  }

  get ids(): number[] {
    return this.#nodes.map(({ id }) => id);
  }

  get bootstrap(): string {
    return this.#nodes.map(({ clientPort }) => `127.0.0.1:${clientPort}`).join(',');
  }

  get pids(): number[] {
    return this.#nodes.flatMap(({ child }) => child?.pid ?? []);
  }

  /** The ports on which others reach this broker. */
  portsOf(id: number): { clients: number; brokers: number; controllers: number } {
    const { clientPort, brokerPort, controllerPort } = this.#node(id);
    return { clients: clientPort, brokers: brokerPort, controllers: controllerPort };
  }

  pid(id: number): number {
    return this.#node(id).child!.pid!;
  }

  dataOf(id: number): string {
    return join(this.directory, String(id));
  }

  logOf(id: number): string {
    return join(this.directory, `broker-${id}.log`);
  }

  isRunning(id: number): boolean {
    const { child } = this.#node(id);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Writes each broker's properties and formats its data directory, once. */
  async format(): Promise<void> {
    const clusterId = (await succeed('java', ['-cp', classpath, 'kafka.tools.StorageTool', 'random-uuid'])).trim().split('\n').at(-1)!;
    for (const { id } of this.#nodes) {
      mkdirSync(this.dataOf(id), { recursive: true });
      const lines = Object.entries(this.#properties(id)).map(([name, value]) => `${name}=${value}\n`);
      writeFileSync(this.#file(id), lines.join(''));
      await succeed('java', ['-cp', classpath, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', this.#file(id)]);
      const hosts = this.#nodes.map((other) => `${this.#address(id, other.id)} ${hostOf(other.id)}\n`);
      writeFileSync(this.#hosts(id), `127.0.0.1 localhost\n${hosts.join('')}`);
    }
  }

  startBroker(id: number): void {
    const node = this.#node(id);
    node.isKilled = false;
    node.logStart = this.#log(id).length;
    const log = openSync(this.logOf(id), 'a');
    const heap = this.#options.heap ?? '1g';
    const jvm = [`-Xms${heap}`, `-Xmx${heap}`, '-Dorg.slf4j.simpleLogger.defaultLogLevel=info', `-Djdk.net.hosts.file=${this.#hosts(id)}`];
    node.child = spawn('java', [...jvm, '-cp', classpath, 'kafka.Kafka', this.#file(id)], { stdio: ['ignore', 'ignore', log] });
    closeSync(log);
  }

  /** Sends the signal and waits for the end of the process. */
  async kill(id: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const node = this.#node(id);
    if (node.child === undefined || !this.isRunning(id)) return null;
    node.isKilled = true;
    node.child.kill(signal);
    const [code] = (await once(node.child, 'exit')) as [number | null];
    return code;
  }

  /** Waits until each of them says that it has started. @throws with its log when that takes too long */
  async ready(ids: readonly number[] = this.ids, timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (const id of ids) {
      const { logStart } = this.#node(id);
      while (!this.#log(id).includes('Kafka Server started', logStart)) {
        if (!this.isRunning(id) || Date.now() > deadline) throw new Error(`Apache Kafka did not start\n${this.#log(id).slice(-3000)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** Ends all and removes the data. */
  async stop(options: { keep?: boolean } = {}): Promise<void> {
    await Promise.all(this.ids.map((id) => this.kill(id)));
    if (!options.keep) rmSync(this.directory, { recursive: true, force: true });
  }

  #properties(id: number): Record<string, string | number> {
    const { clientPort, brokerPort, controllerPort } = this.#node(id);
    return {
      'process.roles': 'broker,controller',
      'node.id': id,
      'controller.quorum.voters': this.#nodes.map((node) => `${node.id}@${hostOf(node.id)}:${node.controllerPort}`).join(','),
      listeners: `PLAINTEXT://127.0.0.1:${clientPort},BROKERS://127.0.0.1:${brokerPort},CONTROLLER://127.0.0.1:${controllerPort}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${clientPort},BROKERS://${hostOf(id)}:${brokerPort}`,
      'inter.broker.listener.name': 'BROKERS',
      'controller.listener.names': 'CONTROLLER',
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,BROKERS:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      'log.dirs': this.dataOf(id),
      'offsets.topic.replication.factor': 1,
      'group.initial.rebalance.delay.ms': 0,
      ...this.#options.properties,
    };
  }

  #address(from: number, to: number): string {
    return from === to ? '127.0.0.1' : (this.#options.address?.(from, to) ?? '127.0.0.1');
  }

  #file(id: number): string {
    return join(this.directory, `${id}.properties`);
  }

  #hosts(id: number): string {
    return join(this.directory, `${id}.hosts`);
  }

  #log(id: number): string {
    return existsSync(this.logOf(id)) ? readFileSync(this.logOf(id), 'latin1') : '';
  }

  #node(id: number): Node {
    const node = this.#nodes.find((candidate) => candidate.id === id);
    if (node === undefined) throw new Error(`there is no broker ${id}`);
    return node;
  }
}

/** How brokers call one another; resolved by the hosts file of each. */
function hostOf(id: number): string {
  return `broker-${id}.test`;
}
