import { zeroUuid } from '#protocol';
import type { FetchRequestInput } from '#protocol/apis/fetch.ts';

/** What a follower asks of one partition. */
export interface FetchPosition {
  readonly topicId: string;
  readonly partition: number;
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: bigint;
  readonly lastFetchedEpoch: number;
  readonly logStartOffset: bigint;
  readonly highWatermark: bigint;
}

type AskedTopics = FetchRequestInput['topics'];
type ForgottenTopics = FetchRequestInput['forgottenTopicsData'];

const newSession = { sessionId: 0, sessionEpoch: 0 };
const maxEpoch = 0x7fffffff;

/**
 * The asking side of incremental fetches (KIP-227): once a session stands, a request names only the partitions whose position has changed
 * since the last one.
 */
export class FetchSession {
  #id = 0;
  #epoch = 0;
  /** By {@link keyOf}: what the other side knows. */
  #known = new Map<string, FetchPosition>();

  /** The part of a request that names partitions. @param positions all that are wanted now */
  next(positions: readonly FetchPosition[], maxBytes: number) {
    const wanted = new Map(positions.map((position) => [keyOf(position), position]));
    if (this.#id === 0) {
      this.#known = wanted;
      return { ...newSession, topics: topicsOf(positions, maxBytes), forgottenTopicsData: [] as ForgottenTopics };
    }
    const changed = positions.filter((position) => !same(this.#known.get(keyOf(position)), position));
    const forgotten = [...this.#known].flatMap(([key, position]) => (wanted.has(key) ? [] : [position]));
    this.#known = wanted;
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: topicsOf(changed, maxBytes),
      forgottenTopicsData: forgottenOf(forgotten),
    };
  }

  answered(sessionId: number): void {
    if (sessionId !== this.#id) this.#epoch = 0;
    this.#id = sessionId;
    this.#epoch = this.#epoch === maxEpoch ? 1 : this.#epoch + 1;
  }

  /** The other side knows nothing any more, or nobody knows what it knows: the next request names everything. */
  reset(): void {
    this.#id = 0;
    this.#epoch = 0;
    this.#known.clear();
  }
}

function keyOf({ topicId, partition }: FetchPosition): string {
  return `${topicId}/${partition}`;
}

function same(a: FetchPosition | undefined, b: FetchPosition): boolean {
  return (
    a !== undefined &&
    a.fetchOffset === b.fetchOffset &&
    a.currentLeaderEpoch === b.currentLeaderEpoch &&
    a.lastFetchedEpoch === b.lastFetchedEpoch &&
    a.logStartOffset === b.logStartOffset &&
    a.highWatermark === b.highWatermark
  );
}

function topicsOf(positions: readonly FetchPosition[], maxBytes: number): AskedTopics {
  return [...byTopic(positions)].map(([topicId, partitions]) => ({
    topic: '',
    topicId,
    partitions: partitions.map((position) => ({
      partition: position.partition,
      currentLeaderEpoch: position.currentLeaderEpoch,
      fetchOffset: position.fetchOffset,
      lastFetchedEpoch: position.lastFetchedEpoch,
      logStartOffset: position.logStartOffset,
      partitionMaxBytes: maxBytes,
      replicaDirectoryId: zeroUuid,
      highWatermark: position.highWatermark,
    })),
  }));
}

function forgottenOf(positions: readonly FetchPosition[]): ForgottenTopics {
  return [...byTopic(positions)].map(([topicId, partitions]) => ({
    topic: '',
    topicId,
    partitions: partitions.map(({ partition }) => partition),
  }));
}

function byTopic(positions: readonly FetchPosition[]): Map<string, FetchPosition[]> {
  const topics = new Map<string, FetchPosition[]>();
  for (const position of positions) {
    const partitions = topics.get(position.topicId);
    if (partitions === undefined) topics.set(position.topicId, [position]);
    else partitions.push(position);
  }
  return topics;
}
