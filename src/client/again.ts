import { NetworkError, sleep } from '#platform';
import { type ErrorName, KafkaError } from '#protocol';
import type { Cluster } from './cluster.ts';

const firstPauseMs = 20;
const longestPauseMs = 250;

/** Errors that pass when a leader or a coordinator has been found, or has made up its mind. */
const passing: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'UNSTABLE_OFFSET_COMMIT',
  'CONCURRENT_TRANSACTIONS',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'BROKER_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'NETWORK_EXCEPTION',
  'REQUEST_TIMED_OUT',
  'UNKNOWN_TOPIC_ID',
  'UNKNOWN_TOPIC_OR_PARTITION',
]);

/** May another try find better? */
export function isPassing(name: ErrorName): boolean {
  return passing.has(name);
}

/** The same of what was thrown: of one that nobody answers, too. */
export function isPassingFailure(error: unknown): error is NetworkError | KafkaError {
  return error instanceof NetworkError || (error instanceof KafkaError && isPassing(error.errorName));
}

/**
 * Tries what may be done more than once until it works, or its time is over.
 * @param effect whether it matters that it may have been carried out though nobody can tell
 * @param attempt told whether an earlier one may have taken effect
 * @throws KafkaError, NetworkError ECONNREFUSED when nothing was done; NetworkError with any other code when that is not known
 */
export async function tryAgain<T>(cluster: Cluster, effect: 'read' | 'write', attempt: (mayBeDone: boolean) => Promise<T>): Promise<T> {
  const deadline = cluster.clock.monotonic() + cluster.patienceMs;
  let doubt: NetworkError | undefined;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    try {
      return await attempt(doubt !== undefined);
    } catch (error) {
      const isUnanswered = error instanceof NetworkError && error.code !== 'ECONNREFUSED';
      if (effect === 'write' && isUnanswered) doubt ??= error;
      if (!isPassingFailure(error)) throw error;
      if (cluster.clock.monotonic() + pauseMs > deadline)
        throw doubt ?? (isUnanswered ? new KafkaError('NETWORK_EXCEPTION', error.message, { cause: error }) : error);
    }
    await sleep(cluster.clock, pauseMs);
  }
}

/** Does `act` for each, at most so many at a time. @returns the outcomes in the order of the items */
export async function eachOf<T, R>(items: readonly T[], atOnce: number, act: (item: T) => Promise<R>): Promise<R[]> {
  const outcomes: R[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      outcomes[index] = await act(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return outcomes;
}
