import { KafkaError } from '#protocol';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { checkTopicConfigs } from '../configs/validate.ts';
import { firstPartitionRecord } from './partition-records.ts';
import { placePartition } from './placement.ts';
import { type ControllerState, isActive } from './state.ts';

/** The longest value of a config that is taken; nothing legitimate comes near. */
const longestConfigValue = 32_767;

/** The replicas of partitions from `first` on, `count` of them, as the controller would place them. @throws KafkaError INVALID_REPLICATION_FACTOR */
export function placeNewPartitions(state: ControllerState, first: number, count: number, replicationFactor: number): number[][] {
  checkReplicationFactor(state, replicationFactor);
  const brokers = state.image.brokers.all().map((broker) => ({ id: broker.id, rack: broker.rack, live: isActive(broker) }));
  if (!brokers.some(({ live }) => live)) {
    throw new KafkaError('INVALID_REPLICATION_FACTOR', 'no broker is in service: partitions cannot be placed');
  }
  return Array.from({ length: count }, (_, index) => placePartition(first + index, replicationFactor, brokers));
}

/** @throws KafkaError INVALID_REPLICATION_FACTOR */
function checkReplicationFactor(state: ControllerState, replicationFactor: number): void {
  if (replicationFactor < 1) {
    throw new KafkaError(
      'INVALID_REPLICATION_FACTOR',
      `the replication factor must be at least 1, or -1 for the default, not ${replicationFactor}`,
    );
  }
  const registered = state.image.brokers.all().length;
  if (replicationFactor > registered) {
    throw new KafkaError(
      'INVALID_REPLICATION_FACTOR',
      `a replication factor of ${replicationFactor} needs as many brokers; ${registered === 1 ? 'only 1 is' : `there are ${registered}`} registered`,
    );
  }
}

/** Checks the replicas that a client chose for one partition. @throws KafkaError INVALID_REPLICA_ASSIGNMENT */
export function checkAssignment(state: ControllerState, partition: number, replicas: readonly number[], replicationFactor: number): void {
  const refuse = (why: string) => {
    throw new KafkaError('INVALID_REPLICA_ASSIGNMENT', `the assignment of partition ${partition} ${why}`);
  };
  if (replicas.length === 0) refuse('names no broker');
  if (replicas.length !== replicationFactor) refuse(`names ${replicas.length} brokers, others ${replicationFactor}`);
  if (new Set(replicas).size !== replicas.length) refuse('names a broker twice');
  const unknown = replicas.find((id) => state.image.brokers.get(id) === undefined);
  if (unknown !== undefined) refuse(`names broker ${unknown}, which is not registered`);
  if (!replicas.some((id) => isActive(state.image.brokers.get(id)))) refuse('names only brokers that are not in service');
}

/** Records of new partitions; those replicas are in sync whose brokers are in service. */
export function partitionRecords(
  state: ControllerState,
  topicId: string,
  first: number,
  assignments: readonly (readonly number[])[],
): MetadataRecord[] {
  return assignments.map((replicas, index) => {
    const isr = replicas.filter((id) => isActive(state.image.brokers.get(id)));
    return firstPartitionRecord(topicId, first + index, replicas, isr, state.image);
  });
}

/** The configs of a new topic, checked. @throws KafkaError INVALID_CONFIG */
export function newTopicConfigs(
  given: readonly { name: string; value: string | null }[],
  replicationFactor: number,
): ReadonlyMap<string, string> {
  const configs = new Map<string, string>();
  for (const { name, value } of given) {
    if (value === null) throw new KafkaError('INVALID_CONFIG', `${name}: a new topic's config needs a value`);
    checkConfigLength(name, value);
    configs.set(name, value);
  }
  checkTopicConfigs(configs, replicationFactor);
  return configs;
}

/** @throws KafkaError INVALID_CONFIG */
export function checkConfigLength(name: string, value: string): void {
  if (value.length > longestConfigValue)
    throw new KafkaError('INVALID_CONFIG', `${name}: a value may have ${longestConfigValue} characters, not ${value.length}`);
}
