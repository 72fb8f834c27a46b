import { type ErrorName, zeroUuid } from '#protocol';
import type { CommittedOffset, Offsets } from './offsets.ts';

export interface TopicToFetch {
  readonly name: string;
  /** Of the topic that has the name now; all zeros when there is none. */
  readonly topicId: string;
  readonly partitionIndexes: readonly number[];
}

export interface FetchedOffset {
  readonly partitionIndex: number;
  readonly committedOffset: bigint;
  readonly committedLeaderEpoch: number;
  readonly metadata: string;
  readonly errorCode: ErrorName;
}

export interface FetchedTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly FetchedOffset[];
}

/** What a group has committed for these partitions. @param requireStable answer UNSTABLE_OFFSET_COMMIT while an open transaction may change it */
export function fetchOffsets(offsets: Offsets, group: string, topics: readonly TopicToFetch[], requireStable: boolean): FetchedTopic[] {
  return topics.map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map((index) => {
      if (requireStable && offsets.isUnstable(group, name, index)) return nothing(index, 'UNSTABLE_OFFSET_COMMIT');
      const found = offsets.get(group, name, index);
      return found === undefined || !isOf(found, topicId) ? nothing(index) : shown(index, found);
    }),
  }));
}

/** All that a group has committed. @param idOf the id of the topic that has the name now; all zeros when there is none */
export function fetchAllOffsets(offsets: Offsets, group: string, idOf: (topic: string) => string, requireStable: boolean): FetchedTopic[] {
  const indexes = new Map([...offsets.of(group)].map(([topic, partitions]) => [topic, new Set(partitions.keys())]));
  for (const { topic, partition } of offsets.pendingOf(group)) {
    if (requireStable) indexes.set(topic, (indexes.get(topic) ?? new Set()).add(partition));
  }
  const topics = [...indexes].map(([name, found]) => ({
    name,
    topicId: idOf(name),
    partitionIndexes: [...found].sort((a, b) => a - b),
  }));
  return fetchOffsets(offsets, group, topics, requireStable);
}

/** Offsets of a topic that was deleted say nothing of another one that has its name (M3). */
function isOf({ topicId }: CommittedOffset, asked: string): boolean {
  return topicId === zeroUuid || asked === zeroUuid || topicId === asked;
}

function nothing(partitionIndex: number, errorCode: ErrorName = 'NONE'): FetchedOffset {
  return { partitionIndex, committedOffset: -1n, committedLeaderEpoch: -1, metadata: '', errorCode };
}

function shown(partitionIndex: number, { offset, leaderEpoch, metadata }: CommittedOffset): FetchedOffset {
  return { partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch, metadata, errorCode: 'NONE' };
}
