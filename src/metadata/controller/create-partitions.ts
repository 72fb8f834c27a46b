import { asKafkaError, KafkaError } from '#protocol';
import type { CreatePartitionsRequest, CreatePartitionsResponseInput } from '#protocol/apis/create-partitions.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { quoted } from '../configs/parse.ts';
import { replicationFactorOf } from '../image/image.ts';
import { checkAssignment, partitionRecords, placeNewPartitions } from './new-topic.ts';
import type { ControllerState, Decision } from './state.ts';

type Asked = CreatePartitionsRequest['topics'][number];

/** Gives topics more partitions, each topic for itself. Keys go to other partitions afterwards, as with Kafka. */
export function createPartitions(state: ControllerState, request: CreatePartitionsRequest): Decision<CreatePartitionsResponseInput> {
  const records: MetadataRecord[] = [];
  const budget = { left: state.settings.maxPartitionsPerRequest };
  const counts = new Map<string, number>();
  for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1);
  const asked = [...new Map(request.topics.map((topic) => [topic.name, topic])).values()];
  const results = asked.map((topic) => {
    try {
      if (counts.get(topic.name)! > 1) {
        throw new KafkaError('INVALID_REQUEST', `topic ${quoted(topic.name)} is named more than once in the request`);
      }
      records.push(...morePartitions(state, topic, budget));
      return { name: topic.name, errorCode: 'NONE' as const, errorMessage: null };
    } catch (thrown) {
      const error = asKafkaError(thrown);
      return { name: topic.name, errorCode: error.errorName, errorMessage: error.message };
    }
  });
  return { records: request.validateOnly ? [] : records, response: { throttleTimeMs: 0, results } };
}

function morePartitions(state: ControllerState, asked: Asked, budget: { left: number }): MetadataRecord[] {
  const topic = state.image.topics.byName(asked.name);
  if (topic === undefined) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${quoted(asked.name)}`);
  const present = topic.partitions.length;
  if (asked.count <= present) {
    throw new KafkaError(
      'INVALID_PARTITIONS',
      `topic ${topic.name} has ${present} partitions; the number can only be raised, not set to ${asked.count}`,
    );
  }
  const added = asked.count - present;
  if (added > budget.left) {
    throw new KafkaError(
      'POLICY_VIOLATION',
      `one request may make ${state.settings.maxPartitionsPerRequest} partitions in all; ask for the others in another`,
    );
  }
  const replicationFactor = topic.partitions[0] === undefined ? 1 : replicationFactorOf(topic.partitions[0]);
  const assignments = asked.assignments?.map(({ brokerIds }) => brokerIds) ?? placeNewPartitions(state, present, added, replicationFactor);
  if (assignments.length !== added) {
    throw new KafkaError('INVALID_REPLICA_ASSIGNMENT', `${added} partitions are added and ${assignments.length} are assigned`);
  }
  for (const [index, replicas] of assignments.entries()) checkAssignment(state, present + index, replicas, replicationFactor);
  budget.left -= added;
  return partitionRecords(state, topic.id, present, assignments);
}
