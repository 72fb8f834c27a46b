import type { RequestRouter } from '#broker';
import type { MetadataImage, PartitionImage, TopicImage } from '#metadata';
import type { Address } from '#platform';
import { HttpProblem } from './problem.ts';

/** Topics that brokers keep for themselves; lists for people leave them out. */
const internalTopics: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state']);

/** All topics but the internal ones, sorted by name. */
export function topicsToShow(image: MetadataImage): readonly TopicImage[] {
  return image.topics.all().filter((topic) => !internalTopics.has(topic.name));
}

/** @throws HttpProblem 404 */
export function findTopic(image: MetadataImage, name: string): TopicImage {
  const topic = image.topics.byName(name);
  if (topic === undefined) throw new HttpProblem(404, 'UNKNOWN_TOPIC_OR_PARTITION', `There is no topic ${quoted(name)}.`);
  return topic;
}

/** @throws HttpProblem 404 */
export function findPartition(topic: TopicImage, partition: number): PartitionImage {
  const found = topic.partitions[partition];
  if (found !== undefined) return found;
  const there = topic.partitions.length === 1 ? 'only partition 0' : `partitions 0 to ${topic.partitions.length - 1}`;
  throw new HttpProblem(404, 'UNKNOWN_TOPIC_OR_PARTITION', `Topic ${quoted(topic.name)} has ${there}, and no partition ${partition}.`);
}

/** host:port of the partition's owner: its leader, or while it has none the first of its replicas. */
export function ownerAddress(router: RequestRouter, partition: PartitionImage, local: Address | undefined): string {
  return brokerAddress(router, partition.leader >= 0 ? partition.leader : (partition.replicas[0] ?? -1), local);
}

/**
 * host:port under which clients reach the broker; empty for a broker that never registered.
 * @param local which of our addresses the client dialled
 */
export function brokerAddress(router: RequestRouter, brokerId: number, local?: Address): string {
  const address = router.addressOf(brokerId, local);
  if (address === undefined) return '';
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}...` : name);
}
