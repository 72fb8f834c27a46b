import { asKafkaError, KafkaError, type ResponseInput } from '#protocol';
import { type ListOffsetsRequest, listOffsets } from '#protocol/apis/list-offsets.ts';
import type { Partition } from '#replication';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';

type AskedPartition = ListOffsetsRequest['topics'][number]['partitions'][number];
type FoundOffset = ResponseInput<typeof listOffsets>['topics'][number]['partitions'][number];

const latest = -1n;
const earliest = -2n;
const greatestTimestamp = -3n;
const earliestLocal = -4n;
const latestTiered = -5n;
const earliestPendingUpload = -6n;

/** ListOffsets: which offset stands for a timestamp, or for the start or end of a log? */
export const handleListOffsets = handler(
  listOffsets,
  '1-11',
  async (request, context) => ({
    throttleTimeMs: 0,
    topics: await Promise.all(
      request.topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(
          partitions.map((asked) =>
            find(name, asked, request.isolationLevel === 1, context).catch((error: unknown) => failed(asked, error)),
          ),
        ),
      })),
    ),
  }),
  {
    failed: (request, error) => ({
      topics: request.topics.map(({ name, partitions }) => ({ name, partitions: partitions.map((asked) => failed(asked, error)) })),
    }),
  },
);

async function find(topic: string, asked: AskedPartition, committedOnly: boolean, context: Context): Promise<FoundOffset> {
  if (!context.may('describe', topic)) throw new KafkaError('TOPIC_AUTHORIZATION_FAILED');
  const { apiVersion } = context;
  if (asked.timestamp < 0n && apiVersion < (meaningSince.get(asked.timestamp) ?? Number.POSITIVE_INFINITY)) {
    throw new KafkaError('UNSUPPORTED_VERSION', `timestamp ${asked.timestamp} has no meaning in version ${apiVersion}`);
  }
  const partition = context.partitions.leader(topic, asked.partitionIndex, asked.currentLeaderEpoch);
  // A new leader may not know yet what its readers were told of before; the end would seem to go back (KIP-207).
  if (asked.timestamp !== earliest && asked.timestamp !== earliestLocal && partition.isCatchingUpWithCommits) {
    throw new KafkaError(
      apiVersion >= 5 ? 'OFFSET_NOT_AVAILABLE' : 'LEADER_NOT_AVAILABLE',
      `${partition.name} is still learning what is committed`,
    );
  }
  const found = await offsetFor(asked.timestamp, partition, committedOnly);
  return {
    partitionIndex: asked.partitionIndex,
    errorCode: 'NONE',
    timestamp: found.timestamp,
    offset: found.offset,
    leaderEpoch: apiVersion < 4 ? -1 : (found.leaderEpoch ?? -1),
  };
}

interface Found {
  readonly timestamp: bigint;
  readonly offset: bigint;
  readonly leaderEpoch?: number;
}

/** The first version in which each of the negative timestamps has a meaning. */
const meaningSince = new Map<bigint, number>([
  [latest, 1],
  [earliest, 1],
  [greatestTimestamp, 7],
  [earliestLocal, 8],
  [latestTiered, 9],
  [earliestPendingUpload, 11],
]);

const nothing: Found = { timestamp: -1n, offset: -1n };

async function offsetFor(timestamp: bigint, partition: Partition, committedOnly: boolean): Promise<Found> {
  const end = committedOnly ? partition.lastStableOffset : partition.highWatermark;
  switch (timestamp) {
    case latest:
      return { timestamp: -1n, offset: end, leaderEpoch: partition.leaderEpoch ?? -1 };
    case earliest:
    case earliestLocal: {
      const start = partition.log.logStartOffset;
      return { timestamp: -1n, offset: start, leaderEpoch: partition.log.epochOf(start) ?? partition.leaderEpoch ?? -1 };
    }
    case latestTiered:
    case earliestPendingUpload:
      return nothing; // there is no tiered storage
    case greatestTimestamp:
      return below(end, await partition.log.offsetOfMaxTimestamp());
    default:
      return below(end, await partition.log.offsetForTimestamp(timestamp));
  }
}

/** What is not committed is not shown, neither its offset nor its time. */
function below(end: bigint, found: Found | undefined): Found {
  return found === undefined || found.offset >= end ? nothing : found;
}

function failed(asked: AskedPartition, error: unknown): FoundOffset {
  return { partitionIndex: asked.partitionIndex, errorCode: asKafkaError(error).errorName, timestamp: -1n, offset: -1n, leaderEpoch: -1 };
}
