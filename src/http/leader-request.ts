import type { RequestRouter, Target } from '#broker';
import type { PartitionImage, TopicImage } from '#metadata';
import { type Clock, NetworkError, sleep } from '#platform';
import { type ErrorName, KafkaError } from '#protocol';
import { brokerAddress, findPartition } from './partitions.ts';
import {
  type Effect,
  HttpProblem,
  isOutcomeUnknown,
  outcomeUnknown,
  problemOfErrorName,
  problemOfThrown,
  wasNeverSent,
} from './problem.ts';
import { unavailable } from './unavailable.ts';

/** A try that failed is repeated after so long, or as soon as the metadata name another leadership. */
const pauseMs = 50;
const lookAgainMs = 20;
/** While an answer is waited for: how often to see whether the broker that was asked still leads. */
const stillLeaderMs = 100;

/** Errors that say for certain that nothing was done, and that another try may find better. */
const notNow: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'NOT_ENOUGH_REPLICAS',
  'OFFSET_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'BROKER_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
]);

/** What a request needs to find its way. */
export interface Surroundings {
  readonly router: RequestRouter;
  readonly clock: Clock;
}

/** The partition that a request is for. */
export interface PartitionKey {
  readonly topicId: string;
  readonly partition: number;
}

/** A leader's answer for one partition. */
export interface LeaderAnswer {
  errorCode: ErrorName;
  errorMessage?: string | null;
  /** Of a produce: beside an error it says that the records were appended before it came about. */
  baseOffset?: bigint;
}

/** What became of one request to the leader. */
export type Tried<T> =
  | { readonly outcome: 'answered'; readonly answer: T }
  /** For certain nothing was done; another try may go better. */
  | { readonly outcome: 'not-now'; readonly problem: HttpProblem; readonly seen: PartitionImage }
  /** For certain nothing was done, and another try would be refused as well. */
  | { readonly outcome: 'refused'; readonly problem: HttpProblem; readonly errorCode: ErrorName }
  /** It may have taken effect, or may do so later. */
  | { readonly outcome: 'unknown'; readonly problem: HttpProblem; readonly seen: PartitionImage };

/** Sends the request to the broker it is given and picks out this partition's answer. */
export type Ask<T> = (to: Target, topic: TopicImage, partition: PartitionImage) => Promise<T | undefined>;

/**
 * Reads from the leader of a partition, and waits for one that can be read from.
 * @param deadline monotonic time of the last try
 * @throws HttpProblem for every failure but the errors in `expected`, which are returned
 */
export async function readFromLeader<T extends LeaderAnswer>(
  surroundings: Surroundings,
  key: PartitionKey,
  deadline: number,
  ask: Ask<T>,
  expected: readonly ErrorName[] = [],
): Promise<T> {
  for (;;) {
    const tried = await tryLeader(surroundings, key, 'read', ask, expected);
    if (tried.outcome === 'answered') return tried.answer;
    if (tried.outcome === 'refused' || !(await mayTryAgain(surroundings, key, tried.seen, deadline))) throw tried.problem;
  }
}

/** Asks the leader that the metadata name, once. @throws HttpProblem 404 when there is no such partition (any more) */
export async function tryLeader<T extends LeaderAnswer>(
  surroundings: Surroundings,
  key: PartitionKey,
  effect: Effect,
  ask: Ask<T>,
  expected: readonly ErrorName[] = [],
): Promise<Tried<T>> {
  const { router } = surroundings;
  const { topic, partition: seen } = current(router, key);
  const name = `${topic.name}-${key.partition}`;
  const notNowBecause = (code: ErrorName, what: string): Tried<T> => ({
    outcome: 'not-now',
    problem: unavailable(router, topic, seen, code, what),
    seen,
  });
  if (seen.leader < 0) return notNowBecause('LEADER_NOT_AVAILABLE', `Partition ${name} has no leader`);
  const leader = `Broker ${seen.leader} at ${brokerAddress(router, seen.leader) || 'an unknown address'}`;
  let answer: T | undefined;
  try {
    answer = await whileItLeads(surroundings, key, seen, ask(seen.leader === router.nodeId ? 'local' : seen.leader, topic, seen));
  } catch (thrown) {
    if (thrown instanceof NetworkError && wasNeverSent(thrown))
      return notNowBecause('BROKER_NOT_AVAILABLE', `${leader} does not answer (${thrown.code})`);
    if (thrown instanceof KafkaError && notNow.has(thrown.errorName)) return notNowBecause(thrown.errorName, thrown.message);
    const problem = problemOfThrown(thrown, effect, leader);
    if (!(problem instanceof HttpProblem)) throw problem;
    if (isOutcomeUnknown(problem) || thrown instanceof NetworkError) return { outcome: 'unknown', problem, seen };
    return { outcome: 'refused', problem, errorCode: problem.code as ErrorName };
  }
  if (answer === undefined) throw new HttpProblem(500, 'UNKNOWN_SERVER_ERROR', `${leader} answered without ${name}.`);
  const { errorCode, errorMessage } = answer;
  if (errorCode === 'NONE' || expected.includes(errorCode)) return { outcome: 'answered', answer };
  // A leadership that ended while the records waited to be committed: another leader may have them or not (KAFKA-13574).
  if (effect === 'write' && (answer.baseOffset ?? -1n) >= 0n) {
    return { outcome: 'unknown', problem: outcomeUnknown(errorMessage || `${leader} could not finish the write to ${name}`), seen };
  }
  if (errorCode === 'NOT_ENOUGH_REPLICAS') return notNowBecause(errorCode, `Partition ${name} has too few replicas in sync`);
  if (errorCode === 'OFFSET_NOT_AVAILABLE')
    return notNowBecause(errorCode, `${leader} leads ${name} since a moment ago and still learns what it holds`);
  if (notNow.has(errorCode)) return notNowBecause(errorCode, `${leader} does not lead ${name} at the moment`);
  const problem = problemOfErrorName(errorCode, effect, errorMessage);
  return isOutcomeUnknown(problem) ? { outcome: 'unknown', problem, seen } : { outcome: 'refused', problem, errorCode };
}

/** Waits a little, and no longer than until another leadership is known than `seen`. @returns false when the time for all tries is over */
export async function mayTryAgain(
  { router, clock }: Surroundings,
  key: PartitionKey,
  seen: PartitionImage,
  deadline: number,
): Promise<boolean> {
  const until = clock.monotonic() + pauseMs;
  if (until > deadline) return false;
  while (clock.monotonic() < until && !hasMovedOn(router, key, seen)) await sleep(clock, lookAgainMs);
  return true;
}

function current(router: RequestRouter, { topicId, partition }: PartitionKey): { topic: TopicImage; partition: PartitionImage } {
  const topic = router.image.topics.byId(topicId);
  if (topic === undefined) throw new HttpProblem(404, 'UNKNOWN_TOPIC_OR_PARTITION', 'The topic was deleted meanwhile.');
  return { topic, partition: findPartition(topic, partition) };
}

function hasMovedOn(router: RequestRouter, key: PartitionKey, seen: PartitionImage): boolean {
  const partition = router.image.topics.byId(key.topicId)?.partitions[key.partition];
  return partition === undefined || partition.leader !== seen.leader || partition.leaderEpoch !== seen.leaderEpoch;
}

/** The answer, unless it does not come and another leadership has begun: a leader that hangs is not waited for once it is replaced. */
function whileItLeads<T>({ router, clock }: Surroundings, key: PartitionKey, seen: PartitionImage, asked: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const look = () => {
      // A leader that has been replaced may just be about to say so: it is given until the next look.
      if (isOver) return reject(new NetworkError('ETIMEDOUT', 'no answer, and another leadership has begun'));
      isOver = hasMovedOn(router, key, seen);
      timer = clock.after(stillLeaderMs, look);
    };
    let timer = clock.after(stillLeaderMs, look);
    asked.then(resolve, reject).finally(() => timer.cancel());
  });
}
