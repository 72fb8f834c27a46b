import { type Address, type Clock, type Logger, type Network, NetworkError, type Random, type Timer } from '#platform';
import type { Api, RequestInput, ResponseOf } from '#protocol';
import { BrokerConnection } from './broker-connection.ts';

const firstBackoffMs = 50;
const longestBackoffMs = 1_000;
/** TCP's handshake and the ApiVersions answer together. */
const setupTimeoutMs = 5_000;
/** Below the ten minutes after which a server closes, so that no request meets a connection that is just being closed. */
const maxIdleMs = 300_000;

export interface BrokerClientOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Logger;
  readonly clientId: string;
  /** 30 s unless given. */
  readonly requestTimeoutMs?: number;
  /** Spreads the attempts to reconnect; without it they come at even intervals. */
  readonly random?: Random;
  /** How this client names itself in ApiVersions. */
  readonly software?: { name: string; version: string };
}

export interface SendOptions {
  /** Requests on different channels go over different connections, and so do not wait for each other. */
  readonly channel?: string;
  readonly timeoutMs?: number;
  /** Use no higher version than this, though both sides know it. Naming it also allows a version that Kafka calls unstable. */
  readonly maxVersion?: number;
}

interface Backoff {
  failures: number;
  /** Monotonic time before which nobody connects. */
  until: number;
  reason: string;
}

/** Speaks to brokers in Kafka's protocol over kept connections, one for each address and channel. */
export class BrokerClient {
  readonly #options: BrokerClientOptions;
  readonly #software: { name: string; version: string };
  /** By address and channel. */
  readonly #connections = new Map<string, BrokerConnection>();
  /** By address: a broker that is down is down for every channel. */
  readonly #backoffs = new Map<string, Backoff>();
  #timer: Timer | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(options: BrokerClientOptions) {
    this.#options = options;
    this.#software = options.software ?? { name: 'kafka-lite-cluster', version: '0' };
  }

  /**
   * Sends a request in the highest version that both sides know and resolves with the response. Requests to one address on one channel
   * arrive in the order of the calls while their connection lasts; one whose outcome is unknown may still arrive later than its
   * successors. After a failure the address is left alone for 50 ms, doubling up to a second; calls fail at once meanwhile.
   * @throws NetworkError ECONNREFUSED: certainly not sent, whatever the reason; any other code: the outcome is unknown
   * @throws KafkaError UNSUPPORTED_VERSION when no version is common (not sent)
   * @throws what the encoder throws when the request does not fit that version (not sent)
   */
  send<A extends Api>(to: Address, api: A, request: RequestInput<A>, options: SendOptions = {}): Promise<ResponseOf<A>> {
    return new Promise((resolve, reject) => {
      const now = this.#options.clock.monotonic();
      const connection = this.#connectionTo(to, options.channel ?? '', now);
      if (connection instanceof NetworkError) {
        reject(connection);
        return;
      }
      const timeoutMs = options.timeoutMs ?? this.#options.requestTimeoutMs ?? 30_000;
      const deadline = now + timeoutMs;
      connection.lastUsed = now;
      this.#wakeBy(deadline, now);
      connection.send({
        api,
        request,
        maxVersion: options.maxVersion,
        deadline,
        timeoutMs,
        version: -1,
        resolve: resolve as (response: unknown) => void,
        reject,
      });
    });
  }

  /** The broker at this address is known to be up (it has registered, say): the next request tries at once, whatever failed before. */
  forgive(address: Address): void {
    this.#backoffs.delete(`${address.host}:${address.port}`);
  }

  /** Closes all connections; what waits is rejected, and so is every later call. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const connection of [...this.#connections.values()]) connection.close('ECONNABORTED', 'the client was closed');
  }

  #connectionTo(to: Address, channel: string, now: number): BrokerConnection | NetworkError {
    if (this.#isClosed) return new NetworkError('ECONNREFUSED', 'not sent: the client is closed');
    const address = `${to.host}:${to.port}`;
    const key = `${address}/${channel}`;
    const kept = this.#connections.get(key);
    if (kept !== undefined) return kept;
    const backoff = this.#backoffs.get(address);
    if (backoff !== undefined && now < backoff.until) {
      const left = Math.ceil(backoff.until - now);
      return new NetworkError('ECONNREFUSED', `not sent: ${address} is left alone for ${left} ms after it failed (${backoff.reason})`);
    }
    return this.#connect(to, address, key, now);
  }

  #connect(to: Address, address: string, key: string, now: number): BrokerConnection {
    const setupDeadline = now + setupTimeoutMs;
    const connection = new BrokerConnection({
      connection: this.#options.network.connect(to, { timeoutMs: setupTimeoutMs }),
      address: to,
      clientId: this.#options.clientId,
      software: this.#software,
      log: this.#options.log,
      setupDeadline,
      onReady: () => this.#backoffs.delete(address),
      onGone: (wasReady, error) => {
        this.#connections.delete(key);
        if (!wasReady && !this.#isClosed) this.#backOff(address, error);
      },
    });
    this.#connections.set(key, connection);
    this.#wakeBy(setupDeadline, now);
    return connection;
  }

  #backOff(address: string, error: NetworkError): void {
    const now = this.#options.clock.monotonic();
    const before = this.#backoffs.get(address);
    // Channels that fail together count once.
    if (before !== undefined && now < before.until) return;
    const failures = (before?.failures ?? 0) + 1;
    const delayMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(failures - 1, 10));
    const jitter = 0.8 + 0.4 * (this.#options.random?.fraction() ?? 0.5);
    this.#backoffs.set(address, { failures, until: now + delayMs * jitter, reason: error.message });
    this.#options.log.debug({ address, failures, reason: error.message }, 'a broker cannot be reached');
  }

  /** One timer serves all deadlines; it is set anew only for an earlier one. */
  #wakeBy(deadline: number, now: number): void {
    if (deadline >= this.#wakeAt || this.#isClosed) return;
    this.#timer?.cancel();
    this.#wakeAt = deadline;
    this.#timer = this.#options.clock.after(Math.max(0, deadline - now), () => this.#wake());
  }

  #wake(): void {
    this.#timer = undefined;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const now = this.#options.clock.monotonic();
    for (const connection of [...this.#connections.values()]) {
      connection.expire(now);
      if (connection.isIdle && connection.lastUsed + maxIdleMs <= now) connection.close('ECONNABORTED', 'idle');
    }
    let next = Number.POSITIVE_INFINITY;
    for (const connection of this.#connections.values()) {
      next = Math.min(next, connection.isIdle ? connection.lastUsed + maxIdleMs : connection.nextDeadline());
    }
    if (next !== Number.POSITIVE_INFINITY) this.#wakeBy(next, now);
  }
}
