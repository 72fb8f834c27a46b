import { AssertionError } from 'node:assert/strict';
import { type Address, type Logger, NetworkError } from '#platform';
import {
  type Api,
  asKafkaError,
  decodeRequest,
  decodeRequestHeader,
  encodeResponse,
  KafkaError,
  ProtocolError,
  type RequestHeader,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
} from '#protocol';
import { apiVersions } from '#protocol/apis/api-versions.ts';
import { type FetchRequest, fetch } from '#protocol/apis/fetch.ts';
import type { Answer, ClientConnection } from '#transport';
import type { Context, Services } from './context.ts';
import type { Handled, Handler } from './handler.ts';
import { unsupportedApiVersions } from './handlers/api-versions.ts';
import type { Interceptor } from './interceptor.ts';
import { type Asker, RequestTimes } from './request-times.ts';

export interface DispatcherOptions {
  readonly handlers: readonly Handler[];
  readonly services: Services;
  readonly log: Logger;
  /** Whether requests to this cluster can be served at all; before, only those that say so are. */
  isFormed(): boolean;
  /** Carries a request to the active controller, as it came, and gives its answer as it came (KIP-590). */
  forward(frame: Buffer, apiName: string, remote: Address | undefined): Promise<Buffer>;
  /** An invariant does not hold: this broker must not go on. */
  onBroken?(error: AssertionError): void;
  /** Decides what becomes of requests that come over connections. */
  readonly intercept?: Interceptor | undefined;
}

/**
 * From a frame to its answer: which API, which version, who handles it and where, and what a failure looks like on the wire.
 * A frame that is not a request we advertise closes the connection, as Kafka does; nothing it holds is acted upon.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #byKey = new Map<number, Handler>();
  /** What requests from the network have taken. */
  readonly times = new RequestTimes();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    for (const handler of options.handlers) this.#byKey.set(handler.api.key, handler);
  }

  get handlers(): readonly Handler[] {
    return this.#options.handlers;
  }

  /** Answers one frame (without its length). Runs synchronously up to the handler's first wait, so that requests of one connection keep their order. */
  dispatch(frame: Buffer, connection: ClientConnection): Answer {
    try {
      return this.#dispatch(frame, connection);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#options.log.warn({ remote: connection.remote, error: error.message }, 'closing a connection that sent a malformed request');
      return 'close';
    }
  }

  /**
   * Answers a request that another broker passed on in an Envelope.
   * @returns the answer's frame without its length; null when the handler gives none
   * @throws ProtocolError when the frame is no request that can be served here
   */
  async dispatchForwarded(frame: Buffer, remote: Address | undefined): Promise<Buffer | null> {
    const header = decodeRequestHeader(frame);
    const handler = this.#byKey.get(header.apiKey);
    if (handler === undefined || handler.place !== 'controller' || !serves(handler, header.apiVersion)) {
      throw new ProtocolError(`api ${header.apiKey} version ${header.apiVersion} is not one that brokers pass on`);
    }
    const request = decodeRequest(handler.api, header.apiVersion, frame, header.bodyOffset);
    const response = await this.run(handler, request, this.#context(header.apiVersion, header.clientId, remote, undefined));
    const answer = this.#encode(handler, header, request, response);
    return answer === null || answer === 'close' ? null : Buffer.concat(answer).subarray(4);
  }

  /** Runs a request of this process itself, without a wire. @throws NetworkError when the outcome is unknown */
  async dispatchLocal<A extends Api>(api: A, request: RequestOf<A>): Promise<ResponseInput<A>> {
    const handler = this.#byKey.get(api.key) as Handler<A> | undefined;
    if (handler === undefined) throw new KafkaError('UNSUPPORTED_VERSION', `this broker does not serve ${api.name}`);
    const response = await this.run(handler, request, this.#context(handler.versions.max, 'http', undefined, undefined));
    // Over a wire the connection would end: what was done before is not known.
    if (response === null || response === 'close') throw new NetworkError('ECONNABORTED', `${api.name} gave no answer`);
    return response;
  }

  /** Calls the handler; a thrown error becomes the API's own error answer. */
  run<A extends Api>(handler: Handler<A>, request: RequestOf<A>, context: Context): Handled<A> | Promise<Handled<A>> {
    try {
      const response = handler.handle(request, context);
      if (!(response instanceof Promise)) return response;
      return response.catch((error: unknown) => this.#failed(handler, request, context, error));
    } catch (error) {
      return this.#failed(handler, request, context, error);
    }
  }

  #dispatch(frame: Buffer, connection: ClientConnection): Answer {
    const { clock } = this.#options.services;
    const began = clock.monotonic();
    const header = decodeRequestHeader(frame);
    const { apiVersion } = header;
    const handler = this.#byKey.get(header.apiKey);
    if (handler === undefined || !serves(handler, apiVersion)) return this.#unsupported(header, connection);
    if (!handler.beforeFormed && !this.#options.isFormed()) {
      this.#options.log.debug({ api: handler.api.name, remote: connection.remote }, 'closing: the cluster is not formed yet');
      return 'close';
    }
    const request = decodeRequest(handler.api, apiVersion, frame, header.bodyOffset);
    connection.trusted = true;
    const answer = this.#answer(handler, request, frame, header, connection);
    const times = this.times.of(handler.api, apiVersion, askerOf(handler.api, request));
    const handed = clock.monotonic();
    times.local.observe(handed - began);
    const end = () => {
      const now = clock.monotonic();
      times.remote.observe(now - handed);
      times.total.observe(now - began);
    };
    if (answer instanceof Promise) answer.then(end, end);
    else end();
    return answer;
  }

  #answer(handler: Handler, request: RequestOf<Api>, frame: Buffer, header: RequestHeader, connection: ClientConnection): Answer {
    const { apiVersion } = header;
    const { intercept } = this.#options;
    if (intercept === undefined) return this.#serve(handler, request, frame, header, connection);
    const context = this.#context(apiVersion, header.clientId, connection.remote, connection);
    return intercept({
      api: handler.api,
      apiVersion,
      clientId: header.clientId,
      request,
      connection,
      serve: () => this.#serve(handler, request, frame, header, connection),
      carryOut: async (other) => this.#carryOut(handler, other, context),
      failed: (other, error) => failedResponse(handler, other, error, apiVersion),
      encode: (response) => this.#encode(handler, header, request, response),
    });
  }

  #serve(handler: Handler, request: RequestOf<Api>, frame: Buffer, header: RequestHeader, connection: ClientConnection): Answer {
    if (handler.place === 'controller' && this.#options.isFormed() && !this.#options.services.controller.isActive) {
      return this.#forward(handler, request, frame, header, connection);
    }
    const response = this.run(handler, request, this.#context(header.apiVersion, header.clientId, connection.remote, connection));
    if (!(response instanceof Promise)) return this.#encode(handler, header, request, response);
    return response.then((done) => this.#encode(handler, header, request, done));
  }

  #carryOut(handler: Handler, request: RequestOf<Api>, context: Context): Handled<Api> | Promise<Handled<Api>> {
    const { services } = this.#options;
    if (handler.place === 'controller' && !services.controller.isActive)
      return services.sendToController(handler.api, request as never) as Promise<Handled<Api>>;
    return this.run(handler, request, context);
  }

  /** A response that does not fit its version is a fault of this broker: the client gets an error, and the log says which field it was. */
  #encode(
    handler: Handler,
    { apiVersion, correlationId }: { apiVersion: number; correlationId: number },
    request: RequestOf<Api>,
    response: Handled<Api>,
  ): readonly Buffer[] | null | 'close' {
    if (response === null || response === 'close') return response;
    try {
      return encodeResponse(handler.api, apiVersion, correlationId, response);
    } catch (error) {
      this.#options.log.error({ api: handler.api.name, apiVersion, error: String(error) }, 'a response could not be encoded');
      const failed = failedResponse(handler, request, new KafkaError('UNKNOWN_SERVER_ERROR', undefined, { cause: error }), apiVersion);
      return failed === 'close' ? failed : encodeResponse(handler.api, apiVersion, correlationId, failed);
    }
  }

  async #forward(
    handler: Handler,
    request: RequestOf<Api>,
    frame: Buffer,
    header: RequestHeader,
    connection: ClientConnection,
  ): Promise<readonly Buffer[] | null | 'close'> {
    try {
      const answer = await this.#options.forward(frame, handler.api.name, connection.remote);
      const length = Buffer.alloc(4);
      length.writeInt32BE(answer.length);
      return [length, answer];
    } catch (error) {
      const context = this.#context(header.apiVersion, header.clientId, connection.remote, connection);
      return this.#encode(handler, header, request, this.#failed(handler, request, context, error));
    }
  }

  #unsupported(header: { apiKey: number; apiVersion: number; correlationId: number }, connection: ClientConnection): Answer {
    if (header.apiKey === apiVersions.key)
      return encodeResponse(apiVersions, 0, header.correlationId, unsupportedApiVersions(this.#byKey.get(header.apiKey)!));
    this.#options.log.warn(
      { remote: connection.remote, apiKey: header.apiKey, apiVersion: header.apiVersion },
      'closing a connection that asked for an API or version that is not advertised',
    );
    return 'close';
  }

  #failed<A extends Api>(handler: Handler<A>, request: RequestOf<A>, context: Context, thrown: unknown): Handled<A> {
    if (thrown instanceof AssertionError) {
      this.#options.log.error({ api: handler.api.name, error: thrown.message, stack: thrown.stack }, 'an invariant is broken');
      this.#options.onBroken?.(thrown);
      return 'close';
    }
    const error = thrown instanceof NetworkError ? lostAnswer(thrown) : asKafkaError(thrown);
    if (error.errorName === 'UNKNOWN_SERVER_ERROR') {
      this.#options.log.error({ api: handler.api.name, error: String(thrown), stack: (thrown as Error)?.stack }, 'a handler failed');
    }
    return failedResponse(handler, request, error, context.apiVersion);
  }

  #context(apiVersion: number, clientId: string | null, remote: Address | undefined, connection: ClientConnection | undefined): Context {
    return new RequestContext(this.#options.services, apiVersion, clientId, remote, connection);
  }
}

function failedResponse<A extends Api>(
  handler: Handler<A>,
  request: RequestOf<A>,
  error: KafkaError,
  apiVersion: number,
): ResponseInput<A> | 'close' {
  if (handler.failed !== undefined) return handler.failed(request, error, apiVersion);
  return { errorCode: error.errorName, errorMessage: error.message } as unknown as ResponseInput<A>;
}

/** Another broker was asked and its answer did not come: whether it acted is unknown, and Kafka's word for that is a timeout. */
function lostAnswer(error: NetworkError): KafkaError {
  return new KafkaError('REQUEST_TIMED_OUT', `the answer of the broker that was asked did not come: ${error.message}`, { cause: error });
}

/** Replicas say who they are in their fetches: since version 15 in a field of its own. */
function askerOf(api: Api, request: RequestOf<Api>): Asker {
  if (api.key !== fetch.key) return 'client';
  const { replicaId, replicaState } = request as FetchRequest;
  return Math.max(replicaId, replicaState.replicaId) >= 0 ? 'follower' : 'client';
}

function serves(handler: Handler, version: number): boolean {
  return version >= handler.versions.min && version <= handler.versions.max;
}

/** The services, and who asks. A class with getters: one small object per request, whatever the number of services. */
class RequestContext implements Context {
  readonly #services: Services;
  readonly apiVersion: number;
  readonly clientId: string | null;
  readonly remote: Address | undefined;
  readonly connection: ClientConnection | undefined;

  constructor(
    services: Services,
    apiVersion: number,
    clientId: string | null,
    remote: Address | undefined,
    connection: ClientConnection | undefined,
  ) {
    this.#services = services;
    this.apiVersion = apiVersion;
    this.clientId = clientId;
    this.remote = remote;
    this.connection = connection;
  }

  get local() {
    return this.connection?.local;
  }
  get nodeId() {
    return this.#services.nodeId;
  }
  get clusterId() {
    return this.#services.clusterId;
  }
  get image() {
    return this.#services.image;
  }
  get configs() {
    return this.#services.configs;
  }
  get partitions() {
    return this.#services.partitions;
  }
  get logDirectory() {
    return this.#services.logDirectory;
  }
  get controller() {
    return this.#services.controller;
  }
  get raft() {
    return this.#services.raft;
  }
  get coordinators() {
    return this.#services.coordinators;
  }
  get groups() {
    return this.#services.groups;
  }
  get producerIds() {
    return this.#services.producerIds;
  }
  get fetchSessions() {
    return this.#services.fetchSessions;
  }
  get vanishedBrokers() {
    return this.#services.vanishedBrokers;
  }
  get transactionVerifier() {
    return this.#services.transactionVerifier;
  }
  get transactions() {
    return this.#services.transactions;
  }
  get underWay() {
    return this.#services.underWay;
  }
  get clock() {
    return this.#services.clock;
  }
  get random() {
    return this.#services.random;
  }
  get log() {
    return this.#services.log;
  }
  get controllerId() {
    return this.#services.controllerId;
  }
  sendToController<A extends Api>(api: A, request: RequestInput<A>) {
    return this.#services.sendToController(api, request);
  }
  freeBytes() {
    return this.#services.freeBytes();
  }
  addressOf(brokerId: number) {
    return this.#services.addressOf(brokerId, this.local);
  }
  noteClientSoftware(name: string, version: string): void {
    if (this.connection !== undefined) this.connection.clientSoftware = { name, version };
  }
  may(): boolean {
    return true;
  }
}
