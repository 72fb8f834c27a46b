import type { MetadataImage } from '#metadata';
import type { SimulatedCluster } from '../simulated-cluster.ts';
import { Violation } from '../violation.ts';
import type { CommittedOffsets } from './committed-offsets.ts';
import type { ChangedPartition, ImageChecker } from './image-watch.ts';

/**
 * P5, P6: whenever it changes who leads, is in sync or is eligible, everybody among them who is up has all that was ever committed, and whoever is new in sync has
 * also all that the leader had when it began (KAFKA-7128), by a fetch of its present incarnation (KAFKA-15221).
 */
export class LeaderCandidates implements ImageChecker {
  readonly #cluster: () => SimulatedCluster;
  readonly #committed: CommittedOffsets;

  constructor(cluster: () => SimulatedCluster, committed: CommittedOffsets) {
    this.#cluster = cluster;
    this.#committed = committed;
  }

  check(image: MetadataImage, changed: readonly ChangedPartition[]): void {
    for (const { topic, partition, before } of changed) {
      const committed = this.#committed.of(topic.id, partition.partition);
      const where = `${topic.name}-${partition.partition}, leader ${partition.leader} (epoch ${partition.leaderEpoch}), isr [${partition.isr}], elr [${partition.elr}]`;
      for (const id of [...partition.isr, ...partition.elr]) {
        const end = this.#copy(id, topic.name, topic.id, partition.partition)?.log.logEndOffset;
        if (end !== undefined && end < committed)
          throw new Violation('P5', `${where}: broker ${id} may be elected and ends at ${end}, with ${committed} committed`);
      }
      const leader = this.#copy(partition.leader, topic.name, topic.id, partition.partition)?.leader;
      // When a move completes with it, another epoch begins: it has joined in the one before.
      if (leader === undefined || before?.leaderEpoch !== partition.leaderEpoch || leader.epoch !== partition.leaderEpoch) continue;
      for (const id of partition.isr) {
        if (before.isr.includes(id)) continue;
        const end = this.#copy(id, topic.name, topic.id, partition.partition)?.log.logEndOffset;
        // Somebody may have fetched since, but no other incarnation: that would be out of sync again.
        const incarnation = image.brokers.get(id)?.epoch;
        const fetchedAs = leader.progressOf(id)?.brokerEpoch;
        if (fetchedAs !== undefined && fetchedAs !== incarnation)
          throw new Violation('P6', `${where}: broker ${id} joins as incarnation ${incarnation}, and has fetched as ${fetchedAs}`);
        if (end !== undefined && end < leader.startOffset)
          throw new Violation('P6', `${where}: broker ${id} joins with ${end}, and the leader began at ${leader.startOffset}`);
      }
    }
  }

  #copy(nodeId: number, topic: string, topicId: string, index: number) {
    const cluster = this.#cluster();
    const name = cluster.nameOf(nodeId);
    const copy = name === undefined ? undefined : cluster.broker(name)?.partitions.replica(topic, index);
    return copy?.topicId === topicId ? copy : undefined;
  }
}
