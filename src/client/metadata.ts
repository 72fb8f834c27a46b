import type { Address } from '#platform';
import { type ErrorName, KafkaError } from '#protocol';
import { metadata } from '#protocol/apis/metadata.ts';
import type { Cluster } from './cluster.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface KnownPartition {
  readonly partition: number;
  /** -1 while nobody leads. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
}

export interface KnownTopic {
  readonly name: string;
  readonly id: string;
  readonly isInternal: boolean;
  /** In the order of their numbers. */
  readonly partitions: readonly KnownPartition[];
}

/** What one broker knew at one moment. */
export interface KnownCluster {
  readonly brokers: ReadonlyMap<number, Address>;
  readonly topics: ReadonlyMap<string, KnownTopic>;
}

/** Errors of a topic of which nothing is known, though it may be there. */
const missing: ReadonlySet<ErrorName> = new Set<ErrorName>(['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID', 'INVALID_TOPIC_EXCEPTION']);

/**
 * Asks anyone for the brokers and some topics. Topics that are not there are left out.
 * @param names null for all topics
 * @throws KafkaError for a topic of which nothing is told; NetworkError when nobody answers
 */
export async function readMetadata(cluster: Cluster, names: Iterable<string> | null): Promise<KnownCluster> {
  const topics = names === null ? null : [...new Set(names)].map((name) => ({ name }));
  const response = await cluster.send('anyone', metadata, { topics, allowAutoTopicCreation: false });
  const known = new Map<string, KnownTopic>();
  for (const { name, topicId, isInternal, errorCode, partitions } of response.topics) {
    if (name === null || missing.has(errorCode)) continue;
    if (errorCode !== 'NONE' && errorCode !== 'LEADER_NOT_AVAILABLE') throw new KafkaError(errorCode, `the partitions of ${name}`);
    const places = partitions.map(({ partitionIndex, leaderId, leaderEpoch, replicaNodes }) => ({
      partition: partitionIndex,
      leader: leaderId,
      leaderEpoch,
      replicas: replicaNodes,
    }));
    known.set(name, { name, id: topicId, isInternal, partitions: places.sort((a, b) => a.partition - b.partition) });
  }
  return { brokers: new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }])), topics: known };
}

/** A partition as text, for people and as a key. */
export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
