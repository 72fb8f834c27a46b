import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { type Address, type Connection, type Listener, type Network, NetworkError } from '../network.ts';
import { type ConnectionOwner, ProcessConnection } from './process-connection.ts';

export interface ProcessNetworkOptions {
  readonly network: Network;
  /** For what is to happen later; it goes on when the process is stopped. */
  readonly clock: Clock;
  /** A port that is taken already: who dials it waits until the process listens there. Without it the process takes its port itself. */
  readonly port?: ReservedPort | undefined;
  /** Where an address leads by now. */
  readonly route?: (address: Address) => Address;
}

/** Which connections do not let anything pass: told the address that was dialled, or undefined for one that was accepted. */
export type Cut = (dialled: Address | undefined) => boolean;

/**
 * The network as one broker sees it that could as well be a process of its own: it can be cut off, be slow, and be killed, when the system ends its
 * connections and its ports refuse.
 */
export class ProcessNetwork implements Network {
  readonly #options: ProcessNetworkOptions;
  readonly #connections = new Map<ProcessConnection, Address | undefined>();
  readonly #listeners = new Set<Listener>();
  /** Sockets that were given away. */
  readonly #sockets = new Set<Socket>();
  /** Accepted while nobody could hear of it. */
  #accepted: (() => void)[] = [];
  #cut: Cut | undefined;
  #delayMs = 0;
  #isKilled = false;
  #whenOpen: (() => void)[] = [];

  readonly #owner: ConnectionOwner;

  constructor(options: ProcessNetworkOptions) {
    this.#options = options;
    const network = this;
    this.#owner = {
      clock: options.clock,
      get delayMs() {
        return network.#delayMs;
      },
      gone: (connection) => this.#connections.delete(connection),
      detached: (socket) => {
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
      },
    };
  }

  get delayMs(): number {
    return this.#delayMs;
  }

  /** What arrives from now on is handed on so much later. */
  set delayMs(delayMs: number) {
    this.#delayMs = delayMs;
  }

  async listen(options: { hosts: readonly string[]; port: number }, onConnection: (connection: Connection) => void): Promise<Listener> {
    const take = (connection: Connection) => this.#take(connection, onConnection);
    const { network, port } = this.#options;
    const listener = port !== undefined && port.port === options.port ? port.open(take) : await network.listen(options, take);
    if (this.#isKilled) await listener.close();
    else this.#listeners.add(listener);
    return {
      port: listener.port,
      close: () => {
        this.#listeners.delete(listener);
        return listener.close();
      },
    };
  }

  connect(address: Address, options: { timeoutMs?: number } = {}): Connection {
    const { network, route = (to: Address) => to } = this.#options;
    const to = route(address);
    const dial = () => network.connect(to, options);
    if (this.#isKilled) return new ProcessConnection(this.#owner, { to: address, dial }, true);
    const connection = new ProcessConnection(this.#owner, { to: address, dial, timeoutMs: options.timeoutMs }, this.#isCut(to));
    this.#connections.set(connection, to);
    return connection;
  }

  /** From now on what the function says is cut, and nothing else. */
  setCut(cut: Cut | undefined): void {
    this.#cut = cut;
    for (const [connection, dialled] of [...this.#connections]) connection.setCut(this.#isCut(dialled));
    if (this.#isCut(undefined)) return;
    for (const accept of this.#accepted.splice(0)) accept();
    for (const tell of this.#whenOpen.splice(0)) tell();
  }

  /** Resolves when what was accepted is not cut; after the delay, where there is one. For what looks after its sockets itself. */
  async whenOpen(): Promise<void> {
    if (this.#isCut(undefined)) await new Promise<void>((resolve) => this.#whenOpen.push(resolve));
    if (this.#delayMs > 0) await new Promise<void>((resolve) => this.#options.clock.after(this.#delayMs, resolve));
  }

  /** All connections break, nobody listens any more, and the process does not hear of it. */
  async kill(): Promise<void> {
    this.#isKilled = true;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const connection of [...this.#connections.keys()]) connection.kill();
    for (const socket of this.#sockets) socket.destroy();
    this.#accepted = [];
    await Promise.all(listeners.map((listener) => listener.close()));
  }

  #isCut(dialled: Address | undefined): boolean {
    return this.#cut?.(dialled) ?? false;
  }

  #take(inner: Connection, onConnection: (connection: Connection) => void): void {
    if (this.#isKilled) {
      inner.destroy();
      return;
    }
    const connection = new ProcessConnection(this.#owner, inner, this.#isCut(undefined));
    this.#connections.set(connection, undefined);
    if (this.#isCut(undefined)) this.#accepted.push(() => onConnection(connection));
    else onConnection(connection);
  }
}

/** A port that was taken before there is anybody to answer: connections wait. */
export class ReservedPort {
  readonly port: number;
  readonly #listener: Listener;
  #waiting: Connection[] | undefined;
  #onConnection: (connection: Connection) => void;

  private constructor(listener: Listener, waiting: Connection[]) {
    this.port = listener.port;
    this.#listener = listener;
    this.#waiting = waiting;
    this.#onConnection = (connection) => waiting.push(connection);
  }

  /** @throws NetworkError EADDRINUSE, EACCES, EADDRNOTAVAIL */
  static async take(network: Network, options: { hosts: readonly string[]; port: number }): Promise<ReservedPort> {
    const waiting: Connection[] = [];
    let reserved: ReservedPort | undefined;
    const listener = await network.listen(options, (connection) => {
      if (reserved === undefined) waiting.push(connection);
      else reserved.#onConnection(connection);
    });
    reserved = new ReservedPort(listener, waiting);
    return reserved;
  }

  /** Whoever has dialled and will dial is handed over. Once only. */
  open(onConnection: (connection: Connection) => void): Listener {
    const waiting = this.#waiting;
    if (waiting === undefined) throw new NetworkError('EADDRINUSE', `port ${this.port} is in use by this process`);
    this.#waiting = undefined;
    this.#onConnection = onConnection;
    for (const connection of waiting) onConnection(connection);
    return this.#listener;
  }

  /** Gives it back unused. */
  async close(): Promise<void> {
    for (const connection of this.#waiting ?? []) connection.destroy();
    await this.#listener.close();
  }
}
