import type { Partition } from '#replication';
import type { SimulatedCluster } from '../simulated-cluster.ts';
import { Violation } from '../violation.ts';

/**
 * P6, in the moment in which a leader asks for somebody to come into sync: that one has on its disk all that was in the log when the leadership began (KAFKA-7128), and
 * all that is known to be committed. Asked for is the incarnation that has fetched; when another one is there by now the controller will refuse it.
 */
export function checkJoiners(cluster: SimulatedCluster, where: string, { topic, topicId, index, leader, highWatermark }: Partition): void {
  const { epoch, startOffset, proposal, isr } = leader!;
  for (const { brokerId, brokerEpoch } of proposal?.isr ?? []) {
    if (isr.includes(brokerId)) continue;
    const name = cluster.nameOf(brokerId);
    const broker = name === undefined ? undefined : cluster.broker(name);
    const copy = broker?.partitions.replica(topic, index);
    if (copy?.topicId !== topicId || copy.following?.leaderEpoch !== epoch) continue;
    const registered = broker!.router.image.brokers.get(brokerId)?.epoch;
    if (brokerEpoch !== -1n && brokerEpoch !== registered) continue;
    const end = copy.log.flushedOffset;
    if (end < startOffset)
      throw new Violation('P6', `${where}: broker ${brokerId} is to come into sync with ${end}, and the leader began at ${startOffset}`);
    if (end < highWatermark)
      throw new Violation('P6', `${where}: broker ${brokerId} is to come into sync with ${end}, and ${highWatermark} is committed`);
  }
}
