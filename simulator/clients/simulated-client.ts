import type { SimulatedWorld } from '#platform';
import { type Address, type Clock, NetworkError, type Platform, type Random, sleep } from '#platform';
import { type Api, KafkaError, type RequestInput, type ResponseOf } from '#protocol';
import { metadata } from '#protocol/apis/metadata.ts';
import { BrokerClient } from '#transport';

const requestTimeoutMs = 4000;

export interface KnownPartition {
  /** Where its leader listens; undefined while there is none. */
  readonly leader: Address | undefined;
  readonly leaderEpoch: number;
  /** Where its replicas listen, as far as they are up. */
  readonly replicas: readonly Address[];
}

export interface KnownTopic {
  readonly topicId: string;
  readonly partitions: readonly KnownPartition[];
}

/** A client on a host of its own: asks brokers, finds leaders, tries again. */
export class SimulatedClient {
  readonly name: string;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly random: Random;
  readonly #client: BrokerClient;
  readonly #bootstrap: readonly Address[];
  readonly #leaderEpochs = new Map<string, number>();
  #stopped = false;

  constructor(world: SimulatedWorld, name: string, bootstrap: readonly Address[]) {
    this.platform = world.node(name).platform;
    const { clock, random, network, log } = this.platform;
    this.name = name;
    this.clock = clock;
    this.random = random.fork('workload');
    this.#client = new BrokerClient({ network, clock, log, random: random.fork('client'), clientId: name });
    this.#bootstrap = bootstrap;
  }

  /** The workload is over; loops look at this between two requests. */
  get stopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
  }

  anyBroker(): Address {
    return this.anyOf(this.#bootstrap);
  }

  anyOf<T>(list: readonly T[]): T {
    return list[this.random.below(list.length)]!;
  }

  /** One request, one try. Undefined: no answer, the outcome is unknown. */
  async ask<A extends Api>(
    to: Address,
    api: A,
    request: RequestInput<A>,
    options: { channel?: string; timeoutMs?: number; maxVersion?: number } = {},
  ): Promise<ResponseOf<A> | undefined> {
    try {
      return await this.#client.send(to, api, request, { timeoutMs: requestTimeoutMs, ...options });
    } catch (error) {
      // All brokers here know the same versions: a request that fits none is a mistake of the client.
      const isMistake = error instanceof KafkaError && error.errorName === 'UNSUPPORTED_VERSION';
      if (error instanceof NetworkError || (error instanceof KafkaError && !isMistake)) return undefined;
      throw error;
    }
  }

  /** Where a topic lives now, as some broker sees it; undefined when it is not known there. */
  async find(topic: string, asked = this.anyBroker()): Promise<KnownTopic | undefined> {
    const response = await this.ask(asked, metadata, { topics: [{ name: topic }], allowAutoTopicCreation: false });
    const found = response?.topics[0];
    if (response === undefined || found === undefined || found.errorCode !== 'NONE') return undefined;
    const addresses = new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    const partitions: KnownPartition[] = [];
    for (const { partitionIndex, leaderId, leaderEpoch, replicaNodes } of found.partitions) {
      const replicas = replicaNodes.flatMap((id) => addresses.get(id) ?? []);
      // As Kafka's clients: what is older than what it has been told before says nothing of where the leader is.
      const leader = this.#isNews(found.topicId, partitionIndex, leaderEpoch) ? addresses.get(leaderId) : undefined;
      partitions[partitionIndex] = { leader, leaderEpoch, replicas };
    }
    return { topicId: found.topicId, partitions };
  }

  #isNews(topicId: string, partition: number, leaderEpoch: number): boolean {
    const key = `${topicId}/${partition}`;
    if (leaderEpoch < (this.#leaderEpochs.get(key) ?? -1)) return false;
    this.#leaderEpochs.set(key, leaderEpoch);
    return true;
  }

  pause(): Promise<void> {
    return sleep(this.clock, 20 + this.random.below(200));
  }
}
