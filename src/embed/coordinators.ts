import { findCoordinator } from '#protocol/apis/find-coordinator.ts';
import { listGroups } from '#protocol/apis/list-groups.ts';
import { listTransactions } from '#protocol/apis/list-transactions.ts';
import type { DirectCluster } from './direct-cluster.ts';

/** Some key: whose coordinator is asked for does not matter. */
const anyKey = 'anyone';
const keyTypes = [0, 1];

/**
 * Makes the topics of the coordinators, if they are not there, and looks whether every coordinator answers.
 * @returns what does not yet, in words; undefined when all do
 */
export async function whyNoCoordinators(cluster: DirectCluster): Promise<string | undefined> {
  const answers = await Promise.all(
    keyTypes.map((keyType) => cluster.send('anyone', findCoordinator, { keyType, coordinatorKeys: [anyKey] })),
  );
  const missing = answers.map(({ coordinators }) => coordinators[0]!).find(({ errorCode }) => errorCode !== 'NONE');
  if (missing !== undefined) return missing.errorMessage ?? missing.errorCode;
  // A broker lists what it coordinates only when all of that is loaded.
  for (const { id } of cluster.up) {
    const groups = await cluster.send(id, listGroups, { statesFilter: [], typesFilter: [] });
    const transactions = await cluster.send(id, listTransactions, { stateFilters: [], producerIdFilters: [] });
    const errorCode = groups.errorCode === 'NONE' ? transactions.errorCode : groups.errorCode;
    if (errorCode !== 'NONE') return `broker ${id}: ${errorCode}`;
  }
  return undefined;
}
