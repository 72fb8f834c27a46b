import { type Address, type Clock, NetworkError } from '#platform';
import { type Api, KafkaError, type RequestInput, type ResponseOf } from '#protocol';
import { type MetadataResponse, metadata } from '#protocol/apis/metadata.ts';
import type { BrokerClient } from '#transport';
import type { Cluster, SendOptions } from './cluster.ts';

export interface RemoteClusterOptions {
  readonly client: BrokerClient;
  readonly clock: Clock;
  /** Asked until brokers are known, and when those do not answer. */
  readonly bootstrap: readonly Address[];
  readonly patienceMs: number;
}

/** What all brokers can answer is asked of the next one when the first takes longer. */
const anyoneTimeoutMs = 3_000;

/** A cluster that is reached over the network, whoever made it. */
export class RemoteCluster implements Cluster {
  readonly clock: Clock;
  readonly patienceMs: number;
  readonly #client: BrokerClient;
  readonly #bootstrap: readonly Address[];
  #brokers: ReadonlyMap<number, Address> = new Map();
  /** Who answered last is asked first. */
  #answers: Address | undefined;
  /** Those that did not are asked last. */
  readonly #silent = new Set<string>();

  constructor({ client, clock, bootstrap, patienceMs }: RemoteClusterOptions) {
    this.clock = clock;
    this.patienceMs = patienceMs;
    this.#client = client;
    this.#bootstrap = bootstrap;
  }

  /** The address of a broker, as the last metadata named it. */
  addressOf(broker: number): Address | undefined {
    return this.#brokers.get(broker);
  }

  async send<A extends Api>(to: number | 'anyone', api: A, request: RequestInput<A>, options: SendOptions = {}): Promise<ResponseOf<A>> {
    if (to === 'anyone') return this.#anyone(api, request, options);
    if (!this.#brokers.has(to)) await this.#anyone(metadata, { topics: [], allowAutoTopicCreation: false }, {});
    const address = this.#brokers.get(to);
    if (address === undefined) throw new KafkaError('BROKER_NOT_AVAILABLE', `broker ${to} is not known`);
    return this.#client.send(address, api, request, { timeoutMs: this.patienceMs, ...options });
  }

  async #anyone<A extends Api>(api: A, request: RequestInput<A>, options: SendOptions): Promise<ResponseOf<A>> {
    const failures: string[] = [];
    for (const address of this.#inOrder()) {
      try {
        const response = await this.#client.send(address, api, request, { timeoutMs: anyoneTimeoutMs, ...options });
        this.#answers = address;
        this.#silent.delete(nameOf(address));
        if (api.key === metadata.key) this.#learn(response as MetadataResponse);
        return response;
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        this.#silent.add(nameOf(address));
        failures.push(noAnswer(address, error));
      }
    }
    throw new NetworkError('ECONNREFUSED', failures.join('; '));
  }

  #inOrder(): Address[] {
    const all = [...(this.#answers === undefined ? [] : [this.#answers]), ...this.#bootstrap, ...this.#brokers.values()];
    const distinct = [...new Map(all.map((address) => [nameOf(address), address])).values()];
    const isSilent = (address: Address) => this.#silent.has(nameOf(address));
    return [...distinct.filter((address) => !isSilent(address)), ...distinct.filter(isSilent)];
  }

  /** A broker that has no controller knows nobody; then what was known before is better. */
  #learn({ brokers }: MetadataResponse): void {
    if (brokers.length > 0) this.#brokers = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
  }
}

/** Who does not answer, and why. That it is a request to this address that was not sent need not be said again. */
export function noAnswer(address: Address, { message }: NetworkError): string {
  const why = message
    .replace(/^(?:\w+ to \S+ was )?not sent: /, '')
    .replace(/^\S+ is left alone for \d+ ms after it failed \((.*)\)$/, '$1')
    .replace(/^connecting to \S+: /, '');
  return `${nameOf(address)} does not answer: ${why}`;
}

function nameOf({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
