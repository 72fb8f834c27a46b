import { batchesIn, KafkaError, zeroUuid } from '#protocol';
import { type FetchResponse, fetch } from '#protocol/apis/fetch.ts';
import type { Cluster, SendOptions } from './cluster.ts';
import { committedRecords, type ReadBatch } from './committed-records.ts';
import { type Isolation, levelOf } from './list-offsets.ts';
import { nameOf, type TopicPartition } from './metadata.ts';

/** From where on a partition is read, and of whom. */
export interface FetchPlace extends TopicPartition {
  readonly topicId: string;
  readonly offset: bigint;
  /** Of the leader that is asked, as far as it is known: one of another epoch refuses. */
  readonly leaderEpoch: number;
}

export interface FetchSettings {
  readonly isolation: Isolation;
  /** How long the leader may wait for records where there are none. */
  readonly maxWaitMs: number;
  /** Of all partitions together, and of each. A batch that is larger comes whole by itself (KIP-74). */
  readonly maxBytes: number;
  readonly partitionBytes: number;
}

/** What a leader said of one partition. */
export type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];

const noBytes = Buffer.alloc(0);

/**
 * Asks one leader once for what lies from these places on.
 * @returns in the order of the places
 * @throws NetworkError; KafkaError when the request failed as a whole
 */
export async function fetchFrom(
  cluster: Cluster,
  leader: number,
  places: readonly FetchPlace[],
  { isolation, maxWaitMs, maxBytes, partitionBytes }: FetchSettings,
  options?: SendOptions,
): Promise<FetchedPartition[]> {
  const topics = [...Map.groupBy(places, ({ topicId, topic }) => `${topicId} ${topic}`).values()].map((those) => ({
    topic: those[0]!.topic,
    topicId: those[0]!.topicId,
    partitions: those.map(({ partition, offset, leaderEpoch }) => ({
      partition,
      currentLeaderEpoch: leaderEpoch,
      fetchOffset: offset,
      partitionMaxBytes: partitionBytes,
    })),
  }));
  const minBytes = maxWaitMs > 0 ? 1 : 0;
  const request = { maxWaitMs, minBytes, maxBytes, isolationLevel: levelOf(isolation), topics, forgottenTopicsData: [] };
  const { errorCode, responses } = await cluster.send(leader, fetch, request, options);
  if (errorCode !== 'NONE') throw new KafkaError(errorCode, `a fetch from broker ${leader}`);
  // Topics go by their name in older versions and by their id in later ones, which leave the other empty.
  const told = new Map(
    responses.map(({ topic, topicId, partitions }) => [
      topicId === zeroUuid ? topic : topicId,
      new Map(partitions.map((partition) => [partition.partitionIndex, partition])),
    ]),
  );
  return places.map((place) => {
    const found = (told.get(place.topicId) ?? told.get(place.topic))?.get(place.partition);
    if (found === undefined) throw new KafkaError('UNKNOWN_SERVER_ERROR', `broker ${leader} says nothing of ${nameOf(place)}`);
    return found;
  });
}

/** What a reader gets of it, batch by batch, and how far it has come with each. @param offset the one that was asked for */
export function batchesOf({ records, abortedTransactions }: FetchedPartition, offset: bigint): Iterable<ReadBatch> {
  return committedRecords(batchesIn(records ?? noBytes), abortedTransactions ?? [], offset);
}
