import type { LogRecord } from '#protocol';
import type { Cluster } from './cluster.ts';
import { batchesOf, type FetchedPartition, fetchFrom } from './fetch.ts';
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
    const fetched = await fetchAt(cluster, leader, asked, offset);
    const { errorCode, logStartOffset } = fetched;
    if (errorCode === 'OFFSET_OUT_OF_RANGE' && logStartOffset > offset) {
      offset = logStartOffset;
      continue;
    }
    if (errorCode !== 'NONE') return failed(errorCode, asked.item, `reading at offset ${offset}`);
    const before = offset;
    for (const { records: read, nextOffset } of batchesOf(fetched, offset)) {
      if (read.length > 0) return { value: read[0]! };
      offset = nextOffset;
    }
    // A leader that has just been elected shows less than it has.
    if (offset === before) return failed('OFFSET_NOT_AVAILABLE', asked.item, `offset ${offset} cannot be read yet`);
  }
  return { value: undefined };
}

async function fetchAt(
  cluster: Cluster,
  leader: number,
  { item, topic, place }: Asked<Stretch>,
  offset: bigint,
): Promise<FetchedPartition> {
  const from = { topic: topic.name, topicId: topic.id, partition: item.partition, offset, leaderEpoch: place.leaderEpoch };
  const settings = { isolation: 'read_committed', maxWaitMs: 0, maxBytes: bytesAtOnce, partitionBytes: bytesAtOnce } as const;
  const [fetched] = await fetchFrom(cluster, leader, [from], settings);
  return fetched!;
}
