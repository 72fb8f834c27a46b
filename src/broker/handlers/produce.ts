import { AssertionError } from 'node:assert/strict';
import { isInternalTopic } from '#metadata';
import { asKafkaError, type ErrorName, KafkaError, RecordBatch, type ResponseInput } from '#protocol';
import { type ProduceRequest, produce } from '#protocol/apis/produce.ts';
import type { Appended, TopicTraffic, Verification } from '#replication';
import { InvalidRecordsError } from '#storage';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';
import { hintedEndpoints, leaderHint } from '../leader-hints.ts';
import { resolveTopic } from '../topics.ts';

type AskedTopic = ProduceRequest['topicData'][number];
type AskedPartition = AskedTopic['partitionData'][number];
type Answer = ResponseInput<typeof produce>;
type PartitionAnswer = Answer['responses'][number]['partitionResponses'][number];

/**
 * Produce: append these batches. All of them are appended before the first wait, so requests of one connection keep their order
 * while they share a sync. Only a transaction's first batch in a partition waits before it, and what follows on it waits with it.
 */
export const handleProduce = handler(
  produce,
  '3-13',
  (request, context) => {
    if (request.acks < -1 || request.acks > 1) {
      throw new KafkaError('INVALID_REQUIRED_ACKS', `acks=${request.acks}: only -1 (all), 0 and 1 exist`);
    }
    let waiting = false;
    const started = request.topicData.map((topic) => ({
      topic,
      partitions: topic.partitionData.map((asked) => {
        const appended = append(topic, asked, request, context);
        if (appended.committed !== undefined) waiting = true;
        return appended;
      }),
    }));
    const respond = () => (request.acks === 0 ? noAnswer(started, context) : answer(started, context));
    if (!waiting) return respond();
    const all = started.flatMap(({ partitions }) => partitions.map((partition) => settle(partition, context)));
    return Promise.all(all).then(respond);
  },
  {
    advertisedMin: 0,
    failed: (request, error) =>
      request.acks === 0
        ? 'close'
        : {
            responses: request.topicData.map((topic) => ({
              name: topic.name,
              topicId: topic.topicId,
              partitionResponses: topic.partitionData.map(({ index }) => ({
                index,
                errorCode: error.errorName,
                baseOffset: -1n,
                errorMessage: error.message,
              })),
            })),
          },
  },
);

interface StartedTopic {
  readonly topic: AskedTopic;
  readonly partitions: readonly Started[];
}

interface Started {
  readonly index: number;
  /** Undefined when this broker does not lead the partition. */
  readonly traffic: TopicTraffic | undefined;
  committed: Promise<void> | undefined;
  response: PartitionAnswer;
}

function append(topic: AskedTopic, asked: AskedPartition, request: ProduceRequest, context: Context): Started {
  const { index } = asked;
  let traffic: TopicTraffic | undefined;
  try {
    const { name, id } = resolveTopic(topic.name, topic.topicId, context.apiVersion >= 13, context);
    if (!context.may('write', name)) throw new KafkaError('TOPIC_AUTHORIZATION_FAILED');
    // A coordinator has to know all that is in its log.
    if (isInternalTopic(name)) throw new KafkaError('INVALID_TOPIC_EXCEPTION', `${name} is written by brokers alone`);
    const partition = context.partitions.leader(name, index, -1, id);
    traffic = partition.traffic;
    traffic.produceRequests++;
    const batch = checkRecords(asked.records, context.apiVersion);
    const timeoutMs = Math.max(request.timeoutMs, 1);
    const appended = batch.isTransactional
      ? partition.appendTransactional(batch.buffer, request.acks, timeoutMs, verification(name, index, batch, request, context))
      : partition.append(batch.buffer, request.acks, timeoutMs);
    if (appended instanceof Promise) return waitingForCoordinator(index, traffic, appended);
    return { index, traffic, committed: appended.committed, response: succeeded(index, appended.info) };
  } catch (error) {
    if (traffic !== undefined) traffic.failedProduceRequests++;
    return { index, traffic, committed: undefined, response: failed(index, error, context) };
  }
}

/** Exactly one batch of the current format per partition, sound by its header and checksum. */
function checkRecords(records: Buffer | null, apiVersion: number): RecordBatch {
  if (records === null || records.length === 0)
    throw new KafkaError('INVALID_RECORD', 'a produce request needs one record batch per partition');
  const batch = new RecordBatch(records, 0);
  batch.checkForProduce();
  if (batch.compression === 'zstd' && apiVersion < 7)
    throw new KafkaError('UNSUPPORTED_COMPRESSION_TYPE', 'zstd needs Produce version 7 or later');
  return batch;
}

/** A client before version 12 adds its partitions to its transaction itself; for later ones that is done with the first batch (KIP-890). */
function verification(topic: string, partition: number, batch: RecordBatch, request: ProduceRequest, context: Context): Verification {
  const { transactionalId } = request;
  if (transactionalId === null || transactionalId === '')
    throw new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'a batch of a transaction needs the transactional id in its request');
  if (!context.may('write', transactionalId)) throw new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
  const { producerId, producerEpoch } = batch;
  const { apiVersion } = context;
  const adds = apiVersion >= 12;
  const ask = () =>
    context.transactionVerifier.ask({ transactionalId, producerId, producerEpoch, topic, partition, adds }).catch((thrown: unknown) => {
      throw refusal(asKafkaError(thrown), apiVersion);
    });
  return { adds, ask };
}

/** What the coordinator refused, in words that a producer of this version understands. */
function refusal(error: KafkaError, apiVersion: number): KafkaError {
  const { errorName, message } = error;
  switch (errorName) {
    case 'PRODUCER_FENCED':
      return new KafkaError('INVALID_PRODUCER_EPOCH', message);
    case 'TRANSACTION_ABORTABLE':
      return apiVersion >= 11 ? error : new KafkaError('INVALID_TXN_STATE', 'the partition was not added to the transaction');
    case 'CONCURRENT_TRANSACTIONS':
      if (apiVersion >= 12) return error;
      break;
    case 'NETWORK_EXCEPTION':
    case 'REQUEST_TIMED_OUT':
    case 'COORDINATOR_LOAD_IN_PROGRESS':
    case 'COORDINATOR_NOT_AVAILABLE':
    case 'NOT_COORDINATOR':
      break;
    default:
      return error;
  }
  // Producers send again after this error, of all versions, and without looking for another leader.
  return new KafkaError('NOT_ENOUGH_REPLICAS', `it is not certain yet that the partition takes part in the transaction: ${message}`);
}

/** The answer is made when the batch is appended, and leaves when it is committed. */
function waitingForCoordinator(index: number, traffic: TopicTraffic, appended: Promise<Appended>): Started {
  const started: Started = { index, traffic, committed: undefined, response: { index, errorCode: 'NONE', baseOffset: -1n } };
  started.committed = appended.then(({ info, committed }) => {
    started.response = succeeded(index, info);
    return committed;
  });
  return started;
}

function succeeded(index: number, info: Appended['info']): PartitionAnswer {
  return {
    index,
    errorCode: 'NONE',
    baseOffset: info.firstOffset,
    logAppendTimeMs: BigInt(info.logAppendTimeMs),
    logStartOffset: info.logStartOffset,
    recordErrors: [],
    errorMessage: null,
  };
}

function failed(index: number, error: unknown, context: Context): PartitionAnswer {
  let errorName: ErrorName = 'UNKNOWN_SERVER_ERROR';
  if (error instanceof AssertionError) throw error;
  if (error instanceof KafkaError) errorName = error.errorName;
  else context.log.error({ error: String(error), stack: (error as Error)?.stack }, 'an append failed');
  return {
    index,
    errorCode: errorName,
    baseOffset: -1n,
    logAppendTimeMs: -1n,
    logStartOffset: -1n,
    recordErrors:
      error instanceof InvalidRecordsError
        ? error.recordErrors.map(({ batchIndex, message }) => ({ batchIndex, batchIndexErrorMessage: message }))
        : [],
    errorMessage: error instanceof KafkaError ? error.message : null,
  };
}

/** A producer with acks=0 reads no answers; that something went wrong it learns from the end of the connection. */
function noAnswer(started: readonly StartedTopic[], context: Context): null | 'close' {
  for (const { topic, partitions } of started) {
    for (const { response } of partitions) {
      if (response.errorCode === 'NONE') continue;
      const { errorCode: error, index: partition } = response;
      context.log.debug({ topic: topic.name, partition, error, remote: context.remote }, 'closing: a produce with acks=0 failed');
      return 'close';
    }
  }
  return null;
}

/** What was appended and then not committed here keeps its offset beside the error, as in Kafka: whoever asked can tell that the outcome is unknown. */
async function settle(started: Started, context: Context): Promise<void> {
  try {
    await started.committed;
  } catch (error) {
    if (started.traffic !== undefined) started.traffic.failedProduceRequests++;
    started.response = { ...failed(started.index, error, context), baseOffset: started.response.baseOffset };
  }
}

/** A client that asked the wrong broker is told the right one. */
function answer(started: readonly StartedTopic[], context: Context): Answer {
  const leaders = new Set<number>();
  const hinted = (topic: AskedTopic, response: PartitionAnswer): PartitionAnswer => {
    if (response.errorCode !== 'NOT_LEADER_OR_FOLLOWER' || context.apiVersion < 10) return response;
    const currentLeader = leaderHint(topic, response.index, context.apiVersion >= 13, context);
    if (currentLeader === undefined) return response;
    leaders.add(currentLeader.leaderId);
    return { ...response, currentLeader };
  };
  const responses = started.map(({ topic, partitions }) => ({
    name: topic.name,
    topicId: topic.topicId,
    partitionResponses: partitions.map(({ response }) => hinted(topic, response)),
  }));
  return { responses, throttleTimeMs: 0, ...(leaders.size === 0 ? {} : { nodeEndpoints: hintedEndpoints(leaders, context) }) };
}
