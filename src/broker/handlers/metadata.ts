import { isInternalTopic, isValidTopicName, type PartitionImage, type TopicImage } from '#metadata';
import { KafkaError, type ResponseInput, zeroUuid } from '#protocol';
import { type MetadataRequest, metadata } from '#protocol/apis/metadata.ts';
import { clusterOperations, noOperations, topicOperations } from '../authorized-operations.ts';
import { autoCreateTopics } from '../auto-create-topics.ts';
import type { Context } from '../context.ts';
import { controllerToShow } from '../controller-to-show.ts';
import { handler } from '../handler.ts';

type Answer = ResponseInput<typeof metadata>;
type TopicAnswer = Answer['topics'][number];

/** Metadata: which brokers are there, which topics, and who leads what? */
export const handleMetadata = handler(
  metadata,
  '0-13',
  async (request, context): Promise<Answer> => {
    const topics = findTopics(request, context);
    const missing = topics.filter(({ errorCode }) => errorCode === 'UNKNOWN_TOPIC_OR_PARTITION').map(({ name }) => name!);
    if (missing.length > 0 && request.allowAutoTopicCreation) autoCreateTopics(missing, context);
    return {
      throttleTimeMs: 0,
      brokers: context.image.brokers
        .all()
        .filter(({ fenced }) => !fenced)
        .flatMap(({ id, rack }) => {
          const address = context.addressOf(id);
          return address === undefined ? [] : [{ nodeId: id, host: address.host, port: address.port, rack }];
        }),
      clusterId: context.clusterId ?? null,
      controllerId: controllerToShow(context),
      topics: topics.map((topic) => ({
        ...topic,
        topicAuthorizedOperations: request.includeTopicAuthorizedOperations ? topicOperations : noOperations,
      })),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations : noOperations,
      errorCode: 'NONE',
    };
  },
  {
    failed: (request, error) => ({
      brokers: [],
      topics: (request.topics ?? []).map(({ name, topicId }) => ({
        errorCode: error.errorName,
        name: name ?? '',
        topicId,
        isInternal: false,
        partitions: [],
      })),
      errorCode: error.errorName,
    }),
  },
);

function findTopics(request: MetadataRequest, context: Context): TopicAnswer[] {
  const { topics } = context.image;
  const all = request.topics === null || (context.apiVersion === 0 && request.topics.length === 0);
  if (all) {
    return topics
      .all()
      .filter(({ name }) => context.may('describe', name))
      .map((topic) => describe(topic, context));
  }
  return distinct(request.topics!).map((asked) => {
    const byId = asked.topicId !== zeroUuid;
    if (context.apiVersion < 12 && (byId || asked.name === null))
      throw new KafkaError('INVALID_REQUEST', `Metadata version ${context.apiVersion} names topics by name, not by id`);
    if (!byId && (asked.name === null || !isValidTopicName(asked.name))) return failed(asked, 'INVALID_TOPIC_EXCEPTION');
    const topic = byId ? topics.byId(asked.topicId) : topics.byName(asked.name!);
    if (topic === undefined) return failed(asked, byId ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION');
    if (!context.may('describe', topic.name)) return failed(asked, 'TOPIC_AUTHORIZATION_FAILED');
    return describe(topic, context);
  });
}

type AskedTopic = NonNullable<MetadataRequest['topics']>[number];

/** Each topic once: an answer is many times as long as its question. */
function distinct(asked: readonly AskedTopic[]): AskedTopic[] {
  return [...new Map(asked.map((topic) => [topic.topicId === zeroUuid ? `name ${topic.name}` : topic.topicId, topic])).values()];
}

function failed(asked: { name: string | null; topicId: string }, errorCode: KafkaError['errorName']): TopicAnswer {
  return { errorCode, name: asked.name, topicId: asked.topicId, isInternal: false, partitions: [] };
}

function describe(topic: TopicImage, context: Context): TopicAnswer {
  return {
    errorCode: 'NONE',
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.map((partition) => describePartition(partition, context)),
  };
}

function describePartition(partition: PartitionImage, context: Context): TopicAnswer['partitions'][number] {
  const hasLeader = context.image.brokers.get(partition.leader) !== undefined;
  return {
    errorCode: hasLeader ? 'NONE' : 'LEADER_NOT_AVAILABLE',
    partitionIndex: partition.partition,
    leaderId: hasLeader ? partition.leader : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: [...partition.replicas],
    isrNodes: [...partition.isr],
    offlineReplicas: partition.replicas.filter((id) => context.image.brokers.get(id)?.fenced ?? true),
  };
}
