import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { BrokerImage, MetadataImage, PartitionImage, TopicImage } from '../image/image.ts';
import { noLeaderChange } from '../image/image-builder.ts';
import { changePartition, holdsReplica, onlyDirectory, type PartitionTarget, type View } from './partition-change.ts';
import { isActive } from './state.ts';

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

/**
 * For brokers that are out of service in the view: they leave every ISR, together, so that one does not inherit from another; what they led goes to
 * those that are left, or waits for the first who may lead it.
 */
export function recordsWithout(view: View, brokerIds: readonly number[]): MetadataRecord[] {
  const isGone = (id: number) => brokerIds.includes(id);
  return changesOf(view, (partition) => {
    if (!isGone(partition.leader) && !partition.isr.some(isGone)) return undefined;
    return { isr: partition.isr.filter((id) => !isGone(id)) };
  });
}

/** For a broker that is in service in the view: partitions that nobody leads, and that can be led now. */
export function recordsWith(view: View, brokerId: number): MetadataRecord[] {
  return changesOf(view, (partition) => {
    if (partition.leader !== -1 || !partition.replicas.includes(brokerId)) return undefined;
    return { isr: partition.isr.filter((id) => isActive(view.image.brokers.get(id))) };
  });
}

/** For a broker that is to stop, and is marked so in the view: it leaves every ISR in which others can go on without it. */
export function recordsHandedOver(view: View, brokerId: number): MetadataRecord[] {
  return changesOf(view, (partition) => {
    const others = partition.isr.filter((id) => id !== brokerId);
    if (others.length === partition.isr.length || others.length === 0) return undefined;
    return { isr: others };
  }).filter((record) => record.name !== 'PartitionChangeRecord' || record.value.leader >= 0 || record.value.leader === noLeaderChange);
}

/** For a broker some of whose directories have failed, and are missing in the view: it leaves the ISRs of what lay there. */
export function recordsWithoutDirectories(view: View, broker: BrokerImage): MetadataRecord[] {
  return changesOf(view, (partition) => {
    if (!partition.isr.includes(broker.id) || holdsReplica(broker, partition)) return undefined;
    return { isr: partition.isr.filter((id) => id !== broker.id) };
  });
}

/** The records of all partitions that are to become something else. */
export function changesOf(
  view: View,
  targetOf: (partition: PartitionImage, topic: TopicImage) => PartitionTarget | undefined,
): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const topic of view.image.topics.all()) {
    for (const partition of topic.partitions) {
      const target = targetOf(partition, topic);
      const record = target === undefined ? undefined : changePartition(view, topic, partition, target);
      if (record !== undefined) records.push(record);
    }
  }
  return records;
}
