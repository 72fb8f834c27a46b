import { type Address, type Connection, type Listener, type Network, NetworkError } from '../network.ts';
import { type ConnectionHolder, SimulatedConnection } from './connection.ts';
import { goodConditions, Link, type LinkConditions, loopbackConditions } from './link.ts';
import type { SeededRandom } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { Stream, type StreamContext } from './stream.ts';

const loopbackHosts = ['localhost', '127.0.0.1', '::1'];
const wildcardHosts = ['0.0.0.0', '::'];
const firstEphemeralPort = 32_768;
/** How long a dialling kernel waits when the caller set no limit (Linux: 127 s). */
const defaultConnectTimeoutMs = 127_000;
const firstSynRetryMs = 1000;

interface Host {
  name: string;
  /** False: without power, nothing answers. */
  isUp: boolean;
  isolated: boolean;
  nextPort: number;
  readonly listeners: Map<number, SimulatedListener>;
}

interface SimulatedListener {
  readonly holder: ConnectionHolder;
  readonly loopbackOnly: boolean;
  readonly onConnection: (connection: Connection) => void;
}

/**
 * The network between simulated hosts, and what may go wrong in it. A byte stream hides most of that: loss is seen as delay, and what is
 * left to see is stalls, resets with a part of the bytes delivered, and ends that do not know that the other one is gone.
 */
export class SimulatedNetwork implements StreamContext {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  #conditions: LinkConditions = goodConditions;
  readonly #hosts = new Map<string, Host>();
  readonly #aliases = new Map<string, string>();
  readonly #links = new Map<string, Link>();
  readonly #connections = new Set<[SimulatedConnection, SimulatedConnection, string, string]>();
  #sweepAt = 64;
  /** Sees the bytes of each write, one call per write: a test can send them once more on a connection of its own. */
  intercept: ((from: Address, to: Address, bytes: Buffer) => void) | undefined;

  constructor(scheduler: Scheduler, random: SeededRandom) {
    this.scheduler = scheduler;
    this.random = random;
  }

  /** Makes a host known by its name. */
  addHost(name: string): void {
    if (!this.#hosts.has(name)) {
      this.#hosts.set(name, { name, isUp: true, isolated: false, nextPort: firstEphemeralPort, listeners: new Map() });
    }
  }

  /** Gives a host another name. */
  addAlias(alias: string, name: string): void {
    this.#aliases.set(alias, name);
  }

  /** The door of one process on a host. */
  doorOf(name: string, holder: ConnectionHolder): Network {
    return new HostNetwork(this, name, holder);
  }

  /** Sets how things go between all hosts, or only on the way from one to another. */
  setConditions(conditions: Partial<LinkConditions>, from?: string, to?: string): void {
    if (from !== undefined && to !== undefined) {
      const link = this.#link(from, to);
      link.conditions = { ...link.conditions, ...conditions };
      return;
    }
    this.#conditions = { ...this.#conditions, ...conditions };
    for (const link of this.#links.values()) if (link.from !== link.to) link.conditions = { ...link.conditions, ...conditions };
  }

  /** From now on nothing passes from `a` to `b`; nor back, unless it is 'one-way'. */
  cut(a: string, b: string, ways: 'both' | 'one-way' = 'both'): void {
    this.#link(a, b).cut = true;
    if (ways === 'both') this.#link(b, a).cut = true;
  }

  heal(a: string, b: string): void {
    this.#link(a, b).cut = false;
    this.#link(b, a).cut = false;
    this.#retryAll();
  }

  /** Takes a one-way cut back. */
  mend(from: string, to: string): void {
    this.#link(from, to).cut = false;
    this.#retryAll();
  }

  /** Cuts a host off from all others. */
  isolate(name: string): void {
    this.#host(name).isolated = true;
  }

  /** Takes {@link isolate} back. */
  rejoin(name: string): void {
    this.#host(name).isolated = false;
    this.#retryAll();
  }

  /** Takes back every cut and isolation. */
  healAll(): void {
    for (const host of this.#hosts.values()) host.isolated = false;
    for (const link of this.#links.values()) link.cut = false;
    this.#retryAll();
  }

  /** Breaks every connection between two hosts: parts of what is on its way arrive, then resets. */
  reset(a: string, b: string): void {
    for (const [end, peer, from, to] of [...this.#connections]) {
      const isBetween = (from === a && to === b) || (from === b && to === a);
      if (isBetween && !(end.isClosed && peer.isClosed)) end.breakOff();
    }
  }

  isCut(link: Link): boolean {
    if (link.from === link.to) return false;
    return link.cut || this.#host(link.from).isolated || this.#host(link.to).isolated;
  }

  /** A process ended; its host's kernel closes what it had open. */
  processEnded(name: string, holder: ConnectionHolder): void {
    this.#closeListeners(name, holder);
    for (const connection of [...holder.connections]) connection.orphan(this.random.chance(0.5) ? 'reset' : 'end');
    holder.connections.clear();
  }

  /** A host lost its power: nothing of it answers until {@link powerOn}. */
  powerOff(name: string, holder: ConnectionHolder): void {
    this.#closeListeners(name, holder);
    this.#host(name).isUp = false;
    for (const connection of [...holder.connections]) connection.vanish();
  }

  /** The host is up again. What connects it to its former life is answered by resets. */
  powerOn(name: string, formerHolder: ConnectionHolder | undefined): void {
    this.#host(name).isUp = true;
    for (const connection of formerHolder?.connections ?? []) connection.forget();
    formerHolder?.connections.clear();
  }

  /** @throws NetworkError EADDRINUSE, EADDRNOTAVAIL */
  listen(
    name: string,
    holder: ConnectionHolder,
    options: { hosts: readonly string[]; port: number },
    onConnection: (connection: Connection) => void,
  ): Listener {
    const host = this.#host(name);
    const strange = options.hosts.find((address) => !this.#isAddressOf(address, name));
    if (strange !== undefined || options.hosts.length === 0) {
      throw new NetworkError('EADDRNOTAVAIL', `listening on ${strange ?? 'no host'}: ${name} has no such address (EADDRNOTAVAIL)`);
    }
    const port = options.port === 0 ? this.#freePort(host) : options.port;
    if (host.listeners.has(port)) {
      throw new NetworkError('EADDRINUSE', `listening on ${options.hosts[0]}:${port}: the port is in use (EADDRINUSE)`);
    }
    const listener = { holder, onConnection, loopbackOnly: options.hosts.every((address) => loopbackHosts.includes(address)) };
    host.listeners.set(port, listener);
    return {
      port,
      async close(): Promise<void> {
        if (host.listeners.get(port) === listener) host.listeners.delete(port);
      },
    };
  }

  connect(name: string, holder: ConnectionHolder, address: Address, timeoutMs = defaultConnectTimeoutMs): Connection {
    const remote = { host: address.host, port: address.port };
    const local = { host: name, port: this.#freePort(this.#host(name)) };
    const connection = new SimulatedConnection(this.scheduler, holder, { remote, local });
    const to = this.#resolve(address.host, name);
    if (to === undefined) {
      this.scheduler.schedule(0, 'unknown-host', holder.kernel, () => connection.fail('ENOTFOUND'));
      return connection;
    }
    if (this.intercept) connection.observe((bytes) => this.intercept?.(local, { host: to, port: remote.port }, bytes));
    const deadline = this.scheduler.schedule(timeoutMs * 1000, 'connect-timeout', holder.kernel, () => connection.fail('ETIMEDOUT'));
    this.#dial({ connection, holder, from: name, to, deadline: () => this.scheduler.cancel(deadline) }, firstSynRetryMs);
    return connection;
  }

  #dial(call: Call, retryMs: number): void {
    const { scheduler } = this;
    const forth = this.#link(call.from, call.to);
    const back = this.#link(call.to, call.from);
    scheduler.schedule(forth.delayUs(this.random) ?? retryMs * 1000, 'dial', undefined, () => {
      if (call.connection.isClosed) return;
      if (this.isCut(forth) || this.isCut(back) || !this.#host(call.to).isUp) {
        // Nobody hears the call. The kernel calls again, less and less often.
        scheduler.schedule(retryMs * 1000, 'redial', undefined, () => this.#dial(call, retryMs * 2));
        return;
      }
      const backUs = back.delayUs(this.random) ?? retryMs * 1000;
      const listener = this.#host(call.to).listeners.get(call.connection.remote.port);
      if (!listener || (listener.loopbackOnly && call.from !== call.to)) {
        scheduler.schedule(backUs, 'refusal', call.holder.kernel, () => {
          call.deadline();
          call.connection.fail('ECONNREFUSED');
        });
      } else {
        this.#accept(call, listener, forth, back, backUs);
      }
    });
  }

  #accept(call: Call, listener: SimulatedListener, forth: Link, back: Link, backUs: number): void {
    const dialling = call.connection;
    const accepted = new SimulatedConnection(this.scheduler, listener.holder, { remote: dialling.local, local: dialling.remote });
    const there = new Stream(this, { sender: dialling, receiver: accepted }, forth, back);
    const here = new Stream(this, { sender: accepted, receiver: dialling }, back, forth);
    if (this.intercept) {
      const to = { host: call.from, port: dialling.local.port };
      accepted.observe((bytes) => this.intercept?.({ host: call.to, port: dialling.remote.port }, to, bytes));
    }
    this.#remember([dialling, accepted, call.from, call.to]);
    this.scheduler.schedule(backUs, 'connected', call.holder.kernel, () => {
      call.deadline();
      dialling.connected(there, here);
    });
    this.scheduler.schedule(0, 'accept', listener.holder.owner, () => {
      if (accepted.isClosed) return;
      listener.onConnection(accepted);
    });
    accepted.open(here, there);
  }

  /** Keeps a connection for {@link reset}; those that are gone are dropped now and then. */
  #remember(entry: [SimulatedConnection, SimulatedConnection, string, string]): void {
    this.#connections.add(entry);
    if (this.#connections.size < this.#sweepAt) return;
    for (const known of this.#connections) if (known[0].isClosed && known[1].isClosed) this.#connections.delete(known);
    this.#sweepAt = 2 * this.#connections.size + 64;
  }

  #closeListeners(name: string, holder: ConnectionHolder): void {
    const { listeners } = this.#host(name);
    for (const [port, listener] of [...listeners]) if (listener.holder === holder) listeners.delete(port);
  }

  #retryAll(): void {
    for (const link of this.#links.values()) {
      if (this.isCut(link)) continue;
      const waiting = [...link.waiting];
      link.waiting.clear();
      for (const stream of waiting) stream.retry();
    }
  }

  #isAddressOf(address: string, name: string): boolean {
    return wildcardHosts.includes(address) || this.#resolve(address, name) === name;
  }

  #resolve(address: string, from: string): string | undefined {
    if (loopbackHosts.includes(address)) return from;
    const name = this.#aliases.get(address) ?? address;
    return this.#hosts.has(name) ? name : undefined;
  }

  #freePort(host: Host): number {
    do {
      host.nextPort = host.nextPort >= 60_999 ? firstEphemeralPort : host.nextPort + 1;
    } while (host.listeners.has(host.nextPort));
    return host.nextPort;
  }

  #host(name: string): Host {
    const host = this.#hosts.get(name);
    if (!host) throw new Error(`no simulated host is called ${name}`);
    return host;
  }

  #link(from: string, to: string): Link {
    const key = `${from} ${to}`;
    let link = this.#links.get(key);
    if (!link) {
      this.#host(from);
      this.#host(to);
      link = new Link(from, to, from === to ? loopbackConditions : this.#conditions);
      this.#links.set(key, link);
    }
    return link;
  }
}

/** An attempt to connect. */
interface Call {
  readonly connection: SimulatedConnection;
  readonly holder: ConnectionHolder;
  readonly from: string;
  readonly to: string;
  /** Takes the time limit back. */
  readonly deadline: () => void;
}

/** The network as one process sees it. */
class HostNetwork implements Network {
  readonly #network: SimulatedNetwork;
  readonly #name: string;
  readonly #holder: ConnectionHolder;

  constructor(network: SimulatedNetwork, name: string, holder: ConnectionHolder) {
    this.#network = network;
    this.#name = name;
    this.#holder = holder;
  }

  async listen(options: { hosts: readonly string[]; port: number }, onConnection: (connection: Connection) => void): Promise<Listener> {
    return this.#network.listen(this.#name, this.#holder, options, onConnection);
  }

  connect(address: Address, options: { timeoutMs?: number } = {}): Connection {
    return this.#network.connect(this.#name, this.#holder, address, options.timeoutMs);
  }
}
