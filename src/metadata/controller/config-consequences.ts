import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import type { PartitionImage, TopicImage } from '../image/image.ts';
import { replicationFactorOf } from '../image/image.ts';
import { isMoving } from './alter-partition-reassignments.ts';
import { viewAfter } from './fencing.ts';
import { changePartition, partitionChange, type View } from './partition-change.ts';

/**
 * What follows for partitions from configs that are being changed, to be written in the same batch:
 * - with another min.insync.replicas others may be eligible, or nobody may have to be; a move may be complete. Where it rises the partition gets another
 *   epoch, so that a leader that has not heard of it yet cannot change the ISR under the old rule and commit by that what who is eligible lacks (P4).
 * - with unclean.leader.election.enable partitions that nobody can lead get a leader.
 */
export function configConsequences(view: View, records: readonly MetadataRecord[]): MetadataRecord[] {
  const names = new Set(records.flatMap((record) => (record.name === 'ConfigRecord' ? [record.value.name] : [])));
  if (!names.has('min.insync.replicas') && !names.has('unclean.leader.election.enable')) return [];
  const after = viewAfter(view, records);
  const needed = ({ configs, image }: View, { name }: TopicImage, partition: PartitionImage) =>
    configs.minInsyncReplicasWith(image, name, replicationFactorOf(partition));
  return after.image.topics.all().flatMap((topic) =>
    topic.partitions.flatMap((partition) => {
      const concerned = partition.elr.length > 0 || partition.leader === -1 || isMoving(partition);
      const change = concerned ? changePartition(after, topic, partition) : undefined;
      if (change !== undefined) return [change];
      const rises = needed(after, topic, partition) > needed(view, topic, partition);
      return rises ? [partitionChange(topic.id, partition.partition, { isr: [...partition.isr] })] : [];
    }),
  );
}
