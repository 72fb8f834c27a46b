import type { BrokerImage, ConfigResource, MetadataImage, PartitionImage, TopicImage } from './image.ts';

export interface PartitionChange {
  readonly topic: TopicImage;
  readonly partition: PartitionImage;
  /** Undefined when the partition was made. */
  readonly before: PartitionImage | undefined;
}

export interface BrokerChange {
  readonly id: number;
  readonly before: BrokerImage | undefined;
  readonly after: BrokerImage | undefined;
}

export interface ConfigChange {
  readonly resource: ConfigResource;
  readonly name: string;
}

/** What differs between two images that follow each other. A topic that was deleted and made again under its name is in both lists, with its two ids. */
export interface MetadataDelta {
  readonly topics: {
    readonly created: readonly TopicImage[];
    readonly deleted: readonly TopicImage[];
    /** The partitions of created topics among them. By topic name, then partition. */
    readonly changedPartitions: readonly PartitionChange[];
  };
  readonly brokers: readonly BrokerChange[];
  readonly configs: readonly ConfigChange[];
  readonly featuresChanged: boolean;
}

/** What may differ: nothing else is compared. */
export interface Touched {
  readonly topicIds: ReadonlySet<string>;
  readonly brokerIds: ReadonlySet<number>;
  /** Keys made by {@link configKey}. */
  readonly configs: ReadonlyMap<string, ConfigChange>;
}

export function configKey(resource: ConfigResource, name: string): string {
  return `${resource} ${name}`;
}

/** Everything in either image. */
export function touchedByEither(a: MetadataImage, b: MetadataImage): Touched {
  const configs = new Map<string, ConfigChange>();
  for (const image of [a, b]) {
    for (const resource of ['topic', 'broker', 'group', 'client-metrics'] as const) {
      for (const name of image.configs.names(resource)) configs.set(configKey(resource, name), { resource, name });
    }
  }
  return {
    topicIds: new Set([a, b].flatMap((image) => image.topics.all().map((topic) => topic.id))),
    brokerIds: new Set([a, b].flatMap((image) => image.brokers.all().map((broker) => broker.id))),
    configs,
  };
}

/** The difference between two images, as far as `touched` reaches. */
export function compareImages(before: MetadataImage, after: MetadataImage, touched: Touched): MetadataDelta {
  const created: TopicImage[] = [];
  const deleted: TopicImage[] = [];
  const changedPartitions: PartitionChange[] = [];
  for (const { old, topic } of topicPairs(before, after, touched.topicIds)) {
    if (topic === undefined) {
      if (old !== undefined) deleted.push(old);
      continue;
    }
    if (old === undefined) created.push(topic);
    for (const partition of topic.partitions) {
      const previous = old?.partitions[partition.partition];
      if (previous === undefined || !samePartition(previous, partition)) changedPartitions.push({ topic, partition, before: previous });
    }
  }
  return {
    topics: { created, deleted, changedPartitions },
    brokers: changedBrokers(before, after, touched.brokerIds),
    configs: [...touched.configs.values()]
      .filter(({ resource, name }) => !sameConfigs(before.configs.of(resource, name), after.configs.of(resource, name)))
      .sort((a, b) => compareText(configKey(a.resource, a.name), configKey(b.resource, b.name))),
    featuresChanged: !sameConfigs(before.features, after.features),
  };
}

function topicPairs(before: MetadataImage, after: MetadataImage, ids: ReadonlySet<string>) {
  return [...ids]
    .map((id) => ({ id, old: before.topics.byId(id), topic: after.topics.byId(id) }))
    .map((pair) => ({ ...pair, name: (pair.topic ?? pair.old)?.name ?? '' }))
    .sort((a, b) => compareText(a.name, b.name) || compareText(a.id, b.id));
}

function changedBrokers(before: MetadataImage, after: MetadataImage, ids: ReadonlySet<number>): BrokerChange[] {
  const changes: BrokerChange[] = [];
  for (const id of [...ids].sort((a, b) => a - b)) {
    const change = { id, before: before.brokers.get(id), after: after.brokers.get(id) };
    if (change.before !== change.after && JSON.stringify(change.before, plain) !== JSON.stringify(change.after, plain))
      changes.push(change);
  }
  return changes;
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function samePartition(a: PartitionImage, b: PartitionImage): boolean {
  return (
    a === b ||
    (a.leader === b.leader &&
      a.leaderEpoch === b.leaderEpoch &&
      a.partitionEpoch === b.partitionEpoch &&
      a.leaderRecoveryState === b.leaderRecoveryState &&
      sameList(a.replicas, b.replicas) &&
      sameList(a.directories, b.directories) &&
      sameList(a.isr, b.isr) &&
      sameList(a.elr, b.elr) &&
      sameList(a.lastKnownElr, b.lastKnownElr) &&
      sameList(a.addingReplicas, b.addingReplicas) &&
      sameList(a.removingReplicas, b.removingReplicas))
  );
}

function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

function sameConfigs<V>(a: ReadonlyMap<string, V>, b: ReadonlyMap<string, V>): boolean {
  return a === b || (a.size === b.size && [...a].every(([key, value]) => b.get(key) === value));
}
