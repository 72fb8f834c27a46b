import type { Broker } from '#broker';
import type { MetadataImage, PartitionImage, TopicImage } from '#metadata';
import type { ClusterObserver, Member, SimulatedCluster } from '../simulated-cluster.ts';
import type { Timeline } from '../timeline.ts';
import { Violation } from '../violation.ts';

/** Looks at every image of the cluster's metadata, once: the first broker that has it shows it. */
export interface ImageChecker {
  check(image: MetadataImage, changed: readonly ChangedPartition[]): void;
}

export interface ChangedPartition {
  readonly topic: TopicImage;
  readonly partition: PartitionImage;
  readonly before: PartitionImage | undefined;
}

/**
 * Sees each broker's metadata as it grows: an offset never falls in one incarnation (M4), two brokers have the same image at the same offset (R7), and what
 * changes goes to the timeline and to the checkers of images.
 */
export class ImageWatch implements ClusterObserver {
  readonly #timeline: Timeline;
  readonly #checkers: readonly ImageChecker[];
  readonly #seen = new Map<Broker, MetadataImage>();
  #latest: MetadataImage | undefined;
  /** Leader changes of partitions, the first leaders not counted. */
  leaderChanges = 0;
  /** Changes of in-sync sets. */
  isrChanges = 0;

  constructor(timeline: Timeline, checkers: readonly ImageChecker[]) {
    this.#timeline = timeline;
    this.#checkers = checkers;
  }

  /** The newest image that any broker has shown. */
  get latest(): MetadataImage | undefined {
    return this.#latest;
  }

  afterEvent(_cluster: SimulatedCluster, member: Member | undefined): void {
    const broker = member?.broker;
    if (broker === undefined) return;
    const { image } = broker.router;
    const before = this.#seen.get(broker);
    if (before === image) return;
    this.#seen.set(broker, image);
    if (before !== undefined && image.offset < before.offset)
      throw new Violation('M4', `the metadata of ${member!.name} falls from ${before.offset} to ${image.offset}`);
    if (this.#latest !== undefined && image.offset <= this.#latest.offset) return;
    const changed = changedPartitions(this.#latest, image);
    this.#latest = image;
    for (const change of changed) this.#note(change);
    for (const checker of this.#checkers) checker.check(image, changed);
  }

  brokerClosed(_name: string, broker: Broker): void {
    this.#seen.delete(broker);
  }

  #note({ topic, partition, before }: ChangedPartition): void {
    const { leader, leaderEpoch, isr, elr, replicas } = partition;
    const name = `${topic.name}-${partition.partition}`;
    const state = `leader ${leader} (epoch ${leaderEpoch}), isr [${isr}]${elr.length > 0 ? `, elr [${elr}]` : ''}`;
    if (before === undefined) {
      this.#timeline.note(`${name}: replicas [${replicas}], ${state}`);
      return;
    }
    if (before.leader !== leader) this.leaderChanges++;
    if (!sameIds(before.isr, isr)) this.isrChanges++;
    this.#timeline.note(`${name}: ${sameIds(before.replicas, replicas) ? '' : `replicas [${replicas}], `}${state}`);
  }
}

function changedPartitions(before: MetadataImage | undefined, after: MetadataImage): ChangedPartition[] {
  if (before?.topics === after.topics) return [];
  const changed: ChangedPartition[] = [];
  for (const topic of after.topics.all()) {
    const old = before?.topics.byId(topic.id);
    if (old === topic) continue;
    for (const partition of topic.partitions) {
      const known = old?.partitions[partition.partition];
      if (known === undefined || !samePartition(known, partition)) changed.push({ topic, partition, before: known });
    }
  }
  return changed;
}

function samePartition(a: PartitionImage, b: PartitionImage): boolean {
  return a === b || (a.partitionEpoch === b.partitionEpoch && a.leaderEpoch === b.leaderEpoch);
}

function sameIds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}
