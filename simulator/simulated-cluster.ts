import { Broker } from '#broker';
import { createHttpDoor, type HttpDoor } from '#http';
import type { MetadataImage } from '#metadata';
import type { Address, CrashMode, Logger, SimulatedWorld } from '#platform';
import type { Raft } from '#raft';
import type { BrokerPlan } from './plan/plan.ts';
import { type SyncedLogFile, syncedLogFiles } from './synced-log-files.ts';
import type { Timeline } from './timeline.ts';

export const port = 9092;
const directory = '/data';

/** A host and what runs on it. */
export interface Member {
  readonly name: string;
  readonly nodeId: number;
  readonly rack: string | null;
  /** Undefined while it is down or still opening. */
  readonly broker: Broker | undefined;
  /** Goes up with each start. */
  readonly incarnation: number;
}

/** Sees the brokers of a cluster as they come up, before they do anything, and after each event. */
export interface ClusterObserver {
  /** A new incarnation of a broker; its Raft has not started. */
  brokerOpened?(name: string, broker: Broker): void;
  /** A broker is gone, however it went. */
  brokerClosed?(name: string, broker: Broker): void;
  /** Called between any two events, with the one whose event it was, if it was one's and that one is up. */
  afterEvent?(cluster: SimulatedCluster, member: Member | undefined): void;
}

export interface SimulatedClusterOptions {
  readonly world: SimulatedWorld;
  readonly brokers: readonly BrokerPlan[];
  readonly timeline: Timeline;
  readonly properties?: Readonly<Record<string, string>>;
  readonly observers?: readonly ClusterObserver[];
}

interface OwnMember extends Member {
  broker: Broker | undefined;
  door: HttpDoor | undefined;
  incarnation: number;
  processId: number | undefined;
}

/** Real brokers, from socket to disk, in a simulated world. Everything that goes wrong in one that was not made to go wrong is kept in {@link failures}. */
export class SimulatedCluster {
  readonly world: SimulatedWorld;
  readonly failures: unknown[] = [];
  /** Told when a broker's process starts. */
  onStarted: ((name: string) => void) | undefined;
  /** Told when a broker cannot go on; true: that was to be expected, and is seen to. */
  onBrokerFailed: ((name: string, error: unknown) => boolean) | undefined;
  /** Copies of partitions that a bit was flipped in, as `host:topic-partition`. */
  readonly damaged = new Set<string>();
  readonly names: readonly string[];
  readonly addresses: readonly Address[];
  readonly #options: SimulatedClusterOptions;
  readonly #members: readonly OwnMember[];
  readonly #byProcess = new Map<number, OwnMember>();
  #running: { name: string; broker: Broker; raft: Raft }[] | undefined;

  constructor(options: SimulatedClusterOptions) {
    this.world = options.world;
    this.#options = options;
    this.#members = options.brokers.map(({ rack }, index) => ({
      name: `broker-${index + 1}`,
      nodeId: index + 1,
      rack,
      broker: undefined,
      door: undefined,
      incarnation: 0,
      processId: undefined,
    }));
    this.names = this.#members.map(({ name }) => name);
    this.addresses = this.names.map((host) => ({ host, port }));
    for (const name of this.names) options.world.node(name); // the network knows them from the beginning
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** The broker that runs on the host; undefined while it is down or still opening. */
  broker(name: string): Broker | undefined {
    return this.#member(name).broker;
  }

  nodeIdOf(name: string): number {
    return this.#member(name).nodeId;
  }

  nameOf(nodeId: number): string | undefined {
    return this.#members[nodeId - 1]?.name;
  }

  /** The id of the data directory that the host's broker has registered with, as whoever knows most says. */
  directoryIdOf(name: string): string | undefined {
    return this.latestImage?.brokers.get(this.nodeIdOf(name))?.directories[0];
  }

  /** The newest metadata that any broker has. */
  get latestImage(): MetadataImage | undefined {
    const images = this.running.map(({ broker }) => broker.router.image);
    return images.reduce<MetadataImage | undefined>(
      (best, image) => (best === undefined || image.offset > best.offset ? image : best),
      undefined,
    );
  }

  get running(): readonly { name: string; broker: Broker; raft: Raft }[] {
    this.#running ??= this.#members.flatMap(({ name, broker }) => (broker === undefined ? [] : [{ name, broker, raft: broker.raft }]));
    return this.#running;
  }

  /** The host of the broker that leads the metadata log, in the latest epoch that anybody leads. */
  get controller(): string | undefined {
    const leading = this.running.filter(({ raft }) => raft.leader.leaderId === raft.nodeId);
    return leading.sort((a, b) => b.raft.leader.leaderEpoch - a.raft.leader.leaderEpoch)[0]?.name;
  }

  /** The host that leads most partitions, as whoever knows most believes. */
  get busiestLeader(): string | undefined {
    const counts = new Map<number, number>();
    for (const { partitions } of this.latestImage?.topics.all() ?? []) {
      for (const { leader } of partitions) counts.set(leader, (counts.get(leader) ?? 0) + 1);
    }
    counts.delete(-1);
    const [busiest] = [...counts].sort(([a, many], [b, more]) => more - many || a - b);
    return busiest === undefined ? undefined : this.nameOf(busiest[0]);
  }

  /** Whether the cluster goes on when that one's disk is gone for good: with a majority of the voters, and with a replica of every partition that may lead it. */
  canSpare(name: string): boolean {
    return this.controller !== undefined && this.#leavesVoters(name) && this.#leavesLeaders(name);
  }

  /** Whether, in the metadata of every broker that is up, each partition has a replica elsewhere that an election takes without being unclean. */
  #leavesLeaders(name: string): boolean {
    const nodeId = this.nodeIdOf(name);
    return this.running.every(({ broker }) =>
      broker.router.image.topics
        .all()
        .every(({ partitions }) => partitions.every(({ isr, elr }) => [...isr, ...elr].some((id) => id !== nodeId))),
    );
  }

  /** Whether a majority of the voters is left, whichever change of the voters comes about that a broker knows of. */
  #leavesVoters(name: string): boolean {
    return this.#members.every(({ broker }) => {
      const voters = broker?.raft.voters ?? [];
      const left = voters.filter(({ id, directoryId }) => {
        const other = this.nameOf(id);
        return other !== undefined && other !== name && this.directoryIdOf(other) === directoryId;
      });
      return voters.length === 0 || left.length * 2 > voters.length;
    });
  }

  isUp(name: string): boolean {
    return this.world.node(name).isRunning;
  }

  /** Starts the process on a host that is down. */
  start(name: string): void {
    const member = this.#member(name);
    const incarnation = ++member.incarnation;
    this.#options.timeline.note(`${name} starts`);
    this.onStarted?.(name);
    const node = this.world.node(name);
    const { platform } = node;
    member.processId = node.processId;
    this.#byProcess.set(node.processId!, member);
    const properties = new Map(Object.entries(this.#options.properties ?? {}));
    if (member.rack !== null) properties.set('broker.rack', member.rack);
    Broker.start({
      platform,
      config: {
        nodeId: member.nodeId,
        port,
        hosts: [name],
        advertisedHost: name,
        peers: this.addresses.filter(({ host }) => host !== name),
        directory,
        properties,
      },
      http: (router) => {
        const door = createHttpDoor({ router, clock: platform.clock, log: platform.log });
        if (member.incarnation === incarnation) member.door = door;
        return door;
      },
      onOpened: (broker) => {
        if (member.incarnation !== incarnation) return;
        member.broker = broker;
        this.#running = undefined;
        for (const observer of this.#options.observers ?? []) observer.brokerOpened?.(name, broker);
      },
      onFatal: (error) => this.#failed(member, incarnation, error),
    }).catch((error: unknown) => this.#failed(member, incarnation, error));
  }

  /** kill -9: the disk keeps all that was written. */
  kill(name: string): void {
    this.#options.timeline.note(`${name} is killed`);
    this.#down(name);
    this.world.node(name).kill();
  }

  /** The power fails: what was not synced is kept, lost or torn as `mode` says. */
  cutPower(name: string, mode: CrashMode): void {
    this.#options.timeline.note(`${name} loses its power (${mode})`);
    this.#down(name);
    this.world.node(name).cutPower(mode);
  }

  /** A stop in good order, as SIGTERM asks for; the process is then gone. */
  async stop(name: string): Promise<void> {
    this.#options.timeline.note(`${name} is asked to stop`);
    const member = this.#member(name);
    const { broker, incarnation } = member;
    try {
      await broker?.stop();
    } catch (error) {
      this.#failed(member, incarnation, error);
    }
    if (member.incarnation === incarnation && this.isUp(name)) {
      this.#options.timeline.note(`${name} has stopped`);
      this.#down(name);
      this.world.node(name).kill();
    }
  }

  /** An empty disk in place of the one that is there; the host must be down. */
  replaceDisk(name: string): void {
    this.world.node(name).replaceDisk();
    for (const copy of this.damaged) if (copy.startsWith(`${name}:`)) this.damaged.delete(copy);
  }

  /** Flips one bit in what the records of some partition take up on that host. Says which partition's, or undefined when there is nothing yet. */
  flipBit(name: string, where: number): string | undefined {
    const { disk } = this.world.node(name);
    const files = disk.stat(directory) === undefined ? [] : syncedLogFiles(disk, directory);
    const total = files.reduce((sum, { size }) => sum + size, 0);
    let position = Math.floor(where * total);
    const file = files.find(({ size }) => {
      if (position < size) return true;
      position -= size;
      return false;
    });
    return file === undefined ? undefined : this.#flip(name, file, position);
  }

  /** The same in the last byte of a log that was synced to its end: what comes after a crash looks most like a write that was not finished. */
  flipLastBit(name: string, where: number): string | undefined {
    const { disk } = this.world.node(name);
    const files = disk.stat(directory) === undefined ? [] : syncedLogFiles(disk, directory);
    const whole = files.filter(({ path, size }) => disk.stat(path)!.size === size);
    const file = whole[Math.floor(where * whole.length)];
    return file === undefined ? undefined : this.#flip(name, file, file.size - 1);
  }

  /** Runs the world, with the observers looking on. @throws the first thing that failed */
  async run(options: { forMs?: number; until?: () => boolean }): Promise<void> {
    const observers = (this.#options.observers ?? []).filter((observer) => observer.afterEvent !== undefined);
    let owner: number | undefined;
    this.world.onEvent = (event) => {
      owner = event.owner?.id;
    };
    await this.world.run({
      forMs: options.forMs,
      until: () => {
        const member = owner === undefined ? undefined : this.#byProcess.get(owner);
        const alive = member?.processId === owner && member?.broker !== undefined ? member : undefined;
        for (const observer of observers) observer.afterEvent!(this, alive);
        return this.failures.length > 0 || (options.until?.() ?? false);
      },
    });
    if (this.failures.length > 0) throw this.failures[0];
  }

  /** Lets go of what the real world keeps for brokers that are still up. */
  close(): void {
    for (const member of this.#members) {
      void member.door?.close({ graceMs: 0 }).catch(() => {});
      member.door = undefined;
    }
  }

  #flip(name: string, { path, partition }: SyncedLogFile, position: number): string {
    this.world.node(name).disk.flipBit(path, position, position % 8);
    this.damaged.add(`${name}:${partition}`);
    return partition;
  }

  #member(name: string): OwnMember {
    const member = this.#members.find((candidate) => candidate.name === name);
    if (member === undefined) throw new Error(`there is no ${name}`);
    return member;
  }

  #down(name: string): void {
    const member = this.#member(name);
    member.incarnation++;
    if (member.broker !== undefined) for (const observer of this.#options.observers ?? []) observer.brokerClosed?.(name, member.broker);
    member.broker = undefined;
    member.processId = undefined;
    this.#running = undefined;
    // Its connections are gone; what is left are timers of Node's HTTP server, which know nothing of this world.
    void member.door?.close({ graceMs: 0 }).catch(() => {});
    member.door = undefined;
  }

  #failed(member: OwnMember, incarnation: number, error: unknown): void {
    if (member.incarnation !== incarnation) return;
    this.#options.timeline.note(`${member.name} failed: ${String(error)}`);
    if (!(this.onBrokerFailed?.(member.name, error) ?? false)) this.failures.push(error);
  }
}

/** Log lines into the timeline. */
export function timelineLogger(name: string, timeline: () => Timeline, level: 'debug' | 'warn'): Logger {
  const line = (kind: string) => (fields: object, message: string) => timeline().log(name, kind, fields, message);
  const nothing = () => {};
  const logger: Logger = {
    debug: level === 'debug' ? line('debug') : nothing,
    info: level === 'debug' ? line('info') : nothing,
    warn: line('warn'),
    error: line('ERROR'),
    child: () => logger,
  };
  return logger;
}
