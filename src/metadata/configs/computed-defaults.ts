import type { MetadataImage } from '../image/image.ts';

/** Defaults that follow from the cluster instead of standing in a table. */

const replicationFactors = new Set([
  'default.replication.factor',
  'offsets.topic.replication.factor',
  'transaction.state.log.replication.factor',
]);

/** default.replication.factor: three copies, as far as there are brokers for them. Brokers that are down at the moment count. */
export function defaultReplicationFactor(image: MetadataImage): number {
  return Math.min(Math.max(image.brokers.all().length, 1), 3);
}

/** min.insync.replicas: with three copies one may be away, and what is acknowledged still has two. */
export function defaultMinInsyncReplicas(replicationFactor: number): number {
  return replicationFactor >= 3 ? 2 : 1;
}

/** The default of a broker config that depends on the cluster; undefined for all that have a fixed one. */
export function computedBrokerDefault(image: MetadataImage, name: string): string | undefined {
  if (replicationFactors.has(name)) return String(defaultReplicationFactor(image));
  if (name === 'min.insync.replicas') return String(defaultMinInsyncReplicas(defaultReplicationFactor(image)));
  return undefined;
}
