import type { RequestRouter } from '#broker';
import { type PartitionImage, type TopicImage, unassignedDirectory } from '#metadata';
import { HttpProblem } from './problem.ts';

/**
 * 503: the partition cannot be served at the moment, and what it lacks.
 * @param what the beginning of the sentence, without its stop
 */
export function unavailable(router: RequestRouter, topic: TopicImage, partition: PartitionImage, code: string, what: string): HttpProblem {
  return new HttpProblem(503, code, `${what}: ${whatItLacks(router, topic, partition)}. ${whatToDo(router, partition)}`);
}

function whatItLacks(router: RequestRouter, topic: TopicImage, partition: PartitionImage): string {
  // Then what the metadata say is old, and nobody corrects it.
  if (!router.hasController) return 'the cluster has no controller that could name another leader, as a majority of its voters is down';
  const { replicas, isr } = partition;
  const down = replicas.filter((id) => router.image.brokers.get(id)?.fenced ?? true);
  const strangers = strangersOf(router, partition);
  if (replicas.length === 1) return `${named(replicas)}, which holds its only replica, ${stateOfOne(down.length, strangers.length)}`;
  const needed = router.minInsyncReplicas(topic.name, partition.partition);
  const state = `${isr.length} of its ${replicas.length} replicas ${isr.length === 1 ? 'is' : 'are'} in sync, and ${needed} ${needed === 1 ? 'is' : 'are'} needed to write`;
  const missing = [
    ...(down.length === 0 ? [] : [`${named(down)} ${down.length === 1 ? 'is' : 'are'} down`]),
    ...(strangers.length === 0 ? [] : [`${named(strangers)} came back without the data directory that holds it`]),
  ];
  return [...missing, state].join('; ');
}

function stateOfOne(down: number, strangers: number): string {
  if (down > 0) return 'is down';
  return strangers > 0 ? 'came back without the data directory that holds it' : 'is up';
}

function whatToDo(router: RequestRouter, partition: PartitionImage): string {
  if (strangersOf(router, partition).length === 0) return 'Nothing was done; try again.';
  return 'Nothing was done. Start it with that directory, or delete the topic.';
}

/** Brokers that came back with another data directory, an empty one perhaps: they do not lead what the old one held. */
function strangersOf({ image }: RequestRouter, { leader, replicas, directories }: PartitionImage): number[] {
  if (leader >= 0) return [];
  return replicas.filter((id, i) => {
    const broker = image.brokers.get(id);
    const directory = directories[i] ?? unassignedDirectory;
    return broker !== undefined && !broker.fenced && directory !== unassignedDirectory && !broker.directories.includes(directory);
  });
}

/** "broker 1", "brokers 1 and 2", "brokers 1, 2 and 3" */
export function named(brokerIds: readonly number[]): string {
  if (brokerIds.length === 1) return `broker ${brokerIds[0]}`;
  return `brokers ${brokerIds.slice(0, -1).join(', ')} and ${brokerIds.at(-1)}`;
}
