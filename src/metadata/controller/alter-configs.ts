import { asKafkaError, KafkaError } from '#protocol';
import type { AlterConfigsRequest, AlterConfigsResponseInput } from '#protocol/apis/alter-configs.ts';
import type { IncrementalAlterConfigsRequest } from '#protocol/apis/incremental-alter-configs.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { quoted } from '../configs/parse.ts';
import { checkConfigSet, configTable, listParts } from '../configs/validate.ts';
import { type ConfigResource, configResourceCodes, configResourceOf, replicationFactorOf } from '../image/image.ts';
import { topicNameFault } from '../topic-names.ts';
import { configConsequences } from './config-consequences.ts';
import { checkConfigLength } from './new-topic.ts';
import type { ControllerState, Decision } from './state.ts';

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** What is set for a resource: before, and as it is to be. */
interface Change {
  readonly resource: ConfigResource;
  readonly name: string;
  readonly before: ReadonlyMap<string, string>;
  readonly after: Map<string, string>;
}

/** The older way: what is not named goes back to its default. */
export function alterConfigs(state: ControllerState, request: AlterConfigsRequest): Decision<AlterConfigsResponseInput> {
  return alterEach(state, request, ({ configs }, change) => {
    change.after.clear();
    for (const { name, value } of configs) {
      if (value === null) throw new KafkaError('INVALID_CONFIG', `${quoted(name)}: a value is missing`);
      change.after.set(name, value);
    }
  });
}

/** Sets (0), removes (1), extends (2) or shortens (3) single entries; what is not named stays. */
export function incrementalAlterConfigs(
  state: ControllerState,
  request: IncrementalAlterConfigsRequest,
): Decision<AlterConfigsResponseInput> {
  return alterEach(state, request, ({ configs }, change) => {
    if (new Set(configs.map(({ name }) => name)).size !== configs.length)
      throw new KafkaError('INVALID_REQUEST', 'an entry is named more than once');
    for (const { name, configOperation, value } of configs) alterEntry(state, change, name, configOperation, value);
  });
}

/** Each resource for itself and as a whole: one entry that is refused leaves all of its resource as it was. */
function alterEach<R extends Resource>(
  state: ControllerState,
  request: { readonly resources: readonly R[]; readonly validateOnly: boolean },
  alter: (resource: R, change: Change) => void,
): Decision<AlterConfigsResponseInput> {
  const records: MetadataRecord[] = [];
  const key = ({ resourceType, resourceName }: Resource) => `${resourceType} ${resourceName}`;
  const counts = new Map<string, number>();
  for (const resource of request.resources) counts.set(key(resource), (counts.get(key(resource)) ?? 0) + 1);
  const responses = request.resources.map((resource) => {
    const { resourceType, resourceName } = resource;
    try {
      if (counts.get(key(resource))! > 1) throw new KafkaError('INVALID_REQUEST', 'a resource is named more than once in the request');
      const change = begin(state, resource);
      alter(resource, change);
      checkChange(state, change);
      records.push(...recordsOf(change));
      return { errorCode: 'NONE' as const, errorMessage: null, resourceType, resourceName };
    } catch (thrown) {
      const error = asKafkaError(thrown);
      return { errorCode: error.errorName, errorMessage: error.message, resourceType, resourceName };
    }
  });
  return {
    records: request.validateOnly ? [] : [...records, ...configConsequences(state, records)],
    response: { throttleTimeMs: 0, responses },
  };
}

/** @throws KafkaError when there is no such resource */
function begin(state: ControllerState, { resourceType, resourceName: name }: Resource): Change {
  const resource = configResourceOf(resourceType);
  if (resource === undefined || resource === 'client-metrics') {
    throw new KafkaError('INVALID_REQUEST', `resources of type ${resourceType} have no configs here: 2 is a topic, 4 a broker, 32 a group`);
  }
  if (resource === 'topic') checkTopic(state, name);
  if (resource === 'broker') checkBroker(state, name);
  if (resource === 'group' && name === '') throw new KafkaError('INVALID_REQUEST', 'a group needs a name');
  const before = state.image.configs.of(resource, name);
  return { resource, name, before, after: new Map(before) };
}

function checkTopic(state: ControllerState, name: string): void {
  const fault = topicNameFault(name);
  if (fault !== undefined) throw new KafkaError('INVALID_TOPIC_EXCEPTION', `the topic name '${quoted(name)}' is not allowed: ${fault}`);
  if (state.image.topics.byName(name) === undefined) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${name}`);
}

function checkBroker(state: ControllerState, name: string): void {
  if (name === '') return;
  if (!/^\d{1,10}$/.test(name)) throw new KafkaError('INVALID_REQUEST', `${quoted(name)} is not the id of a broker`);
  if (String(Number(name)) !== name || state.image.brokers.get(Number(name)) === undefined) {
    throw new KafkaError('BROKER_ID_NOT_REGISTERED', `no broker ${name} is registered`);
  }
}

function alterEntry(state: ControllerState, change: Change, name: string, operation: number, value: string | null): void {
  if (operation === 1) {
    change.after.delete(name);
    return;
  }
  if (value === null) throw new KafkaError('INVALID_CONFIG', `${quoted(name)}: a value is missing`);
  if (operation === 0) {
    change.after.set(name, value);
    return;
  }
  if (operation !== 2 && operation !== 3) throw new KafkaError('INVALID_REQUEST', `${quoted(name)}: there is no operation ${operation}`);
  const definition = configTable(change.resource).get(name);
  if (definition?.type !== 'list') throw new KafkaError('INVALID_CONFIG', `${quoted(name)}: only a list can be added to or taken from`);
  const present = listParts(definition, change.after.get(name) ?? inherited(state, change, name));
  const parts = listParts(definition, value);
  const result =
    operation === 2 ? [...present, ...parts.filter((part) => !present.includes(part))] : present.filter((part) => !parts.includes(part));
  change.after.set(name, result.join(','));
}

/** What a list is without an entry of the resource's own: that is what is added to. */
function inherited(state: ControllerState, change: Change, name: string): string {
  if (change.resource === 'topic') return state.configs.topic(state.image, change.name, name);
  return configTable(change.resource).get(name)?.default ?? '';
}

function checkChange(state: ControllerState, change: Change): void {
  const changed = [...change.after].filter(([name, value]) => change.before.get(name) !== value).map(([name]) => name);
  for (const name of changed) checkConfigLength(name, change.after.get(name)!);
  if (change.resource === 'broker' && change.name !== '' && changed.includes('min.insync.replicas')) {
    throw new KafkaError(
      'INVALID_CONFIG',
      'min.insync.replicas: all brokers have to count alike; set it for a topic, or for all brokers (without a broker id)',
    );
  }
  const [partition] = change.resource === 'topic' ? (state.image.topics.byName(change.name)?.partitions ?? []) : [];
  const replicationFactor = partition === undefined ? 1 : replicationFactorOf(partition);
  checkConfigSet(change.resource, change.after, changed, replicationFactor);
}

function recordsOf(change: Change): MetadataRecord[] {
  const record = (name: string, value: string | null): MetadataRecord => ({
    name: 'ConfigRecord',
    value: { resourceType: configResourceCodes[change.resource], resourceName: change.name, name, value },
  });
  const set = [...change.after].filter(([name, value]) => change.before.get(name) !== value).map(([name, value]) => record(name, value));
  const removed = [...change.before.keys()].filter((name) => !change.after.has(name)).map((name) => record(name, null));
  return [...set, ...removed];
}
