import { asKafkaError, KafkaError, type ResponseInput } from '#protocol';
import { type DescribeProducersRequest, describeProducers } from '#protocol/apis/describe-producers.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';

type PartitionAnswer = ResponseInput<typeof describeProducers>['topics'][number]['partitions'][number];

/** DescribeProducers: who has been writing idempotently to these partitions, and where is each of them? */
export const handleDescribeProducers = handler(
  describeProducers,
  '0',
  (request, context) => ({ throttleTimeMs: 0, topics: eachPartition(request, (topic, index) => describe(topic, index, context)) }),
  { failed: (request, error) => ({ throttleTimeMs: 0, topics: eachPartition(request, (_, index) => failed(index, error)) }) },
);

function eachPartition(request: DescribeProducersRequest, give: (topic: string, index: number) => PartitionAnswer) {
  return request.topics.map(({ name, partitionIndexes }) => ({ name, partitions: partitionIndexes.map((index) => give(name, index)) }));
}

function describe(topic: string, index: number, context: Context): PartitionAnswer {
  try {
    if (!context.may('read', topic)) throw new KafkaError('TOPIC_AUTHORIZATION_FAILED');
    const producers = context.partitions.leader(topic, index).log.activeProducers();
    return {
      partitionIndex: index,
      errorCode: 'NONE',
      errorMessage: null,
      activeProducers: producers.map((producer) => ({
        producerId: producer.producerId,
        producerEpoch: producer.producerEpoch,
        lastSequence: producer.batches.at(-1)?.lastSequence ?? -1,
        lastTimestamp: producer.lastTimestamp,
        coordinatorEpoch: producer.coordinatorEpoch,
        currentTxnStartOffset: producer.currentTxnFirstOffset,
      })),
    };
  } catch (error) {
    return failed(index, error);
  }
}

function failed(index: number, error: unknown): PartitionAnswer {
  const { errorName, message } = asKafkaError(error);
  return { partitionIndex: index, errorCode: errorName, errorMessage: message, activeProducers: [] };
}
