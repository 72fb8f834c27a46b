import type { Message } from '#protocol';
import { decodeMetadataRecord, encodeMetadataRecord, type MetadataRecord, metadataRecords } from '#protocol/stored/metadata-record.ts';
import {
  type BrokerImage,
  type ConfigResource,
  configResourceCodes,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
} from './image.ts';
import { metadataVersionFeature, recordVersion, supportedMetadataVersions } from './metadata-versions.ts';

/**
 * The records of a snapshot: folded, they give the image again. In the order in which Apache Kafka writes them, metadata.version
 * first; equal images give equal bytes.
 */
export function* imageToRecords(image: MetadataImage): Generator<MetadataRecord> {
  yield* featureRecords(image.features);
  for (const broker of image.brokers.all()) yield brokerRecord(broker);
  const kept = image.kept.values();
  yield* kept.filter((record) => record.name === 'RegisterControllerRecord');
  for (const topic of image.topics.all()) yield* topicRecords(topic);
  for (const resource of ['broker', 'topic', 'group', 'client-metrics'] as const) yield* configRecords(image, resource);
  if (image.nextProducerId > 0n) {
    yield { name: 'ProducerIdsRecord', value: { brokerId: -1, brokerEpoch: -1n, nextProducerId: image.nextProducerId } };
  }
  yield* kept.filter((record) => record.name !== 'RegisterControllerRecord');
}

function* featureRecords(features: ReadonlyMap<string, number>): Generator<MetadataRecord> {
  const level = features.get(metadataVersionFeature);
  if (level !== undefined) yield { name: 'FeatureLevelRecord', value: { name: metadataVersionFeature, featureLevel: level } };
  for (const [name, featureLevel] of features) {
    if (name !== metadataVersionFeature) yield { name: 'FeatureLevelRecord', value: { name, featureLevel } };
  }
}

/** The registration of a broker as a record. */
export function brokerRecord(broker: BrokerImage): MetadataRecord {
  return {
    name: 'RegisterBrokerRecord',
    value: {
      brokerId: broker.id,
      isMigratingZkBroker: broker.isMigratingZkBroker,
      incarnationId: broker.incarnationId,
      brokerEpoch: broker.epoch,
      endPoints: broker.endpoints.map(({ name, host, port, securityProtocol }) => ({ name, host, port, securityProtocol })),
      features: broker.features.map(({ name, min, max }) => ({ name, minSupportedVersion: min, maxSupportedVersion: max })),
      rack: broker.rack,
      fenced: broker.fenced,
      inControlledShutdown: broker.inControlledShutdown,
      logDirs: [...broker.directories],
      cordonedLogDirs: broker.cordonedDirectories === null ? null : [...broker.cordonedDirectories],
    },
  };
}

/** The records that make the topic, without its configs. */
export function* topicRecords(topic: TopicImage): Generator<MetadataRecord> {
  yield { name: 'TopicRecord', value: { name: topic.name, topicId: topic.id } };
  for (const partition of topic.partitions) yield partitionRecord(topic.id, partition);
}

/** The whole of a partition as a record. */
export function partitionRecord(topicId: string, partition: PartitionImage): MetadataRecord {
  return {
    name: 'PartitionRecord',
    value: {
      partitionId: partition.partition,
      topicId,
      replicas: [...partition.replicas],
      isr: [...partition.isr],
      removingReplicas: [...partition.removingReplicas],
      addingReplicas: [...partition.addingReplicas],
      leader: partition.leader,
      leaderRecoveryState: partition.leaderRecoveryState,
      leaderEpoch: partition.leaderEpoch,
      partitionEpoch: partition.partitionEpoch,
      directories: [...partition.directories],
      eligibleLeaderReplicas: partition.elr.length === 0 ? null : [...partition.elr],
      lastKnownElr: partition.lastKnownElr.length === 0 ? null : [...partition.lastKnownElr],
    },
  };
}

function* configRecords(image: MetadataImage, resource: ConfigResource): Generator<MetadataRecord> {
  for (const resourceName of image.configs.names(resource)) {
    for (const [name, value] of [...image.configs.of(resource, resourceName)].sort(([a], [b]) => (a < b ? -1 : 1))) {
      yield { name: 'ConfigRecord', value: { resourceType: configResourceCodes[resource], resourceName, name, value } };
    }
  }
}

/** The level of metadata.version that an image has finalized; the lowest supported where none was recorded. */
export function metadataVersionOf(image: MetadataImage): number {
  return image.features.get(metadataVersionFeature) ?? supportedMetadataVersions.min;
}

/** A record as it stands in the log, in the version that the cluster's metadata.version calls for. */
export function encodeRecord(record: MetadataRecord, level: number): Buffer {
  const message: Message = metadataRecords[record.name];
  return encodeMetadataRecord({ record: message, version: recordVersion(record.name, level), value: record.value as never });
}

/** Undoes {@link encodeRecord}, for any version. @throws ProtocolError */
export function decodeRecord(value: Buffer): MetadataRecord {
  return decodeMetadataRecord(value);
}
