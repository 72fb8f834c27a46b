import { KafkaError } from '#protocol';
import { deleteGroups } from '#protocol/apis/delete-groups.ts';
import type { Cluster } from '../cluster.ts';
import { askCoordinator } from '../coordinator.ts';
import { describeGroup } from './describe-groups.ts';
import { inUse } from './in-use.ts';

/** Removes a group and its offsets. @throws KafkaError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP with the names of its members; NetworkError */
export async function deleteGroup(cluster: Cluster, groupId: string): Promise<void> {
  const { response, mayBeDone } = await askCoordinator(
    cluster,
    groupId,
    deleteGroups,
    { groupsNames: [groupId] },
    ({ results }) => results[0]!,
    { effect: 'write' },
  );
  const { errorCode, errorMessage } = response.results[0]!;
  if (errorCode === 'NONE' || (errorCode === 'GROUP_ID_NOT_FOUND' && mayBeDone)) return;
  if (errorCode === 'NON_EMPTY_GROUP') throw inUse(await describeGroup(cluster, groupId), 'be deleted');
  throw new KafkaError(
    errorCode,
    errorCode === 'GROUP_ID_NOT_FOUND' ? `there is no group ${groupId}` : (errorMessage ?? `group ${groupId}`),
  );
}
