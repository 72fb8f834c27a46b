import type { MetadataImage, PartitionImage } from '#metadata';

/**
 * The min.insync.replicas that is in force for a partition: never more than it is meant to have replicas, and two where nothing is set and three hold it. Written down once
 * more, and not taken from the product, which might be wrong.
 */
export function minIsrOf(topic: string, partition: PartitionImage | undefined, image: MetadataImage): number {
  const name = 'min.insync.replicas';
  const replicationFactor = partition === undefined ? 1 : partition.replicas.length - partition.addingReplicas.length;
  const set = image.configs.of('topic', topic).get(name) ?? image.configs.of('broker', '').get(name);
  return Math.min(replicationFactor, set === undefined ? (replicationFactor >= 3 ? 2 : 1) : Number(set));
}
