import { asKafkaError, type ErrorName, KafkaError, type ResponseInput } from '#protocol';
import { type AddPartitionsToTxnRequest, addPartitionsToTxn } from '#protocol/apis/add-partitions-to-txn.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';

type Topics = AddPartitionsToTxnRequest['v3AndBelowTopics'];
type Transaction = AddPartitionsToTxnRequest['transactions'][number];
type Ask = (topic: string, partition: number) => ErrorName;

/** Since version 4 partitions are added by their leaders, for clients of transaction version 2. */
const clientVersionOfLeaders = 2;

/**
 * AddPartitionsToTxn: these partitions take part in a transaction; since version 4 also from their leaders, which may only ask whether they do (KIP-890). Version 4 is
 * taken from clients as well: some of them send the highest version there is.
 */
export const handleAddPartitionsToTxn = handler(
  addPartitionsToTxn,
  '0-5',
  async (request, context): Promise<ResponseInput<typeof addPartitionsToTxn>> => {
    if (context.apiVersion >= 4)
      return {
        throttleTimeMs: 0,
        errorCode: 'NONE',
        resultsByTransaction: await Promise.all(request.transactions.map((transaction) => byLeader(transaction, context))),
      };
    const { v3AndBelowTransactionalId, v3AndBelowProducerId, v3AndBelowProducerEpoch, v3AndBelowTopics } = request;
    const producer = {
      transactionalId: v3AndBelowTransactionalId,
      producerId: v3AndBelowProducerId,
      producerEpoch: v3AndBelowProducerEpoch,
    };
    const answer = await add({ ...producer, topics: v3AndBelowTopics }, 0, context);
    const told: Ask = (topic, partition) => toldTo(context.apiVersion, answer(topic, partition));
    return { throttleTimeMs: 0, resultsByTopicV3AndBelow: results(v3AndBelowTopics, told) };
  },
  {
    failed: ({ v3AndBelowTopics }, { errorName }, apiVersion) =>
      apiVersion >= 4
        ? { throttleTimeMs: 0, errorCode: errorName, resultsByTransaction: [] }
        : { throttleTimeMs: 0, resultsByTopicV3AndBelow: results(v3AndBelowTopics, () => errorName) },
  },
);

async function byLeader(transaction: Transaction, context: Context) {
  const { transactionalId, topics, verifyOnly } = transaction;
  const answer = verifyOnly ? await verify(transaction, context) : await add(transaction, clientVersionOfLeaders, context);
  return { transactionalId, topicResults: results(topics, answer) };
}

/** All of them or none: what is wrong with one keeps the others out, too. */
async function add(transaction: Omit<Transaction, 'verifyOnly'>, clientVersion: number, context: Context): Promise<Ask> {
  const { topics, ...producer } = transaction;
  const refused = new Map<string, ErrorName>();
  for (const { name, partitions } of topics) {
    for (const partition of partitions) {
      const error = whatIsWrong(name, partition, context);
      if (error !== undefined) refused.set(`${name}-${partition}`, error);
    }
  }
  if (refused.size > 0) return (topic, partition) => refused.get(`${topic}-${partition}`) ?? 'OPERATION_NOT_ATTEMPTED';
  const error = await errorOf(async () => {
    mayUse(transaction.transactionalId, context);
    await context.transactions.addPartitions({ ...producer, partitions: partitionsOf(topics), clientVersion });
  });
  return () => error;
}

async function verify({ topics, ...producer }: Transaction, context: Context): Promise<Ask> {
  const answers = new Map<string, ErrorName>();
  const ask = async (topic: string, partition: number) => {
    const partitions = new Map([[topic, new Set([partition])]]);
    const error = await errorOf(() => context.transactions.verifyPartition({ ...producer, partitions }));
    answers.set(`${topic}-${partition}`, error);
  };
  await Promise.all(topics.flatMap(({ name, partitions }) => partitions.map((partition) => ask(name, partition))));
  return (topic, partition) => answers.get(`${topic}-${partition}`)!;
}

function whatIsWrong(topic: string, partition: number, context: Context): ErrorName | undefined {
  if (!context.may('write', topic)) return 'TOPIC_AUTHORIZATION_FAILED';
  return context.image.topics.byName(topic)?.partitions[partition] === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : undefined;
}

function partitionsOf(topics: Topics): Map<string, Set<number>> {
  return new Map(topics.map(({ name, partitions }) => [name, new Set(partitions)]));
}

function results(topics: Topics, answer: Ask) {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode: answer(name, partitionIndex) })),
  }));
}

async function errorOf(act: () => Promise<void>): Promise<ErrorName> {
  try {
    await act();
    return 'NONE';
  } catch (error) {
    return asKafkaError(error).errorName;
  }
}

/** @throws KafkaError TRANSACTIONAL_ID_AUTHORIZATION_FAILED */
function mayUse(transactionalId: string, context: Context): void {
  if (!context.may('write', transactionalId)) throw new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
}

/** Clients before version 2 know a fenced producer by another error. */
function toldTo(apiVersion: number, errorName: ErrorName): ErrorName {
  return errorName === 'PRODUCER_FENCED' && apiVersion < 2 ? 'INVALID_PRODUCER_EPOCH' : errorName;
}
