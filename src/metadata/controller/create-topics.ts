import { asKafkaError, KafkaError, zeroUuid } from '#protocol';
import type { CreateTopicsRequest, CreateTopicsResponseInput } from '#protocol/apis/create-topics.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { configSourceCodes } from '../configs/effective-configs.ts';
import { quoted } from '../configs/parse.ts';
import { configResourceCodes } from '../image/image.ts';
import { foldRecords } from '../image/image-builder.ts';
import { collisionKey, mayCollide, topicNameFault } from '../topic-names.ts';
import { checkAssignment, newTopicConfigs, partitionRecords, placeNewPartitions } from './new-topic.ts';
import type { ControllerState, Decision } from './state.ts';

type Asked = CreateTopicsRequest['topics'][number];
type Row = CreateTopicsResponseInput['topics'][number];

interface NewTopic {
  readonly asked: Asked;
  readonly id: string;
  readonly replicationFactor: number;
  readonly partitions: number;
  readonly configs: ReadonlyMap<string, string>;
  readonly records: readonly MetadataRecord[];
}

/**
 * Makes topics, each for itself: a row that is refused does not stop the others (M2: one that exists stays as it is).
 * @param version of the request: configs are told from 5 on
 */
export function createTopics(state: ControllerState, request: CreateTopicsRequest, version: number): Decision<CreateTopicsResponseInput> {
  const counts = new Map<string, number>();
  for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1);
  const asked = [...new Map(request.topics.map((topic) => [topic.name, topic])).values()];
  const budget = { left: state.settings.maxPartitionsPerRequest };
  const made = new Map<string, string>();
  const topics: NewTopic[] = [];
  const rows = asked.map((topic): Row | NewTopic => {
    try {
      if (counts.get(topic.name)! > 1)
        throw new KafkaError('INVALID_REQUEST', `topic ${quoted(topic.name)} is named more than once in the request`);
      checkName(state, topic.name, made);
      const planned = plan(state, topic, budget);
      made.set(collisionKey(topic.name), topic.name);
      topics.push(planned);
      return planned;
    } catch (thrown) {
      const error = asKafkaError(thrown);
      return { name: topic.name, topicId: zeroUuid, errorCode: error.errorName, errorMessage: error.message, configs: null };
    }
  });
  const records = topics.flatMap((topic) => topic.records);
  const describe = version >= 5 ? configsAfter(state, records) : () => null;
  return {
    records: request.validateOnly ? [] : records,
    response: { throttleTimeMs: 0, topics: rows.map((row) => ('asked' in row ? rowOf(row, request.validateOnly, describe) : row)) },
  };
}

function rowOf(topic: NewTopic, validateOnly: boolean, describe: (name: string) => Row['configs']): Row {
  return {
    name: topic.asked.name,
    topicId: validateOnly ? zeroUuid : topic.id,
    errorCode: 'NONE',
    errorMessage: null,
    numPartitions: topic.partitions,
    replicationFactor: topic.replicationFactor,
    configs: describe(topic.asked.name),
  };
}

/** @param made names that the same request makes, by their collision keys */
function checkName(state: ControllerState, name: string, made: ReadonlyMap<string, string>): void {
  const fault = topicNameFault(name);
  if (fault !== undefined) throw new KafkaError('INVALID_TOPIC_EXCEPTION', `the topic name '${quoted(name)}' is not allowed: ${fault}`);
  if (state.image.topics.byName(name) !== undefined) throw new KafkaError('TOPIC_ALREADY_EXISTS', `topic ${name} exists already`);
  const other = mayCollide(name) ? (state.collidingTopic(name) ?? made.get(collisionKey(name))) : undefined;
  if (other !== undefined) {
    throw new KafkaError('INVALID_TOPIC_EXCEPTION', `topic ${name} would collide with ${other}: '.' and '_' count as the same character`);
  }
}

function plan(state: ControllerState, asked: Asked, budget: { left: number }): NewTopic {
  const assignments = asked.assignments.length > 0 ? givenAssignments(state, asked) : undefined;
  const partitions = assignments?.length ?? partitionCount(state, asked.numPartitions);
  const replicationFactor = assignments?.[0]?.length ?? replicationFactorOf(state, asked.replicationFactor);
  if (partitions > budget.left) {
    throw new KafkaError(
      'POLICY_VIOLATION',
      `one request may make ${state.settings.maxPartitionsPerRequest} partitions in all; ask for the others in another`,
    );
  }
  const replicas = assignments ?? placeNewPartitions(state, 0, partitions, replicationFactor);
  const configs = newTopicConfigs(asked.configs, replicationFactor);
  const id = state.random.uuid();
  budget.left -= partitions;
  const records: MetadataRecord[] = [{ name: 'TopicRecord', value: { name: asked.name, topicId: id } }];
  for (const [name, value] of configs) {
    records.push({ name: 'ConfigRecord', value: { resourceType: configResourceCodes.topic, resourceName: asked.name, name, value } });
  }
  records.push(...partitionRecords(state, id, 0, replicas));
  return { asked, id, replicationFactor, partitions, configs, records };
}

function partitionCount(state: ControllerState, given: number): number {
  const count = given === -1 ? state.configs.brokerNumber(state.image, 'num.partitions') : given;
  if (count < 1) throw new KafkaError('INVALID_PARTITIONS', `a topic needs at least 1 partition, or -1 for the default, not ${count}`);
  return count;
}

function replicationFactorOf(state: ControllerState, given: number): number {
  return given === -1 ? state.configs.brokerNumber(state.image, 'default.replication.factor') : given;
}

/** The replicas that the client chose, by partition. @throws KafkaError INVALID_REQUEST, INVALID_REPLICA_ASSIGNMENT, INVALID_REPLICATION_FACTOR */
function givenAssignments(state: ControllerState, asked: Asked): number[][] {
  if (asked.numPartitions !== -1 || asked.replicationFactor !== -1) {
    throw new KafkaError('INVALID_REQUEST', 'with an assignment the numbers of partitions and replicas follow from it and must both be -1');
  }
  const byPartition = new Map(asked.assignments.map(({ partitionIndex, brokerIds }) => [partitionIndex, brokerIds]));
  if (byPartition.size !== asked.assignments.length) throw new KafkaError('INVALID_REPLICA_ASSIGNMENT', 'a partition is assigned twice');
  const replicationFactor = asked.assignments[0]!.brokerIds.length;
  return asked.assignments.map((_, partition) => {
    const replicas = byPartition.get(partition);
    if (replicas === undefined)
      throw new KafkaError('INVALID_REPLICA_ASSIGNMENT', `partitions are numbered from 0 without gaps; ${partition} is not assigned`);
    checkAssignment(state, partition, replicas, replicationFactor);
    return [...replicas];
  });
}

/** How topics are configured once the records are applied. */
function configsAfter(state: ControllerState, records: readonly MetadataRecord[]): (name: string) => Row['configs'] {
  const image = foldRecords(records, {}, state.image);
  return (name) =>
    state.configs.describeTopic(image, name).map((config) => ({
      name: config.name,
      value: config.value,
      readOnly: config.readOnly,
      configSource: configSourceCodes[config.source],
      isSensitive: config.sensitive,
    }));
}
