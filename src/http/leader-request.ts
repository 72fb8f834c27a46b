import type { RequestRouter, Target } from '#broker';
import { type PartitionImage, type TopicImage, unassignedDirectory } from '#metadata';
import { type Clock, sleep } from '#platform';
import type { ErrorName } from '#protocol';
import { brokerAddress, findPartition } from './partitions.ts';
import { type Effect, HttpProblem, problemOfErrorName, problemOfThrown } from './problem.ts';

/** How long to wait for metadata that names another leader, after the one asked said it is not. */
const newLeaderWaitMs = 2_000;
const lookAgainMs = 20;

/** Errors that say for certain that nothing was done, because the wrong broker was asked. */
const notTheLeader: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
]);

/** A leader's answer for one partition. */
export interface LeaderAnswer {
  errorCode: ErrorName;
  errorMessage?: string | null;
  /** Of a produce: beside an error it says that the records were appended before it came about. */
  baseOffset?: bigint;
}

/**
 * Asks the leader of a partition. When the one asked is not, or not yet, the leader, waits for newer metadata and asks once more; any
 * other failure is final, so that nothing is done twice.
 * @param ask sends the request to the broker it is given and picks out this partition's answer
 * @throws HttpProblem for every failure but the errors in `expected`, which are returned
 */
export async function askLeader<T extends LeaderAnswer>(
  { router, clock }: { router: RequestRouter; clock: Clock },
  topicId: string,
  partitionIndex: number,
  effect: Effect,
  ask: (to: Target, topic: TopicImage) => Promise<T | undefined>,
  expected: readonly ErrorName[] = [],
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const { topic, partition } = current(router, topicId, partitionIndex);
    if (partition.leader < 0) {
      throw new HttpProblem(
        503,
        'LEADER_NOT_AVAILABLE',
        `Partition ${topic.name}-${partitionIndex} has no leader: ${whyLeaderless(router, partition)}`,
      );
    }
    const owner = `Broker ${partition.leader} at ${brokerAddress(router.image, partition.leader) || 'an unknown address'}`;
    const answer = await ask(partition.leader === router.nodeId ? 'local' : partition.leader, topic).catch((thrown: unknown) => {
      throw problemOfThrown(thrown, effect, owner);
    });
    if (answer === undefined)
      throw new HttpProblem(500, 'UNKNOWN_SERVER_ERROR', `${owner} answered without ${topic.name}-${partitionIndex}.`);
    if (answer.errorCode === 'NONE' || expected.includes(answer.errorCode)) return answer;
    // A leadership that ended while the records waited to be committed: another leader may have them or not (KAFKA-13574).
    if (effect === 'write' && (answer.baseOffset ?? -1n) >= 0n) throw problemOfErrorName('REQUEST_TIMED_OUT', effect, answer.errorMessage);
    if (!notTheLeader.has(answer.errorCode)) throw problemOfErrorName(answer.errorCode, effect, answer.errorMessage);
    if (attempt > 1 || !(await metadataMovedOn(router, clock, topicId, partition))) {
      throw new HttpProblem(
        503,
        answer.errorCode,
        `${owner} does not lead ${topic.name}-${partitionIndex} at the moment. Nothing was done; try again.`,
      );
    }
  }
}

function current(router: RequestRouter, topicId: string, partitionIndex: number): { topic: TopicImage; partition: PartitionImage } {
  const topic = router.image.topics.byId(topicId);
  if (topic === undefined) throw new HttpProblem(404, 'UNKNOWN_TOPIC_OR_PARTITION', 'The topic was deleted meanwhile.');
  return { topic, partition: findPartition(topic, partitionIndex) };
}

/** A broker that came back with another data directory, an empty one perhaps, does not lead what the old one held. */
function whyLeaderless({ image }: RequestRouter, { replicas, directories }: PartitionImage): string {
  const strangers = replicas.filter((id, i) => {
    const broker = image.brokers.get(id);
    const directory = directories[i] ?? unassignedDirectory;
    return broker !== undefined && !broker.fenced && directory !== unassignedDirectory && !broker.directories.includes(directory);
  });
  return strangers.length === 0
    ? 'its broker is down. Try again.'
    : `broker ${strangers.join(' and ')} is up, but not with the data directory that holds it. Start it with that one, or delete the topic.`;
}

/** Waits until the topic is gone or the partition has another leadership than `seen`; false when that does not come in time. */
async function metadataMovedOn(router: RequestRouter, clock: Clock, topicId: string, seen: PartitionImage): Promise<boolean> {
  const deadline = clock.monotonic() + newLeaderWaitMs;
  while (clock.monotonic() < deadline) {
    const partition = router.image.topics.byId(topicId)?.partitions[seen.partition];
    if (partition === undefined || partition.leader !== seen.leader || partition.leaderEpoch !== seen.leaderEpoch) return true;
    await sleep(clock, lookAgainMs);
  }
  return false;
}
