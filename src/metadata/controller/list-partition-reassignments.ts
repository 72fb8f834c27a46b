import type {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponseInput,
} from '#protocol/apis/list-partition-reassignments.ts';
import { isMoving } from './alter-partition-reassignments.ts';
import type { ControllerState, Decision } from './state.ts';

/** The partitions that are being moved, all of them or of those that are named. */
export function listPartitionReassignments(
  state: ControllerState,
  request: ListPartitionReassignmentsRequest,
): Decision<ListPartitionReassignmentsResponseInput> {
  const wanted =
    request.topics === null ? undefined : new Map(request.topics.map(({ name, partitionIndexes }) => [name, partitionIndexes]));
  const topics = state.image.topics
    .all()
    .map(({ name, partitions }) => ({
      name,
      partitions: partitions
        .filter((partition) => isMoving(partition) && (wanted === undefined || wanted.get(name)?.includes(partition.partition)))
        .map((partition) => ({
          partitionIndex: partition.partition,
          replicas: [...partition.replicas],
          addingReplicas: [...partition.addingReplicas],
          removingReplicas: [...partition.removingReplicas],
        })),
    }))
    .filter(({ partitions }) => partitions.length > 0);
  return { records: [], response: { throttleTimeMs: 0, errorCode: 'NONE', errorMessage: null, topics } };
}
