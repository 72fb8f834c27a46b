import { asKafkaError, KafkaError, type ResponseInput } from '#protocol';
import { type OffsetForLeaderEpochRequest, offsetForLeaderEpoch } from '#protocol/apis/offset-for-leader-epoch.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';

type AskedPartition = OffsetForLeaderEpochRequest['topics'][number]['partitions'][number];
type EpochEnd = ResponseInput<typeof offsetForLeaderEpoch>['topics'][number]['partitions'][number];

/** OffsetForLeaderEpoch: where does this leader epoch end? A client whose position lies beyond has read what was cut off since (KIP-320). */
export const handleOffsetForLeaderEpoch = handler(
  offsetForLeaderEpoch,
  '2-4',
  (request, context) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((asked) => find(topic, asked, context)),
    })),
  }),
  {
    failed: (request, error) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ topic, partitions }) => ({ topic, partitions: partitions.map((asked) => failed(asked, error)) })),
    }),
  },
);

function find(topic: string, asked: AskedPartition, context: Context): EpochEnd {
  const { partition, currentLeaderEpoch, leaderEpoch } = asked;
  try {
    if (!context.may('describe', topic)) throw new KafkaError('TOPIC_AUTHORIZATION_FAILED');
    const found = context.partitions.leader(topic, partition, currentLeaderEpoch).endOffsetForEpoch(leaderEpoch);
    return { errorCode: 'NONE', partition, leaderEpoch: found?.leaderEpoch ?? -1, endOffset: found?.endOffset ?? -1n };
  } catch (error) {
    return failed(asked, error);
  }
}

function failed({ partition }: AskedPartition, error: unknown): EpochEnd {
  return { errorCode: asKafkaError(error).errorName, partition, leaderEpoch: -1, endOffset: -1n };
}
