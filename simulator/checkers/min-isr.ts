import type { MetadataImage } from '#metadata';

/** The min.insync.replicas that is in force for a topic: never more than it has replicas, and two where nothing is set and three hold it. */
export function minIsrOf(topic: string, replicationFactor: number, image: MetadataImage): number {
  const name = 'min.insync.replicas';
  const set = image.configs.of('topic', topic).get(name) ?? image.configs.of('broker', '').get(name);
  return Math.min(replicationFactor, set === undefined ? (replicationFactor >= 3 ? 2 : 1) : Number(set));
}
