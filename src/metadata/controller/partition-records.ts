import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { PartitionChangeRecord } from '#protocol/stored/partition-change-record.ts';
import { isReservedDirectory, lostDirectory, unassignedDirectory } from '../image/directory-ids.ts';
import type { BrokerImage, MetadataImage, PartitionImage } from '../image/image.ts';
import { noLeaderChange } from '../image/image-builder.ts';
import { isActive } from './state.ts';

/** A change of a partition in which everything stays but what is given. */
export function partitionChange(topicId: string, partitionId: number, change: Partial<PartitionChangeRecord>): MetadataRecord {
  return {
    name: 'PartitionChangeRecord',
    value: {
      partitionId,
      topicId,
      isr: null,
      leader: noLeaderChange,
      replicas: null,
      removingReplicas: null,
      addingReplicas: null,
      leaderRecoveryState: -1,
      directories: null,
      eligibleLeaderReplicas: null,
      lastKnownElr: null,
      ...change,
    },
  };
}

/** The first state of a partition: led by its first replica that lives. @param isr the replicas that live, in order, at least one */
export function firstPartitionRecord(
  topicId: string,
  partitionId: number,
  replicas: readonly number[],
  isr: readonly number[],
  image: MetadataImage,
): MetadataRecord {
  return {
    name: 'PartitionRecord',
    value: {
      partitionId,
      topicId,
      replicas: [...replicas],
      isr: [...isr],
      removingReplicas: [],
      addingReplicas: [],
      leader: isr[0]!,
      leaderRecoveryState: 0,
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories: replicas.map((id) => onlyDirectory(image.brokers.get(id))),
      eligibleLeaderReplicas: null,
      lastKnownElr: null,
    },
  };
}

/** A broker with one directory has no choice to make. */
function onlyDirectory(broker: BrokerImage | undefined): string {
  return broker?.directories.length === 1 ? broker.directories[0]! : unassignedDirectory;
}

/**
 * For a broker that is about to go out of service: it leaves the ISR of each partition in which another member lives, and what it led
 * goes to the first replica that is in sync and lives. Where no other lives the ISR stays as it is, since only its members hold all
 * records, and nobody leads until one of them is back.
 */
export function recordsWithout(image: MetadataImage, brokerId: number): MetadataRecord[] {
  return changesOf(image, (partition) => {
    if (!partition.isr.includes(brokerId) && partition.leader !== brokerId) return undefined;
    const others = partition.isr.filter((id) => id !== brokerId && isActive(image.brokers.get(id)));
    const leader = partition.leader === brokerId ? (leaderAmong(image, partition, others) ?? -1) : noLeaderChange;
    const isr = others.length > 0 && partition.isr.includes(brokerId) ? others : null;
    return isr === null && leader === noLeaderChange ? undefined : { isr, leader };
  });
}

/** Partitions that the broker leads and that another replica in sync could lead now. */
export function movableRecords(image: MetadataImage, brokerId: number): MetadataRecord[] {
  return changesOf(image, (partition) => {
    if (partition.leader !== brokerId) return undefined;
    const others = partition.isr.filter((id) => id !== brokerId);
    const leader = leaderAmong(image, partition, others);
    return leader === undefined ? undefined : { isr: others, leader };
  });
}

/** Partitions that nobody leads and that the broker, which is about to be put into service, can lead. Of the ISR those stay who live. */
export function recordsWith(image: MetadataImage, broker: BrokerImage): MetadataRecord[] {
  return changesOf(image, (partition) => {
    if (partition.leader !== -1 || !partition.isr.includes(broker.id) || !holdsReplica(broker, partition)) return undefined;
    const isr = partition.isr.filter((id) => id === broker.id || isActive(image.brokers.get(id)));
    return { leader: broker.id, isr: isr.length === partition.isr.length ? null : isr };
  });
}

function changesOf(
  image: MetadataImage,
  change: (partition: PartitionImage) => Partial<PartitionChangeRecord> | undefined,
): MetadataRecord[] {
  return image.topics.all().flatMap((topic) =>
    topic.partitions.flatMap((partition) => {
      const changed = change(partition);
      return changed === undefined ? [] : [partitionChange(topic.id, partition.partition, changed)];
    }),
  );
}

function leaderAmong(image: MetadataImage, partition: PartitionImage, candidates: readonly number[]): number | undefined {
  return partition.replicas.find((id) => {
    const broker = image.brokers.get(id);
    return candidates.includes(id) && isActive(broker) && holdsReplica(broker, partition);
  });
}

/** Is the directory in which the broker keeps the replica among those it has? One that came back with another disk holds nothing. */
function holdsReplica(broker: BrokerImage, partition: PartitionImage): boolean {
  const directory = partition.directories[partition.replicas.indexOf(broker.id)];
  if (directory === undefined || directory === lostDirectory) return false;
  return isReservedDirectory(directory) || broker.directories.includes(directory);
}
