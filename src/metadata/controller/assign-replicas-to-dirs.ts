import type { ErrorName } from '#protocol';
import type { AssignReplicasToDirsRequest, AssignReplicasToDirsResponseInput } from '#protocol/apis/assign-replicas-to-dirs.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { isReservedDirectory, lostDirectory } from '../image/directory-ids.ts';
import type { BrokerImage, PartitionImage } from '../image/image.ts';
import { isLastEligible } from './new-incarnation.ts';
import { changePartition, holdsReplica, type PartitionTarget } from './partition-change.ts';
import type { ControllerState, Decision } from './state.ts';

/**
 * A broker says where its replicas lie (KIP-858). A replica whose log is damaged, or whose directory has failed, lies in none (the id of lost directories,
 * or of one that does not work): it leaves ISR and ELR, and leads nothing. When it is later told to lie in a directory that works it has begun anew there.
 */
export function assignReplicasToDirs(
  state: ControllerState,
  request: AssignReplicasToDirsRequest,
): Decision<AssignReplicasToDirsResponseInput> {
  const broker = state.image.brokers.get(request.brokerId);
  if (broker === undefined || broker.epoch !== request.brokerEpoch) {
    return { records: [], response: { throttleTimeMs: 0, errorCode: 'STALE_BROKER_EPOCH', directories: [] } };
  }
  const records: MetadataRecord[] = [];
  const seen = new Set<PartitionImage>();
  const directories = request.directories.map(({ id, topics }) => ({
    id,
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex }) => {
        const errorCode = assign(topicId, partitionIndex, id);
        return { partitionIndex, errorCode };
      }),
    })),
  }));
  return { records, response: { throttleTimeMs: 0, errorCode: 'NONE', directories } };

  function assign(topicId: string, partitionIndex: number, directory: string): ErrorName {
    const topic = state.image.topics.byId(topicId);
    if (topic === undefined) return 'UNKNOWN_TOPIC_ID';
    const partition = topic.partitions[partitionIndex];
    if (partition === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
    if (!partition.replicas.includes(broker!.id)) return 'NOT_LEADER_OR_FOLLOWER';
    if (seen.has(partition) || (isReservedDirectory(directory) && directory !== lostDirectory)) return 'INVALID_REQUEST';
    const target = targetOf(broker!, partition, directory);
    if (target === undefined) return 'ELIGIBLE_LEADERS_NOT_AVAILABLE';
    seen.add(partition);
    const record = changePartition(state, topic, partition, target);
    if (record !== undefined) records.push(record);
    return 'NONE';
  }
}

/**
 * Undefined for a replica that would begin anew although no other has what was acknowledged: what is left of its log stays on record, for an operator to
 * repair or to give up by an unclean election.
 */
function targetOf(broker: BrokerImage, partition: PartitionImage, directory: string): PartitionTarget | undefined {
  const directories = new Map([[broker.id, directory]]);
  const works = broker.directories.includes(directory);
  if (works && holdsReplica(broker, partition)) return { directories };
  const isLast = isLastEligible(partition, broker.id);
  if (works && isLast) return undefined;
  return {
    directories,
    isr: partition.isr.filter((id) => id !== broker.id),
    emptyReplicas: isLast ? [] : [broker.id],
  };
}
