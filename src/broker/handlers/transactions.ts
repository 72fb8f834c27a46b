import { type Transaction, type TransactionFilter, transactionStatuses } from '#coordinators';
import { asKafkaError, KafkaError, type ResponseInput } from '#protocol';
import { addOffsetsToTxn } from '#protocol/apis/add-offsets-to-txn.ts';
import { describeTransactions } from '#protocol/apis/describe-transactions.ts';
import { endTxn } from '#protocol/apis/end-txn.ts';
import { type ListTransactionsRequest, listTransactions } from '#protocol/apis/list-transactions.ts';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';
import { createInternalTopic, offsetsTopic } from '../internal-topics.ts';
import { compileNamePattern } from '../name-pattern.ts';

type DescribedTransaction = ResponseInput<typeof describeTransactions>['transactionStates'][number];

/** Since this version of EndTxn each transaction has its own producer epoch (KIP-890). */
const epochPerTransactionSince = 5;
const nobody = { producerId: -1n, producerEpoch: -1 };

/** AddOffsetsToTxn: the offsets of this group will be committed with the transaction. */
export const handleAddOffsetsToTxn = handler(
  addOffsetsToTxn,
  '0-4',
  async (request, context): Promise<ResponseInput<typeof addOffsetsToTxn>> => {
    const { transactionalId, groupId, producerId, producerEpoch } = request;
    mayWrite(transactionalId, context);
    if (!context.may('read', groupId)) throw new KafkaError('GROUP_AUTHORIZATION_FAILED');
    // A producer of version 1 looks for the coordinator of the group only after this, so that nobody else may have asked for its topic.
    if (context.image.topics.byName(offsetsTopic.name) === undefined) createInternalTopic(offsetsTopic, context);
    const partitions = new Map([[offsetsTopic.name, new Set([context.coordinators.partitionOf(0, groupId, context)])]]);
    await toldTo(
      2,
      context,
      context.transactions.addPartitions({ transactionalId, producerId, producerEpoch, partitions, clientVersion: 0 }),
    );
    return { throttleTimeMs: 0, errorCode: 'NONE' };
  },
);

/** EndTxn: commit or abort the transaction. Answered when the decision is in the log; the markers follow. */
export const handleEndTxn = handler(
  endTxn,
  '0-5',
  async ({ transactionalId, producerId, producerEpoch, committed }, context): Promise<ResponseInput<typeof endTxn>> => {
    mayWrite(transactionalId, context);
    const clientVersion = context.apiVersion >= epochPerTransactionSince ? 2 : 0;
    const ended = context.transactions.endTxn({ transactionalId, producerId, producerEpoch, committed, clientVersion });
    const { errorCode, producer = nobody } = await toldTo(2, context, ended);
    return { throttleTimeMs: 0, errorCode, ...producer };
  },
  { failed: (_, { errorName }) => ({ throttleTimeMs: 0, errorCode: errorName, ...nobody }) },
);

/** DescribeTransactions: what state are these transactions in? */
export const handleDescribeTransactions = handler(
  describeTransactions,
  '0',
  async ({ transactionalIds }, context) => ({
    throttleTimeMs: 0,
    transactionStates: await Promise.all(transactionalIds.map((transactionalId) => describe(transactionalId, context))),
  }),
  {
    failed: ({ transactionalIds }, error) => ({
      throttleTimeMs: 0,
      transactionStates: transactionalIds.map((id) => undescribed(id, error)),
    }),
  },
);

/** ListTransactions: which transactions does this broker coordinate? */
export const handleListTransactions = handler(
  listTransactions,
  '0-2',
  async (request, context): Promise<ResponseInput<typeof listTransactions>> => {
    const unknownStateFilters = request.stateFilters.filter((state) => !transactionStatuses.some((known) => known === state));
    const found = await context.transactions.list(filterOf(request));
    const transactionStates = found
      .filter(({ transactionalId }) => context.may('describe', transactionalId))
      .map(({ transactionalId, producerId, status }) => ({ transactionalId, producerId, transactionState: status }));
    return { throttleTimeMs: 0, errorCode: 'NONE', unknownStateFilters, transactionStates };
  },
  { failed: (_, { errorName }) => ({ throttleTimeMs: 0, errorCode: errorName, unknownStateFilters: [], transactionStates: [] }) },
);

async function describe(transactionalId: string, context: Context): Promise<DescribedTransaction> {
  try {
    if (!context.may('describe', transactionalId)) throw new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
    const { status, timeoutMs, startMs, producerId, producerEpoch, partitions } = await context.transactions.describe(transactionalId);
    const topics = Array.from(partitions, ([topic, indexes]) => ({ topic, partitions: [...indexes] }));
    return {
      errorCode: 'NONE',
      transactionalId,
      transactionState: status,
      transactionTimeoutMs: timeoutMs,
      transactionStartTimeMs: BigInt(startMs),
      producerId,
      producerEpoch,
      topics: topics.filter(({ topic }) => context.may('describe', topic)),
    };
  } catch (error) {
    return undescribed(transactionalId, error);
  }
}

function undescribed(transactionalId: string, error: unknown): DescribedTransaction {
  const { errorName: errorCode } = asKafkaError(error);
  const nothing = {
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0n,
    producerId: 0n,
    producerEpoch: 0,
    topics: [],
  };
  return { errorCode, transactionalId, ...nothing };
}

/** Those that meet all that was asked for; what was left out, or is an empty pattern, everybody meets. @throws KafkaError INVALID_REGULAR_EXPRESSION */
function filterOf({ stateFilters, producerIdFilters, durationFilter, transactionalIdPattern }: ListTransactionsRequest): TransactionFilter {
  const isNamed = transactionalIdPattern ? compileNamePattern(transactionalIdPattern) : () => true;
  return {
    matches: ({ status, producerId, startMs, transactionalId }: Transaction, nowMs) =>
      (stateFilters.length === 0 || stateFilters.includes(status)) &&
      (producerIdFilters.length === 0 || producerIdFilters.includes(producerId)) &&
      (durationFilter < 0n || BigInt(nowMs - startMs) > durationFilter) &&
      isNamed(transactionalId),
  };
}

function mayWrite(transactionalId: string, context: Context): void {
  if (!context.may('write', transactionalId)) throw new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
}

/** Clients before some version of a request know a fenced producer by another error. */
export async function toldTo<T>(since: number, { apiVersion }: Context, outcome: Promise<T>): Promise<T> {
  try {
    return await outcome;
  } catch (error) {
    if (apiVersion >= since || asKafkaError(error).errorName !== 'PRODUCER_FENCED') throw error;
    throw new KafkaError('INVALID_PRODUCER_EPOCH', (error as KafkaError).message);
  }
}
