import { asKafkaError, type ErrorName, KafkaError, zeroUuid } from '#protocol';
import type { DeleteTopicsRequest, DeleteTopicsResponseInput } from '#protocol/apis/delete-topics.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { quoted } from '../configs/parse.ts';
import type { TopicImage } from '../image/image.ts';
import type { ControllerState, Decision } from './state.ts';

type Row = DeleteTopicsResponseInput['responses'][number];
type Asked = { readonly name: string | null; readonly topicId: string };

/** Removes topics, by name or by id. The data goes with the id: a topic that is made again under the name has another (M3). */
export function deleteTopics(state: ControllerState, request: DeleteTopicsRequest, version: number): Decision<DeleteTopicsResponseInput> {
  const asked: Asked[] = [...request.topicNames.map((name) => ({ name, topicId: zeroUuid })), ...request.topics];
  if (state.configs.broker(state.image, 'delete.topic.enable') === 'false') {
    const errorCode: ErrorName = version >= 3 ? 'TOPIC_DELETION_DISABLED' : 'INVALID_REQUEST';
    const errorMessage = 'topics cannot be deleted: delete.topic.enable is false';
    return { records: [], response: { throttleTimeMs: 0, responses: asked.map((topic) => ({ ...topic, errorCode, errorMessage })) } };
  }
  const found = asked.map((topic) => attempt(() => find(state, topic)));
  const counts = new Map<string, number>();
  for (const topic of found) if ('id' in topic) counts.set(topic.id, (counts.get(topic.id) ?? 0) + 1);
  const records: MetadataRecord[] = [];
  const responses = found.map((topic, index): Row => {
    const { name, topicId } = asked[index]!;
    if (!('id' in topic)) return { name, topicId, errorCode: topic.errorName, errorMessage: topic.message };
    if (counts.get(topic.id)! > 1) {
      return { name, topicId, errorCode: 'INVALID_REQUEST', errorMessage: `topic ${topic.name} is named more than once in the request` };
    }
    records.push({ name: 'RemoveTopicRecord', value: { topicId: topic.id } });
    return { name: topic.name, topicId: topic.id, errorCode: 'NONE', errorMessage: null };
  });
  return { records, response: { throttleTimeMs: 0, responses } };
}

function find(state: ControllerState, { name, topicId }: Asked): TopicImage {
  const byId = topicId !== zeroUuid;
  if (byId && name !== null) throw new KafkaError('INVALID_REQUEST', 'a topic is named by its name or by its id, not by both');
  if (!byId && name === null) throw new KafkaError('INVALID_REQUEST', 'a topic is named by neither name nor id');
  const topic = byId ? state.image.topics.byId(topicId) : state.image.topics.byName(name!);
  if (topic !== undefined) return topic;
  if (byId) throw new KafkaError('UNKNOWN_TOPIC_ID', `there is no topic with the id ${topicId}`);
  throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${quoted(name!)}`);
}

function attempt(act: () => TopicImage): TopicImage | KafkaError {
  try {
    return act();
  } catch (error) {
    return asKafkaError(error);
  }
}
