import { asKafkaError, KafkaError, type ResponseInput } from '#protocol';
import { type OffsetForLeaderEpochRequest, offsetForLeaderEpoch } from '#protocol/apis/offset-for-leader-epoch.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';
import { gapEndAt } from './compaction-gap.ts';

type AskedPartition = OffsetForLeaderEpochRequest['topics'][number]['partitions'][number];
type EpochEnd = ResponseInput<typeof offsetForLeaderEpoch>['topics'][number]['partitions'][number];

/** OffsetForLeaderEpoch: where does this leader epoch end? A client whose position lies beyond has read what was cut off since (KIP-320). */
export const handleOffsetForLeaderEpoch = handler(
  offsetForLeaderEpoch,
  '2-4',
  async (request, context) => ({
    throttleTimeMs: 0,
    topics: await Promise.all(
      request.topics.map(async ({ topic, partitions }) => ({
        topic,
        partitions: await Promise.all(partitions.map((asked) => find(topic, asked, context))),
      })),
    ),
  }),
  {
    failed: (request, error) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ topic, partitions }) => ({ topic, partitions: partitions.map((asked) => failed(asked, error)) })),
    }),
  },
);

async function find(topic: string, asked: AskedPartition, context: Context): Promise<EpochEnd> {
  const { partition, currentLeaderEpoch, leaderEpoch } = asked;
  try {
    if (!context.may('describe', topic)) throw new KafkaError('TOPIC_AUTHORIZATION_FAILED');
    const replica = context.partitions.leader(topic, partition, currentLeaderEpoch);
    const found = replica.endOffsetForEpoch(leaderEpoch);
    if (found === undefined) return { errorCode: 'NONE', partition, leaderEpoch: -1, endOffset: -1n };
    return { errorCode: 'NONE', partition, ...found, endOffset: (await gapEndAt(found.endOffset, replica)) ?? found.endOffset };
  } catch (error) {
    return failed(asked, error);
  }
}

function failed({ partition }: AskedPartition, error: unknown): EpochEnd {
  return { errorCode: asKafkaError(error).errorName, partition, leaderEpoch: -1, endOffset: -1n };
}
