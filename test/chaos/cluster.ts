import { join } from 'node:path';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { KafkaProcesses } from '../support/kafka-processes.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { Links } from './links.ts';

/** Enough for a long campaign; what is not written takes no room. */
const smallDiskBytes = 2 * 1024 * 1024 * 1024;
const segmentBytes = 1024 * 1024;
const dialThroughLinks = join(import.meta.dirname, 'dial-through-links.ts');

export interface ClusterOptions {
  readonly brokers: number;
  readonly directory: string;
  readonly against: 'ours' | 'kafka';
  /** The broker whose data goes to a file system of its own, where this process may mount one. */
  readonly smallDiskOf?: number;
  /** No links, and all settings as they are by default. */
  readonly isPlain?: boolean;
}

/** What the two kinds of processes have in common. */
type Processes = Pick<
  BrokerProcesses,
  'ids' | 'bootstrap' | 'directory' | 'dataOf' | 'logOf' | 'pid' | 'isRunning' | 'startBroker' | 'kill' | 'ready' | 'stop'
>;

interface Parts {
  readonly name: string;
  readonly processes: Processes;
  readonly links: Links;
  readonly smallDisk: { readonly broker: number; readonly disk: SmallDisk } | undefined;
  /** Where it speaks HTTP. */
  readonly url?: (id: number, path: string) => string;
}

/** Broker processes, the links between them, and what can be done to both. */
export class ChaosCluster {
  readonly name: string;
  readonly links: Links;
  readonly smallDisk: Parts['smallDisk'];
  readonly #processes: Processes;
  readonly #url: Parts['url'];
  /** Those that ought to be running. */
  readonly #wanted = new Set<number>();
  readonly #paused = new Set<number>();

  private constructor({ name, processes, links, smallDisk, url }: Parts) {
    this.name = name;
    this.#processes = processes;
    this.links = links;
    this.smallDisk = smallDisk;
    this.#url = url;
  }

  /** Makes all ready; starts nothing. */
  static async prepare(options: ClusterOptions): Promise<ChaosCluster> {
    return new ChaosCluster(await (options.against === 'kafka' ? prepareKafka(options) : prepareOurs(options)));
  }

  get ids(): readonly number[] {
    return this.#processes.ids;
  }

  get bootstrap(): string {
    return this.#processes.bootstrap;
  }

  get directory(): string {
    return this.#processes.directory;
  }

  /** Does it speak HTTP as well? */
  get hasHttp(): boolean {
    return this.#url !== undefined;
  }

  url(id: number, path: string): string {
    if (this.#url === undefined) throw new Error(`${this.name} does not speak HTTP`);
    return this.#url(id, path);
  }

  logOf(id: number): string {
    return this.#processes.logOf(id);
  }

  isRunning(id: number): boolean {
    return this.#processes.isRunning(id);
  }

  /** Starts it unless it runs. Resolves before it serves. */
  async start(id: number): Promise<void> {
    this.#wanted.add(id);
    if (this.isRunning(id)) return;
    this.#processes.startBroker(id);
    await this.links.up(id);
  }

  async kill(id: number, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    this.#wanted.delete(id);
    if (signal !== 'SIGKILL') this.resume(id);
    this.#paused.delete(id);
    await this.#processes.kill(id, signal);
    await this.links.down(id);
  }

  pause(id: number): void {
    if (!this.isRunning(id)) return;
    this.#paused.add(id);
    process.kill(this.#processes.pid(id), 'SIGSTOP');
  }

  resume(id: number): void {
    if (!this.#paused.delete(id) || !this.isRunning(id)) return;
    process.kill(this.#processes.pid(id), 'SIGCONT');
  }

  ready(ids?: readonly number[], timeoutMs?: number): Promise<void> {
    return this.#processes.ready(ids, timeoutMs);
  }

  /** Those that ended by themselves. They are started again by {@link heal}. */
  fallen(): number[] {
    return [...this.#wanted].filter((id) => !this.isRunning(id));
  }

  /** All run, all links are whole, all disks have room. */
  async heal(): Promise<void> {
    this.links.heal();
    this.smallDisk?.disk.empty();
    for (const id of [...this.#paused]) this.resume(id);
    for (const id of this.ids) await this.start(id);
  }

  /** Ends all processes and removes the data. */
  async stop(options: { keep: boolean }): Promise<void> {
    for (const id of [...this.#paused]) this.resume(id);
    await Promise.all(this.ids.map((id) => this.kill(id)));
    this.links.close();
    this.smallDisk?.disk.remove(options);
    await this.#processes.stop(options).catch(() => {}); // who had ended by itself was told by `fallen`
  }

  /** The same for the processes alone, at once, as the last thing that this process does. */
  killNow(): void {
    for (const id of this.ids) if (this.isRunning(id)) process.kill(this.#processes.pid(id), 'SIGKILL');
    this.smallDisk?.disk.remove({ keep: true });
  }
}

function smallDiskFor({ smallDiskOf }: ClusterOptions, dataOf: (id: number) => string): Parts['smallDisk'] {
  const disk = smallDiskOf === undefined ? undefined : mountSmallDisk(dataOf(smallDiskOf), smallDiskBytes);
  return disk === undefined ? undefined : { broker: smallDiskOf!, disk };
}

/** Our brokers dial through their links by a module that is loaded before the program. */
async function prepareOurs(options: ClusterOptions): Promise<Parts> {
  const dialled = new Map<number, [number, number][]>();
  const { directory } = options;
  if (options.isPlain) {
    const processes = await BrokerProcesses.prepare(options.brokers, { directory, logsToFiles: true });
    return { name: 'kafka-lite-cluster', processes, links: new Links(), smallDisk: undefined, url: (id, path) => processes.url(id, path) };
  }
  const processes = await BrokerProcesses.prepare(options.brokers, {
    directory,
    args: ['--config', `log.segment.bytes=${segmentBytes}`],
    logsToFiles: true,
    launch: (id) => ({ nodeArgs: ['--import', dialThroughLinks], env: { CHAOS_LINKS: JSON.stringify(dialled.get(id)) } }),
  });
  const links = new Links();
  for (const from of processes.ids) {
    const ports: [number, number][] = [];
    for (const to of processes.ids) {
      const targetPort = processes.port(to);
      if (from !== to) ports.push([targetPort, await links.open(from, to, { targetPort })]);
    }
    dialled.set(from, ports);
  }
  const smallDisk = smallDiskFor(options, (id) => processes.dataOf(id));
  return { name: 'kafka-lite-cluster', processes, links, smallDisk, url: (id, path) => processes.url(id, path) };
}

/** Apache Kafka's brokers know each other by names, which each resolves by a hosts file of its own, to the addresses of its links. */
async function prepareKafka(options: ClusterOptions): Promise<Parts> {
  const { directory } = options;
  const address = options.isPlain ? undefined : (from: number, to: number) => `127.0.${from}.${to}`;
  // The only settings of its own that are not Kafka's defaults: with one replica there would be nothing to compare.
  const replicated = { 'default.replication.factor': Math.min(3, options.brokers), 'min.insync.replicas': Math.min(2, options.brokers) };
  const properties = options.isPlain ? replicated : { ...replicated, 'log.segment.bytes': segmentBytes };
  const processes = await KafkaProcesses.prepare(options.brokers, { directory, heap: '512m', address, properties });
  const links = new Links();
  for (const from of processes.ids) {
    for (const to of processes.ids) {
      if (from === to || address === undefined) continue;
      const { brokers, controllers } = processes.portsOf(to);
      for (const port of [brokers, controllers]) await links.open(from, to, { host: address(from, to), port, targetPort: port });
    }
  }
  const smallDisk = smallDiskFor(options, (id) => processes.dataOf(id));
  await processes.format();
  return { name: 'Apache Kafka', processes, links, smallDisk };
}
