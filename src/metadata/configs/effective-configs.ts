import type { LogConfig } from '#storage';
import { type MetadataImage, replicationFactorOf } from '../image/image.ts';
import { brokerConfigs } from './broker-configs.ts';
import { computedBrokerDefault, defaultMinInsyncReplicas, defaultReplicationFactor } from './computed-defaults.ts';
import type { ConfigDefinition, ConfigType, Synonym } from './definition.ts';
import { groupConfigs } from './group-configs.ts';
import { readConfigValue } from './parse.ts';
import { topicConfigs } from './topic-configs.ts';

/** Where a value comes from, the strongest first. */
export type ConfigSource = 'topic' | 'group' | 'dynamic-broker' | 'dynamic-default-broker' | 'static' | 'default';

/** Kafka's numbers for them in a DescribeConfigs answer. */
export const configSourceCodes: Readonly<Record<ConfigSource, number>> = {
  topic: 1,
  'dynamic-broker': 2,
  'dynamic-default-broker': 3,
  static: 4,
  default: 5,
  group: 8,
};

/** A value and where it was found. `name` may be that of a broker config which a topic config falls back to. */
export interface FoundConfig {
  readonly name: string;
  readonly value: string | null;
  readonly source: ConfigSource;
}

/** All that DescribeConfigs says of one config. */
export interface DescribedConfig extends FoundConfig {
  readonly type: ConfigType;
  readonly readOnly: boolean;
  /** Its value is never shown. */
  readonly sensitive: boolean;
  readonly doc: string;
  /** Every place that gives a value, the one that counts first. */
  readonly synonyms: readonly FoundConfig[];
}

export interface EffectiveConfigsOptions {
  readonly nodeId: number;
  /** What the broker was started with. */
  readonly properties?: ReadonlyMap<string, string>;
}

/**
 * The configuration in force: what was set for the resource, else for this broker, else for all brokers, else at the start, else
 * the default. Everything takes the image whose settings count, so that an answer is all of one moment.
 */
export class EffectiveConfigs {
  readonly nodeId: number;
  readonly #properties: ReadonlyMap<string, string>;

  constructor(options: EffectiveConfigsOptions) {
    this.nodeId = options.nodeId;
    this.#properties = options.properties ?? new Map();
  }

  /** The value of a broker config on this broker; null where it has none. Unknown names are null unless they were given at the start. */
  broker(image: MetadataImage, name: string): string | null {
    return this.#brokerPlaces(image, name, String(this.nodeId))[0]?.value ?? null;
  }

  /** The same as a number. */
  brokerNumber(image: MetadataImage, name: string): number {
    return numberOf(brokerConfigs.get(name), this.broker(image, name));
  }

  /** The value of a topic config, for a topic that need not exist: then as it would be when created without configs. */
  topic(image: MetadataImage, topic: string, name: string): string {
    const definition = topicConfigs.get(name);
    if (definition === undefined) throw new Error(`there is no topic config ${name}`);
    const own = image.configs.of('topic', topic).get(name);
    return own ?? this.#topicPlaces(image, definition, topic)[0]!.value ?? '';
  }

  /** The same as a number. Values beyond the exact range of numbers become the nearest one. */
  topicNumber(image: MetadataImage, topic: string, name: string): number {
    return numberOf(topicConfigs.get(name), this.topic(image, topic, name));
  }

  /**
   * How many replicas of a partition must be in sync before anything is committed: what is set for the topic, else for the whole cluster, else
   * 2 where there are three replicas or more and 1 where there are fewer; never more than the partition has replicas, of which those of
   * one topic may have different numbers. Leader and controller have to agree on it (P4, P8), so that what single brokers were started with has no say.
   */
  minInsyncReplicas(image: MetadataImage, topic: string, partition: number): number {
    const known = image.topics.byName(topic)?.partitions[partition];
    return this.minInsyncReplicasWith(image, topic, known === undefined ? defaultReplicationFactor(image) : replicationFactorOf(known));
  }

  /** The same for a partition that is to have so many replicas. */
  minInsyncReplicasWith(image: MetadataImage, topic: string, replicationFactor: number): number {
    const name = 'min.insync.replicas';
    const text = image.configs.of('topic', topic).get(name) ?? image.configs.of('broker', '').get(name);
    const wanted = text === undefined ? defaultMinInsyncReplicas(replicationFactor) : numberOf(topicConfigs.get(name), text);
    return Math.min(wanted, replicationFactor);
  }

  /** What this broker was started with, if it was. */
  startProperty(name: string): string | undefined {
    return this.#properties.get(name);
  }

  /** How the log of a partition of the topic behaves. */
  logConfig(image: MetadataImage, topic: string): LogConfig {
    const text = (name: string) => this.topic(image, topic, name).trim();
    const number = (name: string) => this.topicNumber(image, topic, name);
    const compressionType = text('compression.type') as LogConfig['compressionType'];
    return {
      segmentBytes: number('segment.bytes'),
      segmentMs: number('segment.ms'),
      segmentJitterMs: number('segment.jitter.ms'),
      segmentIndexBytes: number('segment.index.bytes'),
      indexIntervalBytes: number('index.interval.bytes'),
      retentionMs: number('retention.ms'),
      retentionBytes: number('retention.bytes'),
      cleanupPolicy: listOf(text('cleanup.policy')) as LogConfig['cleanupPolicy'],
      deleteRetentionMs: number('delete.retention.ms'),
      minCompactionLagMs: number('min.compaction.lag.ms'),
      maxCompactionLagMs: number('max.compaction.lag.ms'),
      minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
      maxMessageBytes: number('max.message.bytes'),
      messageTimestampType: text('message.timestamp.type') as LogConfig['messageTimestampType'],
      messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
      messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms'),
      compressionType,
      compressionLevel:
        compressionType === 'gzip' || compressionType === 'zstd'
          ? levelOf(number(`compression.${compressionType}.level`), compressionType)
          : undefined,
      fileDeleteDelayMs: number('file.delete.delay.ms'),
      producerIdExpirationMs: this.brokerNumber(image, 'producer.id.expiration.ms'),
      flush: text('flush.mode') as LogConfig['flush'],
    };
  }

  /** Every topic config, as DescribeConfigs tells it. */
  describeTopic(image: MetadataImage, topic: string): DescribedConfig[] {
    const own = image.configs.of('topic', topic);
    return sorted(topicConfigs).map((definition) => {
      const value = own.get(definition.name);
      const places = this.#topicPlaces(image, definition, topic);
      const synonyms = value === undefined ? places : [{ name: definition.name, value, source: 'topic' as const }, ...places];
      return described(definition, synonyms, false);
    });
  }

  /** Every group config, likewise. */
  describeGroup(image: MetadataImage, group: string): DescribedConfig[] {
    const own = image.configs.of('group', group);
    return sorted(groupConfigs).map((definition) => {
      const value = own.get(definition.name);
      const fallback = { name: definition.name, value: definition.default, source: 'default' as const };
      return described(definition, value === undefined ? [fallback] : [{ name: definition.name, value, source: 'group' }, fallback], false);
    });
  }

  /**
   * Every broker config of this broker, likewise; and what is unknown but was given at the start. For the name '', the default of all
   * brokers, only what was set for it.
   */
  describeBroker(image: MetadataImage, name: string): DescribedConfig[] {
    if (name === '') {
      return sorted(brokerConfigs)
        .filter((definition) => image.configs.of('broker', '').has(definition.name))
        .map((definition) => {
          const found = {
            name: definition.name,
            value: image.configs.of('broker', '').get(definition.name)!,
            source: 'dynamic-default-broker' as const,
          };
          return described(definition, [found], false);
        });
    }
    return sorted(brokerConfigs).map((definition) =>
      described(definition, this.#brokerPlaces(image, definition.name, name), !definition.dynamic),
    );
  }

  /** Every place that gives a topic config a value when the topic itself does not, the strongest first; at least the default. */
  #topicPlaces(image: MetadataImage, definition: ConfigDefinition, topic: string): FoundConfig[] {
    if (definition.name === 'min.insync.replicas') return this.#minInsyncPlaces(image, definition.name, topic);
    const found = definition.synonyms.flatMap((synonym) => this.#synonymPlaces(image, synonym, definition));
    const set = found.filter(({ source }) => source !== 'default');
    const [strongestDefault] = found.filter(({ source, value }) => source === 'default' && value !== null);
    return [...set, strongestDefault ?? { name: definition.name, value: definition.default, source: 'default' }];
  }

  /** Like {@link minInsyncReplicas}, without the bound that the number of replicas sets. */
  #minInsyncPlaces(image: MetadataImage, name: string, topic: string): FoundConfig[] {
    const [first] = image.topics.byName(topic)?.partitions ?? [];
    const value = String(defaultMinInsyncReplicas(first === undefined ? defaultReplicationFactor(image) : replicationFactorOf(first)));
    const ofCluster = image.configs.of('broker', '').get(name);
    const set: FoundConfig[] = ofCluster === undefined ? [] : [{ name, value: ofCluster, source: 'dynamic-default-broker' }];
    return [...set, { name, value, source: 'default' }];
  }

  #synonymPlaces(image: MetadataImage, synonym: Synonym, definition: ConfigDefinition): FoundConfig[] {
    return this.#brokerPlaces(image, synonym.broker, String(this.nodeId)).map((place) => ({
      ...place,
      value: inUnitsOf(definition, place.value, synonym.factor),
    }));
  }

  #brokerPlaces(image: MetadataImage, name: string, brokerId: string): FoundConfig[] {
    const places: FoundConfig[] = [];
    const add = (value: string | null | undefined, source: ConfigSource) => {
      if (value !== undefined && value !== null) places.push({ name, value, source });
    };
    add(image.configs.of('broker', brokerId).get(name), 'dynamic-broker');
    add(image.configs.of('broker', '').get(name), 'dynamic-default-broker');
    if (brokerId === String(this.nodeId)) add(this.#properties.get(name), 'static');
    add(computedBrokerDefault(image, name) ?? brokerConfigs.get(name)?.default, 'default');
    return places;
  }
}

function described(definition: ConfigDefinition, synonyms: readonly FoundConfig[], readOnly: boolean): DescribedConfig {
  const sensitive = definition.type === 'password';
  const shown = sensitive ? synonyms.map((synonym) => ({ ...synonym, value: null })) : synonyms;
  const [first] = shown;
  return {
    name: definition.name,
    value: first?.value ?? null,
    source: first?.source ?? 'default',
    type: definition.type,
    readOnly,
    sensitive,
    doc: definition.doc,
    synonyms: shown,
  };
}

function sorted(table: ReadonlyMap<string, ConfigDefinition>): ConfigDefinition[] {
  return [...table.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Hours or minutes in milliseconds, without passing the largest value; -1 stays. */
function inUnitsOf(definition: ConfigDefinition, value: string | null, factor: number): string | null {
  if (value === null || factor === 1) return value;
  const whole = readConfigValue(definition.type, value);
  return typeof whole !== 'bigint' ? value : whole < 0n ? '-1' : String(whole * BigInt(factor));
}

function numberOf(definition: ConfigDefinition | undefined, text: string | null): number {
  const value = definition === undefined || text === null ? undefined : readConfigValue(definition.type, text);
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new Error(`${definition?.name}=${text} is not a number`);
  const number = Number(value);
  return Math.min(Math.max(number, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

function listOf(text: string): readonly string[] {
  return readConfigValue('list', text) as readonly string[];
}

function levelOf(level: number, codec: 'gzip' | 'zstd'): number | undefined {
  return codec === 'gzip' && level === -1 ? undefined : level;
}
