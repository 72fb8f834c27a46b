import { partitionForKey } from '#coordinators';
import type { SimulatedCluster } from '../simulated-cluster.ts';

/** Whether a host coordinates a group, as the newest metadata say that any broker has. */
export function coordinates(cluster: SimulatedCluster, group: string, host: string): boolean {
  const partitions = cluster.latestImage?.topics.byName('__consumer_offsets')?.partitions;
  return partitions !== undefined && cluster.nameOf(partitions[partitionForKey(group, partitions.length)]!.leader) === host;
}
