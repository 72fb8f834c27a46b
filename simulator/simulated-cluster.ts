import { Broker } from '#broker';
import type { Address, Logger, SimulatedWorld } from '#platform';
import type { Raft } from '#raft';
import type { Timeline } from './timeline.ts';

const port = 9092;
const directory = '/data';

/** Sees the brokers of a cluster as they come up, before they do anything, and after each event. */
export interface ClusterObserver {
  /** A new incarnation of a broker; its Raft has not started. */
  brokerOpened?(name: string, broker: Broker): void;
  /** Called between any two events. */
  afterEvent?(cluster: SimulatedCluster): void;
}

export interface SimulatedClusterOptions {
  readonly world: SimulatedWorld;
  readonly brokers: number;
  readonly timeline: Timeline;
  readonly properties?: ReadonlyMap<string, string>;
  readonly observers?: readonly ClusterObserver[];
}

interface Member {
  readonly name: string;
  readonly nodeId: number;
  broker: Broker | undefined;
  /** Goes up with each start, so that what an earlier incarnation still says is not heard. */
  incarnation: number;
}

/** Real brokers, from socket to disk, in a simulated world. Everything that goes wrong in one that was not made to go wrong is kept in {@link failures}. */
export class SimulatedCluster {
  readonly world: SimulatedWorld;
  readonly failures: unknown[] = [];
  readonly #options: SimulatedClusterOptions;
  readonly #members: Member[];

  constructor(options: SimulatedClusterOptions) {
    this.world = options.world;
    this.#options = options;
    for (let index = 1; index <= options.brokers; index++) options.world.node(`broker-${index}`); // the network knows them from the beginning
    this.#members = Array.from({ length: options.brokers }, (_, index) => ({
      name: `broker-${index + 1}`,
      nodeId: index + 1,
      broker: undefined,
      incarnation: 0,
    }));
  }

  get names(): string[] {
    return this.#members.map(({ name }) => name);
  }

  get addresses(): Address[] {
    return this.#members.map(({ name }) => ({ host: name, port }));
  }

  /** The broker that runs on the host; undefined while it is down or still opening. */
  broker(name: string): Broker | undefined {
    return this.#member(name).broker;
  }

  get running(): { name: string; broker: Broker; raft: Raft }[] {
    return this.#members.flatMap(({ name, broker }) => (broker === undefined ? [] : [{ name, broker, raft: broker.raft }]));
  }

  isUp(name: string): boolean {
    return this.world.node(name).isRunning;
  }

  /** Starts the process on a host that is down. */
  start(name: string): void {
    const member = this.#member(name);
    const incarnation = ++member.incarnation;
    this.#options.timeline.note(`${name} starts`);
    const { platform } = this.world.node(name);
    Broker.start({
      platform,
      config: {
        nodeId: member.nodeId,
        port,
        hosts: [name],
        advertisedHost: name,
        peers: this.#members.filter((other) => other !== member).map((other) => ({ host: other.name, port })),
        directory,
        properties: this.#options.properties,
      },
      onOpened: (broker) => {
        if (member.incarnation !== incarnation) return;
        member.broker = broker;
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
  cutPower(name: string, mode: 'strict' | 'ordered' | 'hostile'): void {
    this.#options.timeline.note(`${name} loses its power (${mode})`);
    this.#down(name);
    this.world.node(name).cutPower(mode);
  }

  /** A stop in good order, as SIGTERM asks for; the process is then gone. */
  async stop(name: string): Promise<void> {
    this.#options.timeline.note(`${name} is asked to stop`);
    const member = this.#member(name);
    const { broker, incarnation } = member;
    await broker?.stop();
    if (member.incarnation === incarnation && this.isUp(name)) {
      this.#options.timeline.note(`${name} has stopped`);
      this.#down(name);
      this.world.node(name).kill();
    }
  }

  /** Runs the world, with the observers looking on. @throws the first thing that failed */
  async run(options: { forMs?: number; until?: () => boolean }): Promise<void> {
    await this.world.run({
      forMs: options.forMs,
      until: () => {
        for (const observer of this.#options.observers ?? []) observer.afterEvent?.(this);
        return this.failures.length > 0 || (options.until?.() ?? false);
      },
    });
    if (this.failures.length > 0) throw this.failures[0];
  }

  #member(name: string): Member {
    const member = this.#members.find((candidate) => candidate.name === name);
    if (member === undefined) throw new Error(`there is no ${name}`);
    return member;
  }

  #down(name: string): void {
    const member = this.#member(name);
    member.incarnation++;
    member.broker = undefined;
  }

  #failed(member: Member, incarnation: number, error: unknown): void {
    if (member.incarnation !== incarnation) return;
    this.#options.timeline.note(`${member.name} failed: ${String(error)}`);
    this.failures.push(error);
  }
}

/** Log lines into the timeline. */
export function timelineLogger(name: string, timeline: () => Timeline, level: 'debug' | 'warn'): Logger {
  const line = (kind: string) => (fields: object, message: string) =>
    timeline().note(`${name} ${kind} ${message} ${JSON.stringify(fields, plain)}`);
  const logger: Logger = {
    debug: level === 'debug' ? line('debug') : () => {},
    info: level === 'debug' ? line('info') : () => {},
    warn: line('warn'),
    error: line('ERROR'),
    child: () => logger,
  };
  return logger;
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
