import { asKafkaError, buildEndTransactionMarker, type ErrorName, KafkaError } from '#protocol';
import { type WriteTxnMarkersRequest, writeTxnMarkers } from '#protocol/apis/write-txn-markers.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';
import { offsetsTopic } from '../internal-topics.ts';

type Marker = WriteTxnMarkersRequest['markers'][number];

/** How long the replicas in sync may take to have a marker. The coordinator sends it again after that. */
const timeoutMs = 10_000;

/**
 * WriteTxnMarkers: these transactions have ended; say so in the logs of these partitions. A marker is answered when it is committed. Where committed
 * offsets are kept the coordinator of the groups hears of it as well.
 */
export const handleWriteTxnMarkers = handler(
  writeTxnMarkers,
  '1-2',
  async (request, context) => {
    if (!context.may('cluster-action', '')) throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED');
    return {
      markers: await Promise.all(
        request.markers.map((marker) => writeMarker(marker, (topic, index) => write(marker, topic, index, context))),
      ),
    };
  },
  {
    failed: (request, { errorName }) => ({
      markers: request.markers.map(({ producerId, topics }) => ({
        producerId,
        topics: topics.map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode: errorName })),
        })),
      })),
    }),
  },
);

async function writeMarker({ producerId, topics }: Marker, write: (topic: string, index: number) => Promise<ErrorName>) {
  return {
    producerId,
    topics: await Promise.all(
      topics.map(async ({ name, partitionIndexes }) => ({
        name,
        partitions: await Promise.all(
          partitionIndexes.map(async (partitionIndex) => ({ partitionIndex, errorCode: await write(name, partitionIndex) })),
        ),
      })),
    ),
  };
}

async function write(marker: Marker, topic: string, index: number, context: Context): Promise<ErrorName> {
  try {
    const { producerId, producerEpoch, coordinatorEpoch, transactionResult, transactionVersion } = marker;
    if (topic === offsetsTopic.name) {
      const end = { producerId, producerEpoch, committed: transactionResult, coordinatorEpoch, transactionVersion };
      await context.groups.runtime.endTransaction(index, end);
      return 'NONE';
    }
    const batch = buildEndTransactionMarker({
      type: transactionResult ? 'COMMIT' : 'ABORT',
      coordinatorEpoch,
      producerId,
      producerEpoch,
      timestamp: context.clock.now(),
    });
    await context.partitions.leader(topic, index).appendAsCoordinator(batch, { timeoutMs, transactionVersion }).committed;
    return 'NONE';
  } catch (error) {
    return asKafkaError(error).errorName;
  }
}
