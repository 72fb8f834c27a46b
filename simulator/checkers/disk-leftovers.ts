import type { SimulatedCluster } from '../simulated-cluster.ts';

const directory = '/data';
const partitionName = /^(.+)-(\d+)$/;

/** M7: the directories of partitions that no broker should have any more, by the metadata that it has itself. */
export function diskLeftovers(cluster: SimulatedCluster): string[] {
  return cluster.running.flatMap(({ name, broker }) => {
    const { image } = broker.router;
    return cluster.world
      .node(name)
      .disk.list(directory)
      .filter((entry) => {
        const [, topic, index] = partitionName.exec(entry) ?? [];
        if (topic === undefined || topic === '__cluster_metadata') return false;
        const partition = image.topics.byName(topic)?.partitions[Number(index)];
        return !partition?.replicas.includes(cluster.nodeIdOf(name));
      })
      .map((entry) => `${name}:${entry}`);
  });
}
