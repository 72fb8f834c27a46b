import { KafkaError } from '#protocol';
import type { Cluster } from '../cluster.ts';
import { earliest, latest, offsetsFor } from '../list-offsets.ts';
import { nameOf, readMetadata, type TopicPartition } from '../metadata.ts';
import { describeGroup } from './describe-groups.ts';
import { inUse } from './in-use.ts';
import { byPlace, commitOffsets, committedOffsets } from './offsets.ts';

/** Where a group is to go on. */
export type ResetTarget =
  | { readonly to: 'earliest' | 'latest' | 'current' }
  | { readonly to: 'offset'; readonly offset: bigint }
  | { readonly to: 'shift'; readonly by: bigint }
  /** At the first record that is as young as this, in milliseconds since 1970, or at the end. */
  | { readonly to: 'time'; readonly timestamp: bigint }
  /** Each partition at an offset of its own. */
  | { readonly to: 'given'; readonly offsets: readonly (TopicPartition & { readonly offset: bigint })[] };

export interface PlannedOffset extends TopicPartition {
  /** null where the group has committed nothing. */
  readonly currentOffset: bigint | null;
  readonly newOffset: bigint;
}

/** What is to be reset: all partitions of some topics, some partitions, or all that the group has committed. */
export type ResetScope = readonly { readonly topic: string; readonly partitions: readonly number[] | 'all' }[] | 'committed';

/**
 * The partitions that a scope stands for, sorted.
 * @throws KafkaError UNKNOWN_TOPIC_OR_PARTITION; GROUP_ID_NOT_FOUND when the group has committed nothing and is not there
 */
export async function partitionsIn(cluster: Cluster, groupId: string, scope: ResetScope): Promise<TopicPartition[]> {
  if (scope === 'committed') return (await committedOffsets(cluster, groupId)).map(({ topic, partition }) => ({ topic, partition }));
  const { topics } = await readMetadata(
    cluster,
    scope.map(({ topic }) => topic),
  );
  const places = new Map<string, TopicPartition>();
  for (const { topic, partitions } of scope) {
    const known = topics.get(topic);
    if (known === undefined) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${topic}`);
    for (const partition of partitions === 'all' ? known.partitions.map((each) => each.partition) : partitions) {
      if (known.partitions[partition] === undefined)
        throw new KafkaError(
          'UNKNOWN_TOPIC_OR_PARTITION',
          `topic ${topic} has ${known.partitions.length} partitions, counted from 0, and no ${partition}`,
        );
      places.set(nameOf({ topic, partition }), { topic, partition });
    }
  }
  return [...places.values()].sort(byPlace);
}

/**
 * Where each partition would go on; nothing is changed. The rules are those of Kafka's own tool: an offset outside of what a partition holds becomes its nearest end, a
 * moment that is younger than all records means the end, and `current` means the end where nothing was committed.
 * @throws KafkaError NON_EMPTY_GROUP while the group has members; INVALID_REQUEST for a shift from nowhere; what keeps an offset from being known
 */
export async function planReset(
  cluster: Cluster,
  groupId: string,
  places: readonly TopicPartition[],
  target: ResetTarget,
): Promise<PlannedOffset[]> {
  await checkIdle(cluster, groupId);
  const committed = new Map((await committedOffsets(cluster, groupId)).map((each) => [nameOf(each), each.offset]));
  const [starts, ends] = await Promise.all([offsetsOf(cluster, places, earliest), offsetsOf(cluster, places, latest)]);
  const found = target.to === 'time' ? await offsetsOf(cluster, places, target.timestamp) : [];
  return places.map((place, index) => {
    const [start, end] = [starts[index]!, ends[index]!];
    const currentOffset = committed.get(nameOf(place)) ?? null;
    const within = (offset: bigint) => (offset < start ? start : offset > end ? end : offset);
    return { ...place, currentOffset, newOffset: newOffset() };

    function newOffset(): bigint {
      switch (target.to) {
        case 'earliest':
          return start;
        case 'latest':
          return end;
        case 'current':
          return currentOffset ?? end;
        case 'offset':
          return within(target.offset);
        case 'shift':
          if (currentOffset === null)
            throw new KafkaError(
              'INVALID_REQUEST',
              `partition ${nameOf(place)} cannot be shifted: group ${groupId} has committed nothing for it`,
            );
          return within(currentOffset + target.by);
        case 'time':
          return found[index]! < 0n ? end : found[index]!;
        case 'given': {
          const given = target.offsets.find(({ topic, partition }) => topic === place.topic && partition === place.partition);
          return within(given!.offset);
        }
      }
    }
  });
}

/** Commits a plan. @throws KafkaError NON_EMPTY_GROUP when members have come meanwhile; the first error of a partition; NetworkError */
export async function carryOutReset(cluster: Cluster, groupId: string, plan: readonly PlannedOffset[]): Promise<void> {
  await commitAsNobody(
    cluster,
    groupId,
    plan.map(({ topic, partition, newOffset: offset }) => ({ topic, partition, offset })),
  );
}

/** Commits offsets for a group that has no members. @throws KafkaError NON_EMPTY_GROUP with their names; the first error of a partition; NetworkError */
export async function commitAsNobody(cluster: Cluster, groupId: string, offsets: Parameters<typeof commitOffsets>[2]): Promise<void> {
  try {
    const refused = (await commitOffsets(cluster, groupId, offsets)).find(({ errorCode }) => errorCode !== 'NONE');
    if (refused !== undefined) throw new KafkaError(refused.errorCode, `the offset of ${nameOf(refused)}`);
  } catch (error) {
    if (error instanceof KafkaError && meansMembers.has(error.errorName)) await checkIdle(cluster, groupId);
    throw error;
  }
}

const meansMembers: ReadonlySet<string> = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'STALE_MEMBER_EPOCH',
  'REBALANCE_IN_PROGRESS',
]);
const idleStates: ReadonlySet<string> = new Set(['Empty', 'Dead']);

/** A group that is not there has no members, either. @throws KafkaError NON_EMPTY_GROUP */
async function checkIdle(cluster: Cluster, groupId: string): Promise<void> {
  try {
    const group = await describeGroup(cluster, groupId);
    if (!idleStates.has(group.state)) throw inUse(group, 'be given other offsets');
  } catch (error) {
    if (!(error instanceof KafkaError && error.errorName === 'GROUP_ID_NOT_FOUND')) throw error;
  }
}

/** @throws KafkaError the first that cannot be told */
async function offsetsOf(cluster: Cluster, places: readonly TopicPartition[], timestamp: bigint): Promise<bigint[]> {
  const answers = await offsetsFor(
    cluster,
    places.map((place) => ({ ...place, timestamp })),
  );
  return answers.map((answer) => {
    if ('error' in answer) throw answer.error;
    return answer.value.offset;
  });
}
