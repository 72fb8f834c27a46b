import type { MetadataImage } from '#metadata';

/** How many partitions are in some trouble, and the names of a few. */
interface Partitions {
  count: number;
  readonly first: string[];
}

/** What of the cluster is not as it should be, by the metadata of one broker. */
export interface ClusterHealth {
  /** In a sentence without its stop; undefined when nothing is missing. */
  readonly trouble: string | undefined;
  readonly brokersOutOfService: readonly number[];
  readonly partitionsWithoutLeader: number;
  /** With a leader, and too few replicas in sync to be written to. */
  readonly partitionsBelowMinIsr: number;
  readonly partitionsUnderReplicated: number;
}

const shownNames = 3;

/**
 * Looks over all brokers and partitions.
 * @param noController why there is none, where that is so
 */
export function clusterHealth(
  image: MetadataImage,
  minInsyncReplicas: (topic: string, partition: number) => number,
  noController: string | undefined,
): ClusterHealth {
  const leaderless: Partitions = { count: 0, first: [] };
  const belowMin: Partitions = { count: 0, first: [] };
  let partitionsUnderReplicated = 0;
  for (const topic of image.topics.all()) {
    for (const { partition, leader, isr, replicas } of topic.partitions) {
      if (isr.length < replicas.length) partitionsUnderReplicated++;
      if (leader < 0) add(leaderless, topic.name, partition);
      else if (isr.length < replicas.length && isr.length < minInsyncReplicas(topic.name, partition)) add(belowMin, topic.name, partition);
    }
  }
  const brokersOutOfService = image.brokers
    .all()
    .filter(({ fenced }) => fenced)
    .map(({ id }) => id);
  const parts = [
    ...(noController === undefined ? [] : [noController]),
    ...(brokersOutOfService.length === 0 ? [] : [outOfService(brokersOutOfService)]),
    ...told(leaderless, 'no leader'),
    ...told(belowMin, 'fewer replicas in sync than min.insync.replicas'),
    ...(partitionsUnderReplicated === 0 ? [] : [`${counted(partitionsUnderReplicated)} not all of their replicas in sync`]),
  ];
  return {
    trouble: parts.length === 0 ? undefined : parts.join('; '),
    brokersOutOfService,
    partitionsWithoutLeader: leaderless.count,
    partitionsBelowMinIsr: belowMin.count,
    partitionsUnderReplicated,
  };
}

function add(partitions: Partitions, topic: string, partition: number): void {
  partitions.count++;
  if (partitions.first.length < shownNames) partitions.first.push(`${topic}-${partition}`);
}

function told({ count, first }: Partitions, what: string): string[] {
  if (count === 0) return [];
  return [`${counted(count)} ${what} (${first.join(', ')}${count > first.length ? ', ...' : ''})`];
}

function counted(partitions: number): string {
  return partitions === 1 ? '1 partition has' : `${partitions} partitions have`;
}

function outOfService(ids: readonly number[]): string {
  return ids.length === 1
    ? `broker ${ids[0]} is not in service`
    : `brokers ${ids.slice(0, -1).join(', ')} and ${ids.at(-1)} are not in service`;
}
