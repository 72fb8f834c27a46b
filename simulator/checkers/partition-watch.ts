import type { Broker } from '#broker';
import type { MetadataImage } from '#metadata';
import type { Partition } from '#replication';
import type { ClusterObserver, Member, SimulatedCluster } from '../simulated-cluster.ts';
import { Violation } from '../violation.ts';
import type { CommittedOffsets } from './committed-offsets.ts';
import { checkJoiners } from './joiners.ts';
import { minIsrOf } from './min-isr.ts';

/** A broker's list of partitions is made anew after so many of its events; what it holds is looked at after each. */
const listEvery = 25;

interface Seen {
  readonly epoch: number;
  readonly highWatermark: bigint;
  readonly partitionEpoch: number;
  readonly proposal: object | undefined;
}

interface Watched {
  image: MetadataImage;
  /** The one before, which was in force when the event began. */
  imageBefore: MetadataImage;
  partitions: readonly Partition[];
  events: number;
  readonly seen: Map<Partition, Seen>;
}

/**
 * P3, P5, P6, P8, while everything goes on: the high watermark of a leader never falls within its epoch; it rises only as far as all who are in sync, or may be, have
 * the log on their disks; and it stands still while fewer are in sync than min.insync.replicas demands. When it rises, everybody whom the controller might elect
 * has all below it.
 */
export class PartitionWatch implements ClusterObserver {
  readonly #committed: CommittedOffsets;
  readonly #latestImage: () => MetadataImage | undefined;
  readonly #mayLose: boolean;
  readonly #watched = new Map<Broker, Watched>();
  /** What is known to be on the disk of a replica whose broker is down. */
  readonly #lastFlushed = new Map<string, bigint>();

  constructor(options: { committed: CommittedOffsets; latestImage: () => MetadataImage | undefined; mayLose: boolean }) {
    this.#committed = options.committed;
    this.#latestImage = options.latestImage;
    this.#mayLose = options.mayLose;
    options.committed.lookAgain = () => {
      for (const broker of this.#watched.keys()) this.#raiseAll(broker);
    };
  }

  /** A broker that takes over many changes at once may lead with a smaller in-sync set, by which more is committed, and lead no more, all in one event. */
  brokerOpened(_name: string, broker: Broker): void {
    broker.partitions.onLeadership(({ topicId, index, highWatermark }, leaderEpoch) => {
      if (leaderEpoch === undefined) this.#committed.raise(topicId, index, highWatermark);
    });
  }

  brokerClosed(name: string, broker: Broker): void {
    this.#raiseAll(broker);
    for (const { topicId, index, log } of this.#watched.get(broker)?.partitions ?? []) {
      this.#lastFlushed.set(`${name} ${topicId} ${index}`, log.flushedOffset);
    }
    this.#watched.delete(broker);
  }

  afterEvent(cluster: SimulatedCluster, member: Member | undefined): void {
    if (member?.broker === undefined) return;
    const watched = this.#refresh(member.broker);
    for (const partition of watched.partitions) {
      const { leaderEpoch } = partition;
      if (leaderEpoch !== undefined) this.#look(cluster, member.name, watched, partition, leaderEpoch);
    }
    watched.imageBefore = watched.image;
  }

  /** What was committed counts, also where nobody has looked closely. */
  #raiseAll(broker: Broker): void {
    for (const { leader, topicId, index, highWatermark } of broker.partitions.all()) {
      if (leader !== undefined) this.#committed.raise(topicId, index, highWatermark);
    }
  }

  #refresh(broker: Broker): Watched {
    const { image } = broker.router;
    let watched = this.#watched.get(broker);
    if (watched === undefined) {
      watched = { image, imageBefore: image, partitions: [], events: 0, seen: new Map() };
      this.#watched.set(broker, watched);
    }
    if (watched.image !== image || ++watched.events >= listEvery) {
      watched.image = image;
      watched.events = 0;
      watched.partitions = broker.partitions.all();
    }
    return watched;
  }

  #look(cluster: SimulatedCluster, name: string, watched: Watched, partition: Partition, epoch: number): void {
    const { highWatermark } = partition;
    const { partitionEpoch, proposal } = partition.leader!;
    const known = watched.seen.get(partition);
    const isKnown = known?.epoch === epoch && known.partitionEpoch === partitionEpoch && known.proposal === proposal;
    if (isKnown && known.highWatermark === highWatermark) return;
    watched.seen.set(partition, { epoch, highWatermark, partitionEpoch, proposal });
    const where = `${name} leads ${partition.name} in epoch ${epoch}`;
    if (proposal !== undefined && proposal !== known?.proposal && !this.#mayLose) checkJoiners(cluster, where, partition);
    if (known?.epoch === epoch) {
      if (highWatermark < known.highWatermark)
        throw new Violation('P3', `${where}: its high watermark falls from ${known.highWatermark} to ${highWatermark}`);
      // In an event that brings other sets as well it may have risen under any of them.
      if (highWatermark > known.highWatermark && partitionEpoch === known.partitionEpoch) this.#checkEnough(where, watched, partition);
    }
    const isNews = this.#committed.raise(partition.topicId, partition.index, highWatermark);
    if (isNews && !this.#mayLose) this.#checkCopies(cluster, where, partition);
  }

  #checkEnough(where: string, { image, imageBefore }: Watched, { topic, leader, highWatermark, index }: Partition): void {
    const needed = Math.min(...[image, imageBefore].map((seen) => minIsrOf(topic, seen.topics.byName(topic)?.partitions[index], seen)));
    const { isr } = leader!;
    if (isr.length < needed)
      throw new Violation('P8', `${where}: the high watermark rises to ${highWatermark} with [${isr}] in sync of ${needed} needed`);
  }

  #checkCopies(cluster: SimulatedCluster, where: string, partition: Partition): void {
    const { topicId, index, highWatermark } = partition;
    const { epoch, isr, proposal } = partition.leader!;
    const candidates = this.#latestImage()?.topics.byId(topicId)?.partitions[index];
    // Who has left since the leadership ended, which its leader does not know yet, may have given up its copy for a new one.
    const hasLeft = (id: number) => candidates !== undefined && candidates.leaderEpoch > epoch && !candidates.isr.includes(id);
    for (const id of new Set([...isr, ...(proposal?.isr.map(({ brokerId }) => brokerId) ?? [])])) {
      if (hasLeft(id)) continue;
      const name = cluster.nameOf(id);
      const isUp = name !== undefined && cluster.broker(name) !== undefined;
      // One that is up and has no copy has deleted the topic already.
      const end = isUp ? this.#copyOf(cluster, id, partition)?.log.flushedOffset : this.#lastFlushed.get(`${name} ${topicId} ${index}`);
      if (end !== undefined && end < highWatermark)
        throw new Violation('P3', `${where}: its high watermark is ${highWatermark}; broker ${id}, in sync, has ${end} on its disk`);
    }
    for (const id of candidates === undefined ? [] : [...candidates.isr, ...candidates.elr]) {
      const end = this.#copyOf(cluster, id, partition)?.log.logEndOffset;
      if (end !== undefined && end < highWatermark)
        throw new Violation('P5', `${where}: its high watermark is ${highWatermark}; broker ${id}, who may be elected, ends at ${end}`);
    }
  }

  #copyOf(cluster: SimulatedCluster, nodeId: number, { topic, topicId, index }: Partition): Partition | undefined {
    const name = cluster.nameOf(nodeId);
    const copy = name === undefined ? undefined : cluster.broker(name)?.partitions.replica(topic, index);
    return copy?.topicId === topicId ? copy : undefined;
  }
}
