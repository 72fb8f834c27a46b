import { type ErrorName, KafkaError } from '#protocol';
import { offsetCommit } from '#protocol/apis/offset-commit.ts';
import { offsetDelete } from '#protocol/apis/offset-delete.ts';
import { offsetFetch } from '#protocol/apis/offset-fetch.ts';
import { isPassing } from '../again.ts';
import type { Cluster } from '../cluster.ts';
import { askCoordinator } from '../coordinator.ts';
import { type KnownTopic, readMetadata, type TopicPartition } from '../metadata.ts';

/** How far a group has read in a partition: the offset of the next record that it wants. */
export interface CommittedOffset extends TopicPartition {
  readonly offset: bigint;
  /** Of the last record read; -1 when the client did not say. */
  readonly leaderEpoch: number;
  readonly metadata: string;
}

export interface OffsetToCommit extends TopicPartition {
  readonly offset: bigint;
  readonly leaderEpoch?: number;
  readonly metadata?: string;
}

/** Who commits: a member of the group, or nobody, which only a group without members accepts. */
export interface Committer {
  readonly memberId: string;
  readonly memberEpoch: number;
}

const nobody: Committer = { memberId: '', memberEpoch: -1 };

/**
 * All that a group has committed, sorted; nothing for a group that is not there.
 * @param requireStable waits for open transactions that may change it
 * @throws KafkaError, NetworkError
 */
export async function committedOffsets(cluster: Cluster, groupId: string, requireStable = false): Promise<CommittedOffset[]> {
  const { response } = await askCoordinator(
    cluster,
    groupId,
    offsetFetch,
    { groups: [{ groupId, topics: null }], requireStable },
    ({ groups }) => ({ errorCode: groups[0]!.errorCode !== 'NONE' ? groups[0]!.errorCode : passingIn(groups[0]!.topics) }),
  );
  const { errorCode, topics } = response.groups[0]!;
  if (errorCode === 'GROUP_ID_NOT_FOUND') return [];
  if (errorCode !== 'NONE') throw new KafkaError(errorCode, `the offsets of group ${groupId}`);
  const names = topics.some(({ name }) => name === '') ? await namesOf(cluster) : new Map<string, string>();
  return topics
    .flatMap(({ name, topicId, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, metadata }) => ({
        topic: name || (names.get(topicId) ?? ''),
        partition: partitionIndex,
        offset: committedOffset,
        leaderEpoch: committedLeaderEpoch,
        metadata: metadata ?? '',
      })),
    )
    .filter(({ topic, offset }) => topic !== '' && offset >= 0n)
    .sort(byPlace);
}

/** What became of the commit of one partition. */
export interface CommittedPartition extends TopicPartition {
  readonly errorCode: ErrorName;
}

/**
 * Commits offsets; to do it twice does no harm.
 * @returns the outcome of each
 * @throws KafkaError UNKNOWN_MEMBER_ID when a group with members is to take the commit of nobody, STALE_MEMBER_EPOCH, FENCED_MEMBER_EPOCH and others
 *   that concern all; NetworkError
 */
export async function commitOffsets(
  cluster: Cluster,
  groupId: string,
  offsets: readonly OffsetToCommit[],
  { memberId, memberEpoch }: Committer = nobody,
): Promise<CommittedPartition[]> {
  const { topics: known } = await readMetadata(
    cluster,
    offsets.map(({ topic }) => topic),
  );
  const there = offsets.filter(({ topic, partition }) => known.get(topic)?.partitions[partition] !== undefined);
  const answers = new Map<string, ErrorName>();
  if (there.length > 0) {
    const topics = [...Map.groupBy(there, ({ topic }) => topic)].map(([name, those]) => ({
      name,
      topicId: known.get(name)!.id,
      partitions: those.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: leaderEpoch,
        committedMetadata: metadata,
      })),
    }));
    const { response } = await askCoordinator(
      cluster,
      groupId,
      offsetCommit,
      { groupId, memberId, generationIdOrMemberEpoch: memberEpoch, topics },
      (answer) => ({ errorCode: passingIn(answer.topics) }),
      { effect: 'write' },
    );
    const names = new Map([...known.values()].map(({ id, name }) => [id, name]));
    for (const { name, topicId, partitions } of response.topics)
      for (const { partitionIndex, errorCode } of partitions) {
        if (concernsAll.has(errorCode)) throw new KafkaError(errorCode, `group ${groupId} does not take the commit`);
        answers.set(`${name || names.get(topicId)}-${partitionIndex}`, errorCode);
      }
  }
  return offsets.map(({ topic, partition }) => ({
    topic,
    partition,
    errorCode: answers.get(`${topic}-${partition}`) ?? 'UNKNOWN_TOPIC_OR_PARTITION',
  }));
}

/** Makes a group forget offsets; that of a partition which has none is forgotten, too. @throws KafkaError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP; NetworkError */
export async function deleteOffsets(cluster: Cluster, groupId: string, places: readonly TopicPartition[]): Promise<CommittedPartition[]> {
  const topics = [...Map.groupBy(places, ({ topic }) => topic)].map(([name, those]) => ({
    name,
    partitions: those.map(({ partition }) => ({ partitionIndex: partition })),
  }));
  const { response } = await askCoordinator(cluster, groupId, offsetDelete, { groupId, topics }, (answer) => answer, { effect: 'write' });
  if (response.errorCode !== 'NONE') throw new KafkaError(response.errorCode, `group ${groupId}`);
  return places.map(({ topic, partition }) => {
    const told = response.topics.find(({ name }) => name === topic)?.partitions.find(({ partitionIndex }) => partitionIndex === partition);
    return { topic, partition, errorCode: told?.errorCode ?? 'UNKNOWN_SERVER_ERROR' };
  });
}

/** Errors that say something about the group or the committer, though they stand at each partition. */
const concernsAll: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'STALE_MEMBER_EPOCH',
  'FENCED_MEMBER_EPOCH',
  'REBALANCE_IN_PROGRESS',
  'GROUP_ID_NOT_FOUND',
  'INVALID_GROUP_ID',
  'GROUP_AUTHORIZATION_FAILED',
  'UNSUPPORTED_VERSION',
]);

/** An error in an answer that another try may be without. */
function passingIn(topics: readonly { readonly partitions: readonly { readonly errorCode: ErrorName }[] }[]): ErrorName {
  const errors = topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
  return errors.find((error) => error !== 'NONE' && error !== 'UNKNOWN_TOPIC_OR_PARTITION' && isPassing(error)) ?? 'NONE';
}

async function namesOf(cluster: Cluster): Promise<Map<string, string>> {
  const { topics } = await readMetadata(cluster, null);
  return new Map([...topics.values()].map(({ id, name }: KnownTopic) => [id, name]));
}

export function byPlace(a: TopicPartition, b: TopicPartition): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition;
}
