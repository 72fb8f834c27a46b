import { type ErrorName, KafkaError } from '#protocol';
import { type DescribeTopicPartitionsResponse, describeTopicPartitions } from '#protocol/apis/describe-topic-partitions.ts';
import { type MetadataResponse, metadata } from '#protocol/apis/metadata.ts';
import type { AdminClient } from './admin-client.ts';
import { kafkaFailure } from './kafka-failure.ts';

/** One partition as the cluster tells it. */
export interface DescribedPartition {
  readonly partition: number;
  /** -1 while nobody leads. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  /** Who else may be elected (KIP-966); null from a cluster that does not tell. */
  readonly elr: readonly number[] | null;
  readonly lastKnownElr: readonly number[] | null;
  readonly offlineReplicas: readonly number[];
}

export interface DescribedTopic {
  readonly name: string;
  readonly id: string;
  readonly partitions: readonly DescribedPartition[];
}

const partitionsPerPage = 2000;

/** Every topic's name, sorted. */
export async function topicNames(client: AdminClient): Promise<string[]> {
  const { topics } = await client.send(metadata, { topics: null, allowAutoTopicCreation: false });
  return topics.map(({ name }) => name ?? '').sort(byCodeUnits);
}

/** Topics by their names, or all, sorted; those that do not exist are left out. @throws CliError for any other error */
export async function describeTopics(client: AdminClient, names: readonly string[]): Promise<DescribedTopic[]> {
  try {
    return await describeByPages(client, names);
  } catch (error) {
    if (!(error instanceof KafkaError) || error.errorName !== 'UNSUPPORTED_VERSION') throw error;
    return describeByMetadata(client, names);
  }
}

/** Page by page; a topic with many partitions may go on over several. */
async function describeByPages(client: AdminClient, names: readonly string[]): Promise<DescribedTopic[]> {
  const described = new Map<string, { name: string; id: string; partitions: DescribedPartition[] }>();
  const topics = names.map((name) => ({ name }));
  let cursor: DescribeTopicPartitionsResponse['nextCursor'] = null;
  do {
    const page: DescribeTopicPartitionsResponse = await client.send(describeTopicPartitions, {
      topics,
      responsePartitionLimit: partitionsPerPage,
      cursor,
    });
    for (const { name, topicId, errorCode, partitions } of page.topics) {
      if (name === null || !isThere(name, errorCode)) continue;
      const topic = described.get(name) ?? { name, id: topicId, partitions: [] };
      described.set(name, topic);
      topic.partitions.push(
        ...partitions.map((told) => ({ ...placesOf(told), elr: told.eligibleLeaderReplicas, lastKnownElr: told.lastKnownElr })),
      );
    }
    cursor = page.nextCursor;
  } while (cursor !== null);
  return sorted([...described.values()]);
}

/** What a cluster of before KIP-966 has to say. */
async function describeByMetadata(client: AdminClient, names: readonly string[]): Promise<DescribedTopic[]> {
  const topics = names.length === 0 ? null : names.map((name) => ({ name }));
  const response = await client.send(metadata, { topics, allowAutoTopicCreation: false });
  return sorted(
    response.topics
      .filter(({ name, errorCode }) => isThere(name ?? '', errorCode))
      .map(({ name, topicId, partitions }) => ({
        name: name ?? '',
        id: topicId,
        partitions: partitions.map((told) => ({ ...placesOf(told), elr: null, lastKnownElr: null })),
      })),
  );
}

type Told =
  | DescribeTopicPartitionsResponse['topics'][number]['partitions'][number]
  | MetadataResponse['topics'][number]['partitions'][number];

function placesOf({
  partitionIndex,
  leaderId,
  leaderEpoch,
  replicaNodes,
  isrNodes,
  offlineReplicas,
}: Told): Omit<DescribedPartition, 'elr' | 'lastKnownElr'> {
  return { partition: partitionIndex, leader: leaderId, leaderEpoch, replicas: replicaNodes, isr: isrNodes, offlineReplicas };
}

/** @throws CliError when the topic can be told nothing of, though it may be there */
function isThere(name: string, errorCode: ErrorName): boolean {
  if (errorCode === 'UNKNOWN_TOPIC_OR_PARTITION' || errorCode === 'INVALID_TOPIC_EXCEPTION') return false;
  if (errorCode !== 'NONE' && errorCode !== 'LEADER_NOT_AVAILABLE') throw kafkaFailure(name, errorCode);
  return true;
}

function sorted(topics: DescribedTopic[]): DescribedTopic[] {
  const byIndex = (a: DescribedPartition, b: DescribedPartition) => a.partition - b.partition;
  return topics.map((topic) => ({ ...topic, partitions: [...topic.partitions].sort(byIndex) })).sort((a, b) => byCodeUnits(a.name, b.name));
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
