import { KafkaError, zeroUuid } from '#protocol';
import { createTopics as createTopicsApi } from '#protocol/apis/create-topics.ts';
import { deleteTopics as deleteTopicsApi } from '#protocol/apis/delete-topics.ts';
import type { DirectCluster } from './direct-cluster.ts';
import { type Topics, topicOptions } from './options.ts';

const timeoutMs = 10_000;

/** Every broker serves them when the promise resolves. @throws KafkaError TOPIC_ALREADY_EXISTS, ... naming the topic */
export async function createTopics(cluster: DirectCluster, topics: Topics): Promise<void> {
  const asked = Object.entries(topics).map(([name, topic]) => {
    const { partitions = 1, replicationFactor = -1, configs = {} } = topicOptions(topic);
    return {
      name,
      numPartitions: partitions,
      replicationFactor,
      assignments: [],
      configs: Object.entries(configs).map(([config, value]) => ({ name: config, value: String(value) })),
    };
  });
  if (asked.length === 0) return;
  const response = await cluster.send('controller', createTopicsApi, { topics: asked, timeoutMs });
  for (const { name, errorCode, errorMessage } of response.topics)
    if (errorCode !== 'NONE') throw new KafkaError(errorCode, `topic ${name} was not made: ${errorMessage ?? errorCode}`);
}

/** Topics that are not there are fine. @throws KafkaError */
export async function deleteTopics(cluster: DirectCluster, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const topics = names.map((name) => ({ name, topicId: zeroUuid }));
  const response = await cluster.send('controller', deleteTopicsApi, { topics, topicNames: [], timeoutMs });
  for (const { name, errorCode, errorMessage } of response.responses)
    if (errorCode !== 'NONE' && errorCode !== 'UNKNOWN_TOPIC_OR_PARTITION')
      throw new KafkaError(errorCode, `topic ${name} was not deleted: ${errorMessage ?? errorCode}`);
}
