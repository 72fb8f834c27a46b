import { KafkaError } from '#protocol';
import type { ConfigResource } from '../image/image.ts';
import { brokerConfigs } from './broker-configs.ts';
import type { ConfigDefinition } from './definition.ts';
import { groupConfigs } from './group-configs.ts';
import { faultOf, quoted, readConfigValue } from './parse.ts';
import { topicConfigs } from './topic-configs.ts';

const none: ReadonlyMap<string, ConfigDefinition> = new Map();

/** The table of a kind of resource. Configs of client metrics are not offered: nobody reads them here. */
export function configTable(resource: ConfigResource): ReadonlyMap<string, ConfigDefinition> {
  return resource === 'topic' ? topicConfigs : resource === 'broker' ? brokerConfigs : resource === 'group' ? groupConfigs : none;
}

/**
 * Checks all configs that a topic is to have.
 * @param replicationFactor of the topic, which min.insync.replicas may not exceed
 * @throws KafkaError INVALID_CONFIG that names key, value and rule
 */
export function checkTopicConfigs(configs: ReadonlyMap<string, string>, replicationFactor: number): void {
  checkConfigSet('topic', configs, [...configs.keys()], replicationFactor);
}

/**
 * Checks what is to be set for a resource.
 * @param changed the names to check one by one: what was stored before, perhaps by another version, need not pass again
 * @param replicationFactor of a topic
 * @throws KafkaError INVALID_CONFIG
 */
export function checkConfigSet(
  resource: ConfigResource,
  configs: ReadonlyMap<string, string>,
  changed: readonly string[],
  replicationFactor: number,
): void {
  for (const name of changed) {
    checkConfig(resource, name, configs.get(name)!);
    if (resource === 'broker' && !brokerConfigs.get(name)!.dynamic) {
      refuse(`${name}: can only be set when a broker is started, with --config ${name}=...`);
    }
  }
  if (resource === 'topic') checkTogether(configs, replicationFactor);
}

/** Rules over several configs of a topic. */
function checkTogether(configs: ReadonlyMap<string, string>, replicationFactor: number): void {
  const minInsyncReplicas = configs.get('min.insync.replicas');
  if (minInsyncReplicas !== undefined && Number(minInsyncReplicas) > replicationFactor) {
    refuse(
      `min.insync.replicas=${minInsyncReplicas}: must be at most the replication factor, ${replicationFactor}, or nothing could be written with acks=all`,
    );
  }
  if (configs.get('flush.mode')?.trim() !== 'os') return;
  for (const name of ['flush.messages', 'flush.ms']) {
    const value = configs.get(name);
    if (value !== undefined && value !== topicConfigs.get(name)!.default) {
      refuse(`${name}=${value}: has no effect with flush.mode=os; with flush.mode=fsync records are on disk before they are acknowledged`);
    }
  }
}

/**
 * Checks what a broker is started with.
 * @returns the names that are not known, to be warned about: they are passed over as Kafka does
 * @throws KafkaError INVALID_CONFIG for a value that is not allowed
 */
export function checkBrokerProperties(properties: ReadonlyMap<string, string>): string[] {
  const unknown: string[] = [];
  for (const [name, value] of properties) {
    if (brokerConfigs.has(name)) checkConfig('broker', name, value);
    else unknown.push(name);
  }
  return unknown;
}

/** Checks one value. @throws KafkaError INVALID_CONFIG */
export function checkConfig(resource: ConfigResource, name: string, value: string): void {
  const definition = configTable(resource).get(name);
  if (definition === undefined) refuse(`${quoted(name)}: there is no ${resource} config of this name`);
  const fault = faultOf(definition, value);
  if (fault !== undefined) refuse(fault);
}

/** The parts of a value of a list config. */
export function listParts(definition: ConfigDefinition, value: string): readonly string[] {
  return readConfigValue(definition.type, value) as readonly string[];
}

function refuse(message: string): never {
  throw new KafkaError('INVALID_CONFIG', message);
}
