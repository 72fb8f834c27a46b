import { type Address, type Connection, type Logger, NetworkError } from '#platform';
import { type Api, decodeResponse, encodeRequest, KafkaError } from '#protocol';
import { type ApiVersionsResponse, apiVersions } from '#protocol/apis/api-versions.ts';
import { FrameSplitter } from './frame-splitter.ts';

/** The correlation id: what every response has. */
const minResponseBytes = 4;
const maxResponseBytes = 100 * 1024 * 1024;
/** The first version that names the client's software; its error answer says what the other side knows. */
const firstAskedVersion = 3;
/** UNSUPPORTED_VERSION on the wire. */
const unsupportedVersionCode = 35;

/** One request and whoever waits for its response. */
export interface Exchange {
  readonly api: Api;
  readonly request: unknown;
  /** The highest version that the caller wants; undefined: the highest stable one. */
  readonly maxVersion: number | undefined;
  /** Monotonic time. */
  readonly deadline: number;
  readonly timeoutMs: number;
  /** As agreed with the other side; -1 until sent. */
  version: number;
  resolve(response: unknown): void;
  reject(error: Error): void;
}

export interface BrokerConnectionOptions {
  readonly connection: Connection;
  readonly address: Address;
  readonly clientId: string;
  readonly software: { name: string; version: string };
  readonly log: Logger;
  /** Monotonic time by which the other side must have told its versions. */
  readonly setupDeadline: number;
  /** The other side speaks Kafka's protocol: requests go out from here on. */
  onReady(): void;
  /** Gone; called once, after all that waited was rejected. */
  onGone(wasReady: boolean, error: NetworkError): void;
}

/** A kept connection to a broker: learns the versions it knows, sends requests one after another without waiting, matches the responses. */
export class BrokerConnection {
  /** When a request was last given to it, in monotonic time. */
  lastUsed = 0;
  readonly #options: BrokerConnectionOptions;
  readonly #connection: Connection;
  readonly #peer: string;
  readonly #splitter = new FrameSplitter({ maxFrameBytes: maxResponseBytes, minFrameBytes: minResponseBytes });
  #state: 'setup' | 'ready' | 'gone' = 'setup';
  #versions = new Map<number, { min: number; max: number }>();
  #askedVersion = firstAskedVersion;
  #correlationId = 0;
  /** Not sent: the versions are not known. */
  #waiting: Exchange[] = [];
  /** Sent, by correlation id. */
  readonly #inFlight = new Map<number, Exchange>();
  #outgoing: Uint8Array[] = [];
  #flushScheduled = false;

  constructor(options: BrokerConnectionOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.#peer = `${options.address.host}:${options.address.port}`;
    // When the other side sends no more, no response can come: what is asked after that must go over another connection.
    this.#connection.onEnd(() => this.close('ECONNRESET', 'the other side closed the connection'));
    this.#connection.onClose((error) => this.#fail(error ?? new NetworkError('ECONNRESET', 'the other side closed the connection')));
    this.#connection.onData((bytes) => this.#receive(bytes));
    this.#askVersions();
  }

  send(exchange: Exchange): void {
    if (this.#state === 'ready') this.#transmit(exchange);
    else this.#waiting.push(exchange);
  }

  /**
   * Rejects what is overdue. An overdue request that was sent takes the connection with it: its response may still come, and until then
   * nothing behind it is answered.
   */
  expire(now: number): void {
    for (const [correlationId, exchange] of this.#inFlight) {
      if (exchange.deadline > now) continue;
      this.#inFlight.delete(correlationId);
      exchange.reject(new NetworkError('ETIMEDOUT', `${describe(exchange)} to ${this.#peer}: no answer within ${exchange.timeoutMs} ms`));
      this.#fail(new NetworkError('ECONNRESET', `an earlier request, ${describe(exchange)}, was not answered in time`));
      return;
    }
    if (this.#state === 'setup' && this.#options.setupDeadline <= now) {
      this.#fail(new NetworkError('ETIMEDOUT', 'no answer to ApiVersions in time'));
      return;
    }
    const overdue = this.#waiting.filter((exchange) => exchange.deadline <= now);
    if (overdue.length === 0) return;
    this.#waiting = this.#waiting.filter((exchange) => exchange.deadline > now);
    for (const exchange of overdue) exchange.reject(this.#notSent(exchange, `not connected within ${exchange.timeoutMs} ms`));
  }

  /** When {@link expire} is to be called next, at the latest. */
  nextDeadline(): number {
    let next = this.#state === 'setup' ? this.#options.setupDeadline : Number.POSITIVE_INFINITY;
    for (const exchange of this.#inFlight.values()) next = Math.min(next, exchange.deadline);
    for (const exchange of this.#waiting) next = Math.min(next, exchange.deadline);
    return next;
  }

  get isIdle(): boolean {
    return this.#state === 'ready' && this.#inFlight.size === 0;
  }

  /** Closes; what waits is rejected with the reason. */
  close(code: string, reason: string): void {
    this.#fail(new NetworkError(code, reason));
  }

  #askVersions(): void {
    const request = { clientSoftwareName: this.#options.software.name, clientSoftwareVersion: this.#options.software.version };
    const header = { correlationId: ++this.#correlationId, clientId: this.#options.clientId };
    this.#write(encodeRequest(apiVersions, this.#askedVersion, header, this.#askedVersion >= firstAskedVersion ? request : {}));
  }

  #transmit(exchange: Exchange): void {
    const { api } = exchange;
    const theirs = this.#versions.get(api.key);
    const ours = { min: api.versions.min, max: Math.min(api.versions.max, exchange.maxVersion ?? highestStableVersion(api)) };
    const version = Math.min(ours.max, theirs?.max ?? -1);
    if (theirs === undefined || version < Math.max(ours.min, theirs.min)) {
      const known = theirs === undefined ? `does not know ${api.name}` : `knows ${api.name} ${theirs.min} to ${theirs.max}`;
      exchange.reject(new KafkaError('UNSUPPORTED_VERSION', `${this.#peer} ${known}, wanted is ${ours.min} to ${ours.max}`));
      return;
    }
    const correlationId = (this.#correlationId = (this.#correlationId + 1) & 0x7fffffff);
    let frame: readonly Uint8Array[];
    try {
      frame = encodeRequest(api, version, { correlationId, clientId: this.#options.clientId }, exchange.request as never);
    } catch (error) {
      exchange.reject(error as Error);
      return;
    }
    exchange.version = version;
    this.#inFlight.set(correlationId, exchange);
    this.#write(frame);
  }

  /** Requests made in one go leave in one write. */
  #write(frame: readonly Uint8Array[]): void {
    for (const buffer of frame) this.#outgoing.push(buffer);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushScheduled = false;
    if (this.#state === 'gone' || this.#outgoing.length === 0) return;
    const buffers = this.#outgoing;
    this.#outgoing = [];
    this.#connection.write(buffers);
  };

  #receive(bytes: Buffer): void {
    if (this.#state === 'gone') return;
    this.#splitter.push(bytes);
    try {
      for (;;) {
        const frame = this.#splitter.next();
        if (frame === undefined) return;
        if (this.#state === 'setup') this.#learnVersions(frame);
        else this.#resolve(frame);
      }
    } catch (error) {
      this.#options.log.warn(
        { err: error, remote: this.#options.address },
        `${this.#peer} sent what is no answer; the connection is closed`,
      );
      this.#fail(new NetworkError('EPROTO', `${this.#peer} sent what is no answer: ${(error as Error).message}`, { cause: error }));
    }
  }

  #learnVersions(frame: Buffer): void {
    const correlationId = frame.readInt32BE(0);
    if (correlationId !== this.#correlationId) throw new Error(`correlation id ${correlationId} instead of ${this.#correlationId}`);
    // An answer with this error always has the body of version 0, whatever was asked.
    const isRefused = frame.readInt16BE(4) === unsupportedVersionCode;
    const { response } = decodeResponse(apiVersions, isRefused ? 0 : this.#askedVersion, frame);
    if (isRefused) {
      const lower = Math.min(highestVersion(response, apiVersions.key) ?? 0, this.#askedVersion - 1);
      if (lower < 0) throw new Error('ApiVersions is refused in version 0');
      this.#askedVersion = lower;
      this.#askVersions();
      return;
    }
    if (response.errorCode !== 'NONE') throw new KafkaError(response.errorCode, 'ApiVersions is refused');
    for (const { apiKey, minVersion, maxVersion } of response.apiKeys) this.#versions.set(apiKey, { min: minVersion, max: maxVersion });
    this.#state = 'ready';
    this.#options.onReady();
    for (const exchange of this.#waiting.splice(0)) this.#transmit(exchange);
  }

  #resolve(frame: Buffer): void {
    const correlationId = frame.readInt32BE(0);
    const exchange = this.#inFlight.get(correlationId);
    if (exchange === undefined) throw new Error(`no request has the correlation id ${correlationId}`);
    const { response } = decodeResponse(exchange.api, exchange.version, frame);
    this.#inFlight.delete(correlationId);
    exchange.resolve(response);
  }

  #fail(error: NetworkError): void {
    if (this.#state === 'gone') return;
    const wasReady = this.#state === 'ready';
    this.#state = 'gone';
    this.#connection.destroy();
    this.#outgoing = [];
    const sent = [...this.#inFlight.values()];
    this.#inFlight.clear();
    for (const exchange of sent) {
      exchange.reject(new NetworkError(error.code, `${describe(exchange)} to ${this.#peer}: ${error.message}`, { cause: error }));
    }
    for (const exchange of this.#waiting.splice(0)) exchange.reject(this.#notSent(exchange, error.message));
    this.#options.onGone(wasReady, error);
  }

  #notSent(exchange: Exchange, reason: string): NetworkError {
    return new NetworkError('ECONNREFUSED', `${exchange.api.name} to ${this.#peer} was not sent: ${reason}`);
  }
}

function describe(exchange: Exchange): string {
  return `${exchange.api.name} v${exchange.version}`;
}

function highestStableVersion(api: Api): number {
  return api.latestVersionUnstable ? api.versions.max - 1 : api.versions.max;
}

function highestVersion(response: ApiVersionsResponse, key: number): number | undefined {
  return response.apiKeys.find((entry) => entry.apiKey === key)?.maxVersion;
}
