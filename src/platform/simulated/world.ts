import { type Logger, silentLogger } from '../log.ts';
import type { Platform } from '../platform.ts';
import type { SimulatedEvent } from './events.ts';
import { SimulatedNetwork } from './network.ts';
import { type NodeContext, SimulatedNode } from './node.ts';
import { SeededRandom } from './random.ts';
import { type RunOptions, type RunOutcome, Scheduler } from './scheduler.ts';

export interface SimulatedWorldOptions {
  /** Decides everything that is left to chance. */
  seed: number | string;
  /** What the hosts' wall clocks show at first. Default: 1 January 2026. */
  wallStartMs?: number;
  /** How the hosts' disks are. */
  disk?: NodeContext['disk'];
  /** Where a node's log lines go. Default: nowhere. */
  log?: (nodeName: string) => Logger;
}

/** Hosts, the network between them, and one time for all: everything that happens in it follows from its seed. */
export class SimulatedWorld {
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly #scheduler = new Scheduler();
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #context: NodeContext;

  constructor(options: SimulatedWorldOptions) {
    this.random = new SeededRandom(options.seed);
    this.network = new SimulatedNetwork(this.#scheduler, this.random.fork('network'));
    let owners = 0;
    this.#context = {
      scheduler: this.#scheduler,
      network: this.network,
      random: this.random,
      wallStartMs: options.wallStartMs ?? Date.UTC(2026, 0, 1),
      disk: options.disk ?? {},
      log: options.log ?? (() => silentLogger),
      nextOwnerId: () => ++owners,
    };
  }

  /** Virtual milliseconds since the start. */
  get nowMs(): number {
    return this.#scheduler.nowUs / 1000;
  }

  /** How many events have happened. */
  get eventCount(): number {
    return this.#scheduler.eventCount;
  }

  /** A number that stands for all events so far: equal seeds give equal digests. */
  get digest(): number {
    return this.#scheduler.digest;
  }

  /** Sees each event right before it happens. */
  set onEvent(observer: ((event: Readonly<SimulatedEvent>) => void) | undefined) {
    this.#scheduler.onEvent = observer;
  }

  /** The host of that name; it comes into being when it is first asked for. */
  node(name: string): SimulatedNode {
    let node = this.#nodes.get(name);
    if (!node) {
      node = new SimulatedNode(name, this.#context);
      this.#nodes.set(name, node);
    }
    return node;
  }

  /** All hosts, in the order they came. */
  get nodes(): SimulatedNode[] {
    return [...this.#nodes.values()];
  }

  /** A step of the test's script, `delayMs` from now. */
  after(delayMs: number, callback: () => void): void {
    this.#scheduler.schedule(delayMs * 1000, 'script', undefined, callback);
  }

  /** Lets events happen: for a while, until something holds, or until there is nothing more to happen. */
  run(options?: RunOptions): Promise<RunOutcome> {
    return this.#scheduler.run(options);
  }

  /**
   * Runs until `promise` is settled, and gives what it gives.
   * @throws Error when it is not settled within `withinMs` of virtual time
   */
  async finish<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.run({ forMs: withinMs, until: () => settled });
    if (!settled) throw new Error(`not settled within ${withinMs} ms of virtual time`);
    return promise;
  }
}

/** The platform of the process on that node of the world; a process is started when none runs there. */
export function simulatedPlatform(world: SimulatedWorld, nodeName: string): Platform {
  return world.node(nodeName).platform;
}
