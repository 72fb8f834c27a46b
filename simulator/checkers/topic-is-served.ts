import type { SimulatedCluster } from '../simulated-cluster.ts';
import { Violation } from '../violation.ts';

/** M1: a creation has been answered, so every broker in service knows the topic and has opened what it has of it. Not to be asked where disks fail or are full. */
export function checkServed(cluster: SimulatedCluster, topic: string): void {
  const latest = cluster.latestImage;
  for (const { name, broker } of cluster.running) {
    const nodeId = cluster.nodeIdOf(name);
    if (!broker.readiness().ready || (latest?.brokers.get(nodeId)?.fenced ?? true)) continue;
    const known = broker.router.image.topics.byName(topic);
    if (known === undefined) throw new Violation('M1', `${topic} was created, and ${name}, in service, does not know it`);
    for (const { partition, replicas } of known.partitions) {
      if (replicas.includes(nodeId) && broker.partitions.replica(topic, partition) === undefined)
        throw new Violation('M1', `${topic} was created, and ${name}, in service, has not opened ${topic}-${partition}`);
    }
  }
}
