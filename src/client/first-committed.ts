import { batchesIn, type LogRecord } from '#protocol';
import { type FetchResponse, fetch } from '#protocol/apis/fetch.ts';
import type { Cluster } from './cluster.ts';
import { committedRecords } from './committed-records.ts';
import { type Asked, askLeaders, failed, type PartitionAnswer } from './leaders.ts';
import type { TopicPartition } from './metadata.ts';

/** Enough for the batches of most; one that is larger comes whole by itself (KIP-74). */
const bytesAtOnce = 64 * 1024;

/** Where to look for a record. */
export interface Stretch extends TopicPartition {
  readonly from: bigint;
  /** The first offset that is not looked at. */
  readonly to: bigint;
}

/**
 * The first records that a reader of committed records is given from these offsets on; undefined where there are none before the end. Markers of transactions, what was
 * aborted, and offsets that were compacted or deleted are passed over.
 */
export function firstCommitted(cluster: Cluster, stretches: readonly Stretch[]): Promise<PartitionAnswer<LogRecord | undefined>[]> {
  return askLeaders(
    cluster,
    stretches,
    async (leader, asked) => Promise.all(asked.map((one) => firstIn(cluster, leader, one))),
    'one by one',
  );
}

async function firstIn(cluster: Cluster, leader: number, asked: Asked<Stretch>): Promise<PartitionAnswer<LogRecord | undefined>> {
  const { from, to } = asked.item;
  for (let offset = from; offset < to; ) {
    const { errorCode, records, abortedTransactions, logStartOffset } = await fetchFrom(cluster, leader, asked, offset);
    if (errorCode === 'OFFSET_OUT_OF_RANGE' && logStartOffset > offset) {
      offset = logStartOffset;
      continue;
    }
    if (errorCode !== 'NONE') return failed(errorCode, asked.item, `reading at offset ${offset}`);
    const before = offset;
    for (const { records: read, nextOffset } of committedRecords(batchesIn(records ?? noBytes), abortedTransactions ?? [], offset)) {
      if (read.length > 0) return { value: read[0]! };
      offset = nextOffset;
    }
    // A leader that has just been elected shows less than it has.
    if (offset === before) return failed('OFFSET_NOT_AVAILABLE', asked.item, `offset ${offset} cannot be read yet`);
  }
  return { value: undefined };
}

type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];

const noBytes = Buffer.alloc(0);

async function fetchFrom(
  cluster: Cluster,
  leader: number,
  { item, topic, place }: Asked<Stretch>,
  fetchOffset: bigint,
): Promise<FetchedPartition> {
  const partitions = [{ partition: item.partition, currentLeaderEpoch: place.leaderEpoch, fetchOffset, partitionMaxBytes: bytesAtOnce }];
  const response = await cluster.send(leader, fetch, {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: bytesAtOnce,
    isolationLevel: 1,
    topics: [{ topic: topic.name, topicId: topic.id, partitions }],
    forgottenTopicsData: [],
  });
  return response.responses[0]!.partitions[0]!;
}
