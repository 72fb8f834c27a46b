import type { Partition } from '#replication';
import type { Context } from './context.ts';

/** Kafka's name for the choice by rack; any other value, or none, has every consumer read from the leader. */
const rackAware = 'org.apache.kafka.common.replica.RackAwareReplicaSelector';

/**
 * A follower that is in the consumer's rack while the leader is not, and that has what it asks for (KIP-392): the one that is furthest, of those in sync. Undefined where
 * the consumer should go on with the replica that it has asked.
 */
export function nearerReplica(partition: Partition, fetchOffset: bigint, rack: string, context: Context): number | undefined {
  const { leader } = partition;
  const { image, configs, nodeId } = context;
  if (rack === '' || leader === undefined || configs.broker(image, 'replica.selector.class') !== rackAware) return undefined;
  if (image.brokers.get(nodeId)?.rack === rack) return undefined;
  let nearest: { id: number; logEndOffset: bigint } | undefined;
  for (const id of leader.isr) {
    const broker = image.brokers.get(id);
    const progress = leader.progressOf(id);
    if (broker === undefined || broker.fenced || broker.rack !== rack || progress === undefined) continue;
    const { logEndOffset } = progress;
    if (logEndOffset < fetchOffset || progress.logStartOffset > fetchOffset) continue;
    if (nearest === undefined || logEndOffset > nearest.logEndOffset) nearest = { id, logEndOffset };
  }
  return nearest?.id;
}
