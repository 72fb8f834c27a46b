import { isInternalTopic, isValidTopicName, type TopicImage } from '#metadata';
import { KafkaError, type ResponseInput, zeroUuid } from '#protocol';
import { type DescribeTopicPartitionsRequest, describeTopicPartitions } from '#protocol/apis/describe-topic-partitions.ts';
import { topicOperations } from '../authorized-operations.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';

type Answer = ResponseInput<typeof describeTopicPartitions>;
type TopicAnswer = Answer['topics'][number];

/** max.request.partition.size.limit of Kafka. */
const maxPartitions = 2000;

/** DescribeTopicPartitions: who holds and leads what, a page of partitions at a time, topics in the order of their names. */
export const handleDescribeTopicPartitions = handler(
  describeTopicPartitions,
  '0',
  (request, context) => {
    if ((request.cursor?.partitionIndex ?? 0) < 0) {
      throw new KafkaError('INVALID_REQUEST', `the cursor names partition ${request.cursor?.partitionIndex}`);
    }
    const limit = Math.min(Math.max(request.responsePartitionLimit, 1), maxPartitions);
    const topics: TopicAnswer[] = [];
    let left = limit;
    for (const name of wantedNames(request, context)) {
      const topic = context.image.topics.byName(name);
      if (topic === undefined) {
        topics.push(unknown(name));
        continue;
      }
      const first = name === request.cursor?.topicName ? request.cursor.partitionIndex : 0;
      if (left === 0) return { throttleTimeMs: 0, topics, nextCursor: { topicName: name, partitionIndex: first } };
      const page = topic.partitions.slice(first, first + left);
      topics.push(describe(topic, page, context));
      left -= page.length;
      const next = first + page.length;
      if (next < topic.partitions.length) return { throttleTimeMs: 0, topics, nextCursor: { topicName: name, partitionIndex: next } };
    }
    return { throttleTimeMs: 0, topics, nextCursor: null };
  },
  {
    failed: (request, error) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name }) => ({ ...unknown(name), errorCode: error.errorName })),
      nextCursor: null,
    }),
  },
);

function wantedNames(request: DescribeTopicPartitionsRequest, context: Context): string[] {
  const all = request.topics.length === 0;
  const names = all ? context.image.topics.all().map(({ name }) => name) : [...new Set(request.topics.map(({ name }) => name))];
  const from = request.cursor?.topicName ?? '';
  return names.filter((name) => name >= from && context.may('describe', name)).sort(byCodeUnits);
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function unknown(name: string): TopicAnswer {
  return {
    errorCode: isValidTopicName(name) ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'INVALID_TOPIC_EXCEPTION',
    name,
    topicId: zeroUuid,
    partitions: [],
    isInternal: false,
  };
}

function describe(topic: TopicImage, partitions: TopicImage['partitions'], context: Context): TopicAnswer {
  return {
    errorCode: 'NONE',
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions: partitions.map((partition) => ({
      errorCode: partition.leader === -1 ? 'LEADER_NOT_AVAILABLE' : 'NONE',
      partitionIndex: partition.partition,
      leaderId: partition.leader,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: [...partition.replicas],
      isrNodes: [...partition.isr],
      eligibleLeaderReplicas: [...partition.elr],
      lastKnownElr: [...partition.lastKnownElr],
      offlineReplicas: partition.replicas.filter((id) => context.image.brokers.get(id)?.fenced ?? true),
    })),
    topicAuthorizedOperations: topicOperations,
  };
}
