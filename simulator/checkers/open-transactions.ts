import type { SimulatedCluster } from '../simulated-cluster.ts';

/** A partition in which a transaction is open still (T7); undefined when there is none, and all are led. */
export function openTransaction(cluster: SimulatedCluster): string | undefined {
  for (const { name, partitions } of cluster.latestImage?.topics.all() ?? []) {
    for (const { partition, leader } of partitions) {
      const copy = cluster.broker(cluster.nameOf(leader) ?? cluster.names[0]!)?.partitions.replica(name, partition);
      if (copy?.leader === undefined) return `${name}-${partition} has no leader`;
      if (copy.lastStableOffset !== copy.log.logEndOffset)
        return `${name}-${partition} is stable up to ${copy.lastStableOffset} and ends at ${copy.log.logEndOffset}`;
    }
  }
  return undefined;
}
