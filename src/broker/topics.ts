import type { TopicImage } from '#metadata';
import { KafkaError, zeroUuid } from '#protocol';
import type { Context } from './context.ts';

/**
 * The topic that a request means.
 * @param byId whether the version of the request names topics by id
 * @throws KafkaError UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION
 */
export function resolveTopic(name: string, topicId: string, byId: boolean, context: Pick<Context, 'image'>): TopicImage {
  const { topics } = context.image;
  if (byId) {
    const topic = topicId === zeroUuid ? undefined : topics.byId(topicId);
    if (topic === undefined) throw new KafkaError('UNKNOWN_TOPIC_ID', `no topic has the id ${topicId}`);
    return topic;
  }
  const topic = topics.byName(name);
  if (topic === undefined) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${name}`);
  return topic;
}
