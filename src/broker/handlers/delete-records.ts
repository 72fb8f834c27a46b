import { asKafkaError, KafkaError, type ResponseInput } from '#protocol';
import { deleteRecords } from '#protocol/apis/delete-records.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';

type PartitionAnswer = ResponseInput<typeof deleteRecords>['topics'][number]['partitions'][number];

/** DeleteRecords: forget everything before these offsets. */
export const handleDeleteRecords = handler(
  deleteRecords,
  '0-2',
  async (request, context) => ({
    throttleTimeMs: 0,
    topics: await Promise.all(
      request.topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(
          partitions.map(({ partitionIndex, offset }) => deleteBefore(name, partitionIndex, offset, request.timeoutMs, context)),
        ),
      })),
    ),
  }),
  {
    failed: (request, error) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => failed(partitionIndex, error)),
      })),
    }),
  },
);

async function deleteBefore(topic: string, index: number, offset: bigint, timeoutMs: number, context: Context): Promise<PartitionAnswer> {
  try {
    if (!context.may('delete', topic)) throw new KafkaError('TOPIC_AUTHORIZATION_FAILED');
    const lowWatermark = await context.partitions.leader(topic, index).deleteRecordsBefore(offset, timeoutMs);
    return { partitionIndex: index, lowWatermark, errorCode: 'NONE' };
  } catch (error) {
    return failed(index, error);
  }
}

function failed(index: number, error: unknown): PartitionAnswer {
  return { partitionIndex: index, lowWatermark: -1n, errorCode: asKafkaError(error).errorName };
}
