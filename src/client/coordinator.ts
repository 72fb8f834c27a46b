import { NetworkError } from '#platform';
import { type Api, type ErrorName, KafkaError, type RequestInput, type ResponseOf } from '#protocol';
import { findCoordinator } from '#protocol/apis/find-coordinator.ts';
import { isPassing, tryAgain } from './again.ts';
import type { Cluster, SendOptions } from './cluster.ts';

/** What is coordinated, as FindCoordinator numbers it. */
const keyTypes = { group: 0, 'transactional id': 1 } as const;
/** What was written may still be committed. */
const notCommittedYet: ReadonlySet<ErrorName> = new Set<ErrorName>(['COORDINATOR_NOT_AVAILABLE', 'REQUEST_TIMED_OUT']);

/** An answer, and the broker that gave it. */
export interface CoordinatorAnswer<R> {
  readonly response: R;
  readonly coordinator: number;
  /** An earlier try got no answer and may have taken effect. */
  readonly mayBeDone: boolean;
}

/** What an answer says of itself as a whole. */
export interface Outcome {
  readonly errorCode: ErrorName;
  readonly errorMessage?: string | null;
}

/**
 * Asks the coordinator of a group something that may be asked twice, and while there is none, or it does not know yet, again.
 * @param outcome the error in an answer; one that passes is not returned but tried again
 * @param effect whether it matters that it may have been carried out though nobody can tell
 * @throws KafkaError, NetworkError as {@link tryAgain} does
 */
export function askCoordinator<A extends Api>(
  cluster: Cluster,
  groupId: string,
  api: A,
  request: RequestInput<A>,
  outcome: (response: ResponseOf<A>) => Outcome,
  { effect = 'read', ...options }: SendOptions & { readonly effect?: 'read' | 'write' } = {},
): Promise<CoordinatorAnswer<ResponseOf<A>>> {
  return tryAgain(cluster, effect, async (mayBeDone) => {
    const coordinator = await coordinatorOf(cluster, groupId);
    const response = await cluster.send(coordinator, api, request, options);
    const { errorCode, errorMessage } = outcome(response);
    if (errorCode !== 'NONE' && isPassing(errorCode)) {
      const why = errorMessage || `the coordinator of group ${groupId}`;
      if (effect === 'write' && notCommittedYet.has(errorCode)) throw new NetworkError('ETIMEDOUT', why);
      throw new KafkaError(errorCode, why);
    }
    return { response, coordinator, mayBeDone };
  });
}

/** The broker that looks after a group, or a transactional id. @throws KafkaError COORDINATOR_NOT_AVAILABLE while there is none */
export async function coordinatorOf(cluster: Cluster, key: string, type: keyof typeof keyTypes = 'group'): Promise<number> {
  const response = await cluster.send('anyone', findCoordinator, { keyType: keyTypes[type], coordinatorKeys: [key] });
  const found = response.coordinators[0];
  if (found === undefined) throw new KafkaError('COORDINATOR_NOT_AVAILABLE', `nobody says who coordinates ${type} ${key}`);
  if (found.errorCode !== 'NONE') throw new KafkaError(found.errorCode, found.errorMessage || `the coordinator of ${type} ${key}`);
  return found.nodeId;
}
