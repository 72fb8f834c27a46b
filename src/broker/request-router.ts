import type { MetadataImage } from '#metadata';
import { type Address, NetworkError } from '#platform';
import { type Api, asKafkaError, KafkaError, type RequestInput, type ResponseOf, withDefaults } from '#protocol';
import type { BrokerClient } from '#transport';
import type { ClusterHealth } from './cluster-health.ts';
import type { ControllerChannel } from './controller-channel.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Telemetry } from './telemetry.ts';

const defaultTimeoutMs = 30_000;

/** Where a request is to run: on this broker, on the active controller, or on the broker with this id. */
export type Target = 'local' | 'controller' | number;

export interface SendOptions {
  readonly timeoutMs?: number | undefined;
  readonly findTimeoutMs?: number | undefined;
}

/** What HTTP sees of a broker: the same requests, carried out by the same handlers, here or on another broker. */
export interface RequestRouter {
  readonly nodeId: number;
  readonly clusterId: string | undefined;
  readonly image: MetadataImage;
  /**
   * Carries a request out, at most once.
   * @param options.findTimeoutMs how long to look for the controller, while there is none
   * @throws KafkaError when it was certainly not carried out; NetworkError when that is not known
   */
  send<A extends Api>(api: A, request: RequestInput<A>, to?: Target, options?: SendOptions): Promise<ResponseOf<A>>;
  /**
   * Where clients are told to find a broker.
   * @param local which of our addresses the client dialled
   */
  addressOf(brokerId: number, local?: Address): Address | undefined;
  /** Whether requests will succeed, and if not, why, in a sentence. */
  readiness(): { ready: boolean; why: string };
  /** Waits for {@link readiness}, at most so long. */
  whenReady(timeoutMs: number): Promise<boolean>;
  /** Whether this broker has heard from the controller so lately that nobody can have taken over its leaderships unseen. */
  readonly isInTouch: boolean;
  /** Whether there is a controller, as far as this broker knows. */
  readonly hasController: boolean;
  /** What of the cluster is missing. */
  health(): ClusterHealth;
  /** How many replicas of a partition must be in sync before anything is written to it with acks=all. */
  minInsyncReplicas(topic: string, partition: number): number;
  /** The broker in this process, for those who watch it; undefined where there is none. */
  readonly telemetry?: Telemetry | undefined;
}

export interface LocalRouterOptions {
  readonly nodeId: number;
  readonly clusterId: () => string | undefined;
  readonly image: () => MetadataImage;
  readonly dispatcher: Dispatcher;
  readonly client: BrokerClient;
  readonly channel: ControllerChannel;
  readonly isController: () => boolean;
  readonly addressOf: (brokerId: number, local?: Address) => Address | undefined;
  readonly readiness: () => { ready: boolean; why: string };
  readonly whenReady: (timeoutMs: number) => Promise<boolean>;
  readonly isInTouch: () => boolean;
  readonly hasController: () => boolean;
  readonly health: () => ClusterHealth;
  readonly minInsyncReplicas: (topic: string, partition: number) => number;
  readonly telemetry?: Telemetry;
}

/** The router of a process that has a broker in it. */
export class LocalRouter implements RequestRouter {
  readonly #options: LocalRouterOptions;

  constructor(options: LocalRouterOptions) {
    this.#options = options;
  }

  get nodeId(): number {
    return this.#options.nodeId;
  }

  get clusterId(): string | undefined {
    return this.#options.clusterId();
  }

  get image(): MetadataImage {
    return this.#options.image();
  }

  get telemetry(): Telemetry | undefined {
    return this.#options.telemetry;
  }

  get isInTouch(): boolean {
    return this.#options.isInTouch();
  }

  get hasController(): boolean {
    return this.#options.hasController();
  }

  addressOf(brokerId: number, local?: Address): Address | undefined {
    return this.#options.addressOf(brokerId, local);
  }

  readiness(): { ready: boolean; why: string } {
    return this.#options.readiness();
  }

  whenReady(timeoutMs: number): Promise<boolean> {
    return this.#options.whenReady(timeoutMs);
  }

  health(): ClusterHealth {
    return this.#options.health();
  }

  minInsyncReplicas(topic: string, partition: number): number {
    return this.#options.minInsyncReplicas(topic, partition);
  }

  async send<A extends Api>(api: A, request: RequestInput<A>, to: Target = 'local', options: SendOptions = {}): Promise<ResponseOf<A>> {
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    const here = to === 'local' || to === this.#options.nodeId || (to === 'controller' && this.#options.isController());
    if (here) return this.#here(api, request);
    if (to === 'controller') {
      return this.#options.channel.send(api, request, {
        timeoutMs,
        findTimeoutMs: options.findTimeoutMs,
        channel: 'http-admin',
        refusal: (response) => topLevelError(response as object),
      });
    }
    const address = this.#options.addressOf(to);
    if (address === undefined) throw new KafkaError('BROKER_NOT_AVAILABLE', `broker ${to} is not known`);
    return this.#options.client.send(address, api, request, { channel: `http-${api.name}`, timeoutMs });
  }

  async #here<A extends Api>(api: A, request: RequestInput<A>): Promise<ResponseOf<A>> {
    try {
      const response = await this.#options.dispatcher.dispatchLocal(api, withDefaults(api.request, request) as never);
      return withDefaults(api.response, response) as ResponseOf<A>;
    } catch (error) {
      throw error instanceof NetworkError ? error : asKafkaError(error);
    }
  }
}

/** Admin answers have an error per topic; only those that carry one for the whole can say "not the controller". */
function topLevelError(response: object): KafkaError['errorName'] {
  return 'errorCode' in response ? (response.errorCode as KafkaError['errorName']) : firstItemError(response);
}

/** An answer in which every item says NOT_CONTROLLER comes from a broker that carried out nothing. */
function firstItemError(response: object): KafkaError['errorName'] {
  for (const items of Object.values(response)) {
    if (Array.isArray(items) && items.length > 0 && items.every((item) => item?.errorCode === 'NOT_CONTROLLER')) return 'NOT_CONTROLLER';
  }
  return 'NONE';
}
