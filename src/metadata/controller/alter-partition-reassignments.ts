import { asKafkaError, KafkaError } from '#protocol';
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponseInput,
} from '#protocol/apis/alter-partition-reassignments.ts';
import type { MetadataRecord } from '#protocol/stored/metadata-record.ts';
import { quoted } from '../configs/parse.ts';
import { type PartitionImage, replicationFactorOf, type TopicImage } from '../image/image.ts';
import { checkAssignment } from './new-topic.ts';
import { changePartition } from './partition-change.ts';
import type { ControllerState, Decision } from './state.ts';

/**
 * Begins to move partitions to other brokers, or stops that (KIP-455), each partition for itself. While one moves it has the replicas of before and
 * those that come; when all that come are in sync, {@link changePartition} takes away those that go.
 */
export function alterPartitionReassignments(
  state: ControllerState,
  request: AlterPartitionReassignmentsRequest,
): Decision<AlterPartitionReassignmentsResponseInput> {
  const records: MetadataRecord[] = [];
  const seen = new Set<PartitionImage>();
  const responses = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, replicas }) => {
      try {
        const topic = state.image.topics.byName(name);
        const partition = topic?.partitions[partitionIndex];
        if (topic === undefined || partition === undefined) {
          throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no partition ${quoted(name)}-${partitionIndex}`);
        }
        if (seen.has(partition)) throw new KafkaError('INVALID_REQUEST', 'a partition is named more than once in the request');
        const record =
          replicas === null
            ? cancel(state, topic, partition)
            : move(state, topic, partition, replicas, request.allowReplicationFactorChange);
        seen.add(partition);
        if (record !== undefined) records.push(record);
        return { partitionIndex, errorCode: 'NONE' as const, errorMessage: null };
      } catch (thrown) {
        const error = asKafkaError(thrown);
        return { partitionIndex, errorCode: error.errorName, errorMessage: error.message };
      }
    }),
  }));
  const { allowReplicationFactorChange } = request;
  return { records, response: { throttleTimeMs: 0, allowReplicationFactorChange, errorCode: 'NONE', errorMessage: null, responses } };
}

/** Is the partition on its way to other brokers? */
export function isMoving({ addingReplicas, removingReplicas }: PartitionImage): boolean {
  return addingReplicas.length + removingReplicas.length > 0;
}

function move(
  state: ControllerState,
  topic: TopicImage,
  partition: PartitionImage,
  wanted: readonly number[],
  allowReplicationFactorChange: boolean,
): MetadataRecord | undefined {
  checkAssignment(state, partition.partition, wanted, wanted.length);
  const replicationFactor = replicationFactorOf(partition);
  if (!allowReplicationFactorChange && wanted.length !== replicationFactor) {
    throw new KafkaError(
      'INVALID_REPLICATION_FACTOR',
      `partition ${partition.partition} has ${replicationFactor} replicas, and the request does not allow to make them ${wanted.length}`,
    );
  }
  return redirect(state, topic, partition, wanted);
}

function cancel(state: ControllerState, topic: TopicImage, partition: PartitionImage): MetadataRecord | undefined {
  if (!isMoving(partition)) throw new KafkaError('NO_REASSIGNMENT_IN_PROGRESS', `partition ${partition.partition} is not being moved`);
  return redirect(state, topic, partition, replicasBefore(partition));
}

function replicasBefore({ replicas, addingReplicas }: PartitionImage): number[] {
  return replicas.filter((id) => !addingReplicas.includes(id));
}

/** What was coming, and is not wanted any more, goes at once. @throws KafkaError INVALID_REPLICA_ASSIGNMENT when only that could lead */
function redirect(
  state: ControllerState,
  topic: TopicImage,
  partition: PartitionImage,
  wanted: readonly number[],
): MetadataRecord | undefined {
  const before = replicasBefore(partition);
  const removingReplicas = before.filter((id) => !wanted.includes(id));
  const replicas = [...wanted, ...removingReplicas];
  const record = changePartition(state, topic, partition, {
    replicas,
    addingReplicas: wanted.filter((id) => !before.includes(id)),
    removingReplicas,
    isr: partition.isr.filter((id) => replicas.includes(id)),
    election: 'online',
  });
  if (partition.leader !== -1 && record?.name === 'PartitionChangeRecord' && record.value.leader === -1) {
    throw new KafkaError(
      'INVALID_REPLICA_ASSIGNMENT',
      `of the replicas that partition ${partition.partition} would keep none is in sync; wait until the move that is under way is done`,
    );
  }
  return record;
}
