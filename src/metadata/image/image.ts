import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { PersistentMap } from './persistent-map.ts';

export interface PartitionImage {
  readonly partition: number;
  /** In the order of preference: the first is the preferred leader. */
  readonly replicas: readonly number[];
  /** The id of the data directory of each replica, in the same order. */
  readonly directories: readonly string[];
  readonly isr: readonly number[];
  /** Eligible leaders outside the ISR (KIP-966). */
  readonly elr: readonly number[];
  readonly lastKnownElr: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
  /** -1 while nobody leads. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  /** 0 recovered, 1 recovering after an unclean election. */
  readonly leaderRecoveryState: number;
}

/** How many replicas the partition is meant to have. One that is on the move counts without those that are still being added. */
export function replicationFactorOf({ replicas, addingReplicas }: Pick<PartitionImage, 'replicas' | 'addingReplicas'>): number {
  return replicas.length - addingReplicas.length;
}

export interface TopicImage {
  readonly name: string;
  readonly id: string;
  /** By partition number, without gaps. */
  readonly partitions: readonly PartitionImage[];
}

export interface EndpointImage {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly securityProtocol: number;
}

export interface FeatureRange {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

export interface BrokerImage {
  readonly id: number;
  /** Numbers the registrations; a later one is higher. */
  readonly epoch: bigint;
  /** Of the process that registered: another one each time a broker starts. */
  readonly incarnationId: string;
  readonly endpoints: readonly EndpointImage[];
  readonly features: readonly FeatureRange[];
  readonly rack: string | null;
  /** A fenced broker leads nothing and is not shown to clients as alive. */
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  readonly isMigratingZkBroker: boolean;
  /** The ids of its data directories that work. */
  readonly directories: readonly string[];
  /** Those that take no more replicas; null where the broker has not said. */
  readonly cordonedDirectories: readonly string[] | null;
}

export type ConfigResource = 'topic' | 'broker' | 'group' | 'client-metrics';

/** Kafka's numbers of the kinds of resources that have configs. */
export const configResourceCodes: Readonly<Record<ConfigResource, number>> = { topic: 2, broker: 4, 'client-metrics': 16, group: 32 };

/** The name of a number from the wire, or undefined for a kind without configs. */
export function configResourceOf(code: number): ConfigResource | undefined {
  return (Object.keys(configResourceCodes) as ConfigResource[]).find((resource) => configResourceCodes[resource] === code);
}

export interface TopicsImage {
  readonly size: number;
  byName(name: string): TopicImage | undefined;
  byId(id: string): TopicImage | undefined;
  /** Sorted by name. */
  all(): readonly TopicImage[];
}

export interface BrokersImage {
  get(id: number): BrokerImage | undefined;
  /** Sorted by id. */
  all(): readonly BrokerImage[];
}

export interface ConfigsImage {
  /** What was set for the resource, by key; the name '' of a broker stands for the default of all brokers. */
  of(resource: ConfigResource, name: string): ReadonlyMap<string, string>;
  /** The resources for which something is set. Sorted. */
  names(resource: ConfigResource): readonly string[];
}

/** What the metadata log says about the cluster, up to one offset. Never changes: the next batch makes another image. */
export interface MetadataImage {
  /** The last offset that is contained; -1 before the first. */
  readonly offset: bigint;
  /** The leader epoch of that offset. */
  readonly leaderEpoch: number;
  /** When the batch with that offset was appended, in milliseconds since 1970. */
  readonly timestamp: number;
  readonly topics: TopicsImage;
  readonly brokers: BrokersImage;
  readonly configs: ConfigsImage;
  /** The finalized level of each feature, sorted by name. */
  readonly features: ReadonlyMap<string, number>;
  /** The first producer id that no block contains yet. */
  readonly nextProducerId: bigint;
  /** Records that this version keeps without acting on them (ACLs, quotas, credentials, tokens, controllers), by a key of what they are about. */
  readonly kept: PersistentMap<string, MetadataRecord>;
}

const noConfigs: ReadonlyMap<string, string> = new Map();

export class Topics implements TopicsImage {
  static readonly empty = new Topics(PersistentMap.empty(), PersistentMap.empty());
  readonly #byName: PersistentMap<string, TopicImage>;
  readonly #byId: PersistentMap<string, TopicImage>;

  private constructor(byName: PersistentMap<string, TopicImage>, byId: PersistentMap<string, TopicImage>) {
    this.#byName = byName;
    this.#byId = byId;
  }

  get size(): number {
    return this.#byId.size;
  }

  byName(name: string): TopicImage | undefined {
    return this.#byName.get(name);
  }

  byId(id: string): TopicImage | undefined {
    return this.#byId.get(id);
  }

  all(): readonly TopicImage[] {
    return this.#byName.values();
  }

  with(topic: TopicImage): Topics {
    return new Topics(this.#byName.set(topic.name, topic), this.#byId.set(topic.id, topic));
  }

  without(topic: TopicImage): Topics {
    const named = this.#byName.get(topic.name);
    return new Topics(named?.id === topic.id ? this.#byName.delete(topic.name) : this.#byName, this.#byId.delete(topic.id));
  }
}

export class Brokers implements BrokersImage {
  static readonly empty = new Brokers(PersistentMap.empty());
  readonly #byId: PersistentMap<number, BrokerImage>;

  private constructor(byId: PersistentMap<number, BrokerImage>) {
    this.#byId = byId;
  }

  get(id: number): BrokerImage | undefined {
    return this.#byId.get(id);
  }

  all(): readonly BrokerImage[] {
    return this.#byId.values();
  }

  with(broker: BrokerImage): Brokers {
    return new Brokers(this.#byId.set(broker.id, broker));
  }

  without(id: number): Brokers {
    return new Brokers(this.#byId.delete(id));
  }
}

export class Configs implements ConfigsImage {
  static readonly empty = new Configs(new Map());
  readonly #byResource: ReadonlyMap<ConfigResource, PersistentMap<string, ReadonlyMap<string, string>>>;

  private constructor(byResource: ReadonlyMap<ConfigResource, PersistentMap<string, ReadonlyMap<string, string>>>) {
    this.#byResource = byResource;
  }

  of(resource: ConfigResource, name: string): ReadonlyMap<string, string> {
    return this.#byResource.get(resource)?.get(name) ?? noConfigs;
  }

  names(resource: ConfigResource): readonly string[] {
    return this.#byResource.get(resource)?.keys() ?? [];
  }

  /** With all that is set for the resource replaced; an empty map removes it. */
  with(resource: ConfigResource, name: string, values: ReadonlyMap<string, string>): Configs {
    const old = this.#byResource.get(resource) ?? PersistentMap.empty<string, ReadonlyMap<string, string>>();
    return new Configs(new Map(this.#byResource).set(resource, values.size === 0 ? old.delete(name) : old.set(name, values)));
  }
}

/** The image before the first record. */
export const emptyImage: MetadataImage = {
  offset: -1n,
  leaderEpoch: 0,
  timestamp: 0,
  topics: Topics.empty,
  brokers: Brokers.empty,
  configs: Configs.empty,
  features: new Map(),
  nextProducerId: 0n,
  kept: PersistentMap.empty(),
};
