import type { Address, Clock, Connection, Listener, Logger, Network, Timer } from '#platform';
import { defaultLimits, type ServerLimits } from './limits.ts';
import { RepeatLimiter } from './repeat-limiter.ts';
import { type Answer, type ClientConnection, type ConnectionOwner, type HttpSocket, ServerConnection } from './server-connection.ts';

const sweepIntervalMs = 1_000;
const complaintIntervalMs = 10_000;
const maxComplainedRemotes = 1_000;

export interface KafkaServerOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Logger;
  readonly hosts: readonly string[];
  /** 0 lets the system choose. */
  readonly port: number;
  readonly limits?: Partial<ServerLimits>;
  /**
   * Answers a request: a frame without its length, a view of what was read (copy what is kept). Called in the order of arrival, so what is
   * done before the first await is done in that order. A throw or rejection closes the connection and is logged.
   */
  onRequest(frame: Buffer, connection: ClientConnection): Answer;
  /** Takes the socket of a connection that speaks HTTP, all its bytes unread. Without it such connections are closed. */
  onHttp?(socket: HttpSocket): void;
}

/** One port for everything: Kafka's protocol is served here, HTTP is handed over, anything else is closed with a log line. */
export class KafkaServer {
  readonly #options: KafkaServerOptions;
  readonly #limits: ServerLimits;
  readonly #connections = new Set<ServerConnection>();
  readonly #perIp = new Map<string, number>();
  readonly #complaints = new RepeatLimiter({ intervalMs: complaintIntervalMs, maxKeys: maxComplainedRemotes });
  readonly #owner: ConnectionOwner;
  #listener!: Listener;
  #sweeper: Timer;
  #nextId = 1;
  /** Kafka's and HTTP's. */
  #open = 0;
  #refused = 0;
  #closing: Promise<void> | undefined;
  #allGone: () => void = () => {};

  /** Listens, and serves from then on. @throws NetworkError EADDRINUSE, EACCES, EADDRNOTAVAIL */
  static async listen(options: KafkaServerOptions): Promise<KafkaServer> {
    const server = new KafkaServer(options);
    try {
      server.#listener = await options.network.listen({ hosts: options.hosts, port: options.port }, (connection) =>
        server.#accept(connection),
      );
    } catch (error) {
      server.#sweeper.cancel();
      throw error;
    }
    return server;
  }

  private constructor(options: KafkaServerOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#owner = {
      limits: this.#limits,
      log: options.log,
      speaksHttp: options.onHttp !== undefined,
      answer: options.onRequest,
      takeHttp: (socket, connection) => this.#takeHttp(socket, connection),
      complain: (kind, connection, message) => this.#complain(kind, connection.remote, message),
      gone: (connection) => this.#gone(connection),
    };
    this.#sweeper = options.clock.every(sweepIntervalMs, () => this.#sweep());
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Open connections, those handed to HTTP included. */
  get connectionCount(): number {
    return this.#open;
  }

  /** Those of them that speak Kafka's protocol, or have not said anything yet. */
  get kafkaConnectionCount(): number {
    return this.#connections.size;
  }

  /** Connections that were not taken, as there were too many. */
  get refusedConnections(): number {
    return this.#refused;
  }

  /**
   * Stops accepting and taking requests, lets those that are being handled be answered, and closes every Kafka connection; those that are
   * still open after `graceMs` are cut. HTTP's sockets are left to their server. Resolves when all Kafka connections are gone.
   */
  close(options: { graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? 5_000);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    const stopped = this.#listener.close();
    const gone = new Promise<void>((resolve) => {
      this.#allGone = resolve;
    });
    for (const connection of [...this.#connections]) connection.finish();
    const cut = this.#options.clock.after(graceMs, () => {
      for (const connection of [...this.#connections]) connection.destroy();
    });
    if (this.#connections.size > 0) await gone;
    cut.cancel();
    this.#sweeper.cancel();
    await stopped;
  }

  #accept(connection: Connection): void {
    const host = connection.remote.host;
    const ofHost = this.#perIp.get(host) ?? 0;
    const refusal = this.#refusal(host, ofHost);
    if (refusal !== undefined) {
      if (refusal !== '') {
        this.#refused += 1;
        this.#complain('refused', connection.remote, refusal);
      }
      connection.onClose(() => {});
      connection.destroy();
      return;
    }
    this.#open += 1;
    this.#perIp.set(host, ofHost + 1);
    this.#connections.add(new ServerConnection(this.#nextId++, connection, this.#owner, this.#options.clock.monotonic()));
  }

  /** Why one more connection of that host is not taken; '' when nobody needs to hear of it. */
  #refusal(host: string, ofHost: number): string | undefined {
    if (this.#closing !== undefined) return '';
    if (this.#open >= this.#limits.maxConnections) {
      return `is refused: ${this.#open} connections are open, as many as max.connections allows`;
    }
    if (ofHost >= this.#limits.maxConnectionsPerIp) {
      return `is refused: ${ofHost} connections of ${host} are open, as many as max.connections.per.ip allows`;
    }
    return undefined;
  }

  #takeHttp(socket: HttpSocket, connection: ServerConnection): void {
    this.#connections.delete(connection);
    socket.once('close', () => this.#countDown(connection.remote.host));
    this.#options.onHttp?.(socket);
  }

  #gone(connection: ServerConnection): void {
    this.#connections.delete(connection);
    this.#countDown(connection.remote.host);
    if (this.#connections.size === 0) this.#allGone();
  }

  #countDown(host: string): void {
    this.#open -= 1;
    const ofHost = this.#perIp.get(host)! - 1;
    if (ofHost === 0) this.#perIp.delete(host);
    else this.#perIp.set(host, ofHost);
  }

  #complain(kind: string, remote: Address, message: string): void {
    const suppressed = this.#complaints.admit(`${kind} ${remote.host}`, this.#options.clock.monotonic());
    if (suppressed === undefined) return;
    const repeats = suppressed === 0 ? '' : ` (and ${suppressed} more times since the last such line)`;
    this.#options.log.warn({ remote }, `${remote.host}:${remote.port} ${message}${repeats}`);
  }

  #sweep(): void {
    const now = this.#options.clock.monotonic();
    for (const connection of [...this.#connections]) connection.sweep(now);
  }
}
