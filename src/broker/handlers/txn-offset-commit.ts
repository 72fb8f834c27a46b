import type { TopicToCommit } from '#coordinators';
import { asKafkaError, type ErrorName, KafkaError } from '#protocol';
import { type TxnOffsetCommitRequest, txnOffsetCommit } from '#protocol/apis/txn-offset-commit.ts';
import type { Verification } from '#replication';
import type { Context } from '../context.ts';
import { handler } from '../handler.ts';
import { offsetsTopic } from '../internal-topics.ts';
import { answered, refused, resolve } from './offset-commit.ts';

/** Since this version the coordinator adds the partition of the offsets to the transaction by itself (KIP-890). */
const addsSince = 5;

/** TxnOffsetCommit: remember how far a group has read, once the transaction commits. */
export const handleTxnOffsetCommit = handler(
  txnOffsetCommit,
  '0-6',
  async (request, context) => {
    const { transactionalId, groupId } = request;
    if (!context.may('write', transactionalId)) throw new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
    if (!context.may('read', groupId)) throw new KafkaError('GROUP_AUTHORIZATION_FAILED');
    const asked = request.topics.map((topic) => ({ topic, resolved: resolve(topic, context.apiVersion >= 6, context) }));
    const known = asked.flatMap(({ resolved }) => (typeof resolved === 'string' ? [] : [resolved]));
    const committed = known.length === 0 ? [] : await commit(request, known, context);
    let next = 0;
    const topics = asked.map(({ topic, resolved }) =>
      typeof resolved === 'string' ? refused(topic, resolved) : answered(topic, committed[next++]!),
    );
    return { throttleTimeMs: 0, topics };
  },
  { failed: (request, { errorName }) => ({ throttleTimeMs: 0, topics: request.topics.map((topic) => refused(topic, errorName)) }) },
);

/** The offsets go into the log as part of the transaction, so that the log has to take part in it, like any partition. */
async function commit(request: TxnOffsetCommitRequest, topics: readonly TopicToCommit[], context: Context) {
  const { groupId, producerId, producerEpoch, memberId, groupInstanceId, generationIdOrMemberEpoch } = request;
  const index = context.coordinators.partitionOf(0, groupId, context);
  const transaction = { producerId, producerEpoch };
  const committer = { memberId, groupInstanceId, generationIdOrMemberEpoch };
  return ledHere(index, context).whenVerified(transaction, verification(request, index, context), () =>
    context.groups.ask(groupId, context, (groups, scope) => groups.offsets.commit(groupId, committer, topics, { transaction }, scope)),
  );
}

function ledHere(index: number, context: Context) {
  try {
    return context.partitions.leader(offsetsTopic.name, index);
  } catch (error) {
    throw new KafkaError('NOT_COORDINATOR', 'this broker does not coordinate the group', { cause: error });
  }
}

function verification(request: TxnOffsetCommitRequest, partition: number, context: Context): Verification {
  const { transactionalId, producerId, producerEpoch } = request;
  const { apiVersion } = context;
  const adds = apiVersion >= addsSince;
  const question = { transactionalId, producerId, producerEpoch, topic: offsetsTopic.name, partition, adds };
  return {
    adds,
    ask: () =>
      context.transactionVerifier.ask(question).catch((thrown: unknown) => {
        const { errorName, message } = asKafkaError(thrown);
        throw new KafkaError(told(errorName, apiVersion), message);
      }),
  };
}

/** What the coordinator of the transaction refused, in words that a producer of this version understands, and does not take for those of the group's. */
function told(error: ErrorName, apiVersion: number): ErrorName {
  switch (error) {
    case 'PRODUCER_FENCED':
      return 'INVALID_PRODUCER_EPOCH';
    case 'TRANSACTION_ABORTABLE':
      return apiVersion >= 4 ? error : 'INVALID_TXN_STATE';
    case 'CONCURRENT_TRANSACTIONS':
      return apiVersion >= addsSince ? error : 'COORDINATOR_LOAD_IN_PROGRESS';
    case 'NETWORK_EXCEPTION':
    case 'REQUEST_TIMED_OUT':
    case 'COORDINATOR_NOT_AVAILABLE':
    case 'NOT_COORDINATOR':
      return 'COORDINATOR_LOAD_IN_PROGRESS';
    default:
      return error;
  }
}
