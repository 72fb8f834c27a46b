import { beforeEach, describe, expect, test } from 'vitest';
import { KafkaError } from '#protocol';
import { addOffsetsToTxn } from '#protocol/apis/add-offsets-to-txn.ts';
import { endTxn } from '#protocol/apis/end-txn.ts';
import { initProducerId } from '#protocol/apis/init-producer-id.ts';
import { offsetFetch } from '#protocol/apis/offset-fetch.ts';
import { txnOffsetCommit } from '#protocol/apis/txn-offset-commit.ts';
import { writeTxnMarkers } from '#protocol/apis/write-txn-markers.ts';
import { offsetsTopic, transactionsTopic } from '../internal-topics.ts';
import { decodeAnswer, ordersId, TestBroker } from '../testing.ts';
import type { TransactionQuestion } from '../transaction-verifier.ts';

const transactionalId = 'payer';
const groupId = 'billing';

let broker: TestBroker;
let producer: { producerId: bigint; producerEpoch: number };

beforeEach(async () => {
  broker = await TestBroker.start();
  await broker.topic(transactionsTopic.name, 'dHJhbnNhY3Rpb25zLXN0YQ', [1]);
  await broker.topic(offsetsTopic.name, 'b2Zmc2V0cy1vZmZzZXRzLQ', [1]);
  await broker.topic('orders', ordersId);
  // The coordinator of the transaction is this broker, too.
  broker.onTransaction = ask;
  const { producerId, producerEpoch } = await broker.ask(initProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 });
  producer = { producerId, producerEpoch };
});

async function ask({ topic, partition, adds, ...question }: TransactionQuestion): Promise<void> {
  const partitions = new Map([[topic, new Set([partition])]]);
  if (adds) await broker.services.transactions.addPartitions({ ...question, partitions, clientVersion: 2 });
  else await broker.services.transactions.verifyPartition({ ...question, partitions });
}

function dispatch(committedOffset: bigint, version: number, more: { generationIdOrMemberEpoch?: number; memberId?: string } = {}) {
  const topic = version >= 6 ? { topicId: ordersId } : { name: 'orders' };
  const topics = [{ ...topic, partitions: [{ partitionIndex: 0, committedOffset, committedMetadata: '' }] }];
  const answer = Promise.resolve(broker.dispatch(txnOffsetCommit, version, { transactionalId, groupId, ...producer, ...more, topics }));
  return answer.then((bytes) => decodeAnswer(txnOffsetCommit, version, bytes).topics[0]!.partitions[0]!.errorCode);
}

const commit = (...args: Parameters<typeof dispatch>) => broker.done(dispatch(...args));
const addOffsets = async () => (await broker.ask(addOffsetsToTxn, 3, { transactionalId, ...producer, groupId })).errorCode;
const end = async (committed: boolean, version = 4) => {
  const { errorCode, ...next } = await broker.ask(endTxn, version, { transactionalId, ...producer, committed });
  if (version >= 5) producer = next;
  await broker.pass(50);
  return errorCode;
};

async function committedOffset(requireStable = false) {
  const topics = [{ name: 'orders', partitionIndexes: [0] }];
  const { groups } = await broker.ask(offsetFetch, 8, { groups: [{ groupId, topics }], requireStable });
  const { committedOffset: offset, errorCode } = groups[0]!.topics[0]!.partitions[0]!;
  return errorCode === 'NONE' ? offset : errorCode;
}

describe('offsets in a transaction', () => {
  test.each([
    { version: 0, committed: true, expected: 5n },
    { version: 4, committed: true, expected: 5n },
    { version: 4, committed: false, expected: -1n },
    { version: 5, committed: true, expected: 5n },
    { version: 6, committed: true, expected: 5n },
    { version: 6, committed: false, expected: -1n },
  ])('T6: of version $version count when it has ended: committed $committed, the offset is $expected', async ({
    version,
    committed,
    expected,
  }) => {
    if (version < 5) expect(await addOffsets()).toBe('NONE');

    expect(await commit(5n, version)).toBe('NONE');
    expect([await committedOffset(), await committedOffset(true)]).toEqual([-1n, 'UNSTABLE_OFFSET_COMMIT']);

    expect(await end(committed, version < 5 ? 4 : 5)).toBe('NONE');
    expect([await committedOffset(), await committedOffset(true)]).toEqual([expected, expected]);
  });

  test.each([
    { version: 3, told: 'INVALID_TXN_STATE' },
    { version: 4, told: 'TRANSACTION_ABORTABLE' },
  ])('are refused with $told in version $version when the group was not added', async ({ version, told }) => {
    expect(await commit(5n, version)).toBe(told);
    expect(broker.leader(offsetsTopic.name).log.logEndOffset).toBe(0n);
  });

  test('T4, T6: of a fenced producer, and of a member of a former generation, are refused', async () => {
    await addOffsets();
    expect(await commit(5n, 4, { generationIdOrMemberEpoch: 3, memberId: 'gone' })).toBe('ILLEGAL_GENERATION');
    await broker.ask(initProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 });
    await broker.pass(50);

    expect(await commit(5n, 4)).toBe('INVALID_PRODUCER_EPOCH');
    expect(await commit(5n, 6)).toBe('INVALID_PRODUCER_EPOCH');
    expect(await committedOffset(true)).toBe(-1n);
  });

  test('T7: whose transaction ends while its coordinator is asked are refused, so that they do not wait for ever', async () => {
    const asked = Promise.withResolvers<void>();
    broker.onTransaction = () => asked.promise;
    const answer = dispatch(5n, 4);
    await broker.pass(10);

    const topics = [{ name: offsetsTopic.name, partitionIndexes: [0] }];
    const marker = { ...producer, transactionResult: false, topics, coordinatorEpoch: 0, transactionVersion: 0 };
    await broker.ask(writeTxnMarkers, 2, { markers: [marker] });
    asked.resolve();

    expect(await broker.done(answer)).toBe('INVALID_TXN_STATE');
    expect(await committedOffset(true)).toBe(-1n);
  });

  test.each([
    { error: 'CONCURRENT_TRANSACTIONS', version: 4, told: 'COORDINATOR_LOAD_IN_PROGRESS' },
    { error: 'CONCURRENT_TRANSACTIONS', version: 5, told: 'CONCURRENT_TRANSACTIONS' },
    { error: 'NOT_COORDINATOR', version: 5, told: 'COORDINATOR_LOAD_IN_PROGRESS' },
    { error: 'NETWORK_EXCEPTION', version: 5, told: 'COORDINATOR_LOAD_IN_PROGRESS' },
  ] as const)('are asked for again after $told, when the coordinator of the transaction says $error; version $version', async (given) => {
    broker.onTransaction = async () => {
      throw new KafkaError(given.error);
    };

    expect(await commit(5n, given.version)).toBe(given.told);
  });

  test('of a topic that is not known, or of a group that is coordinated elsewhere, are refused', async () => {
    const topics = [{ name: 'none', partitions: [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: null }] }];
    const { topics: answered } = await broker.ask(txnOffsetCommit, 3, { transactionalId, groupId, ...producer, topics });
    expect(answered[0]!.partitions[0]!.errorCode).toBe('UNKNOWN_TOPIC_OR_PARTITION');

    const elsewhere = await TestBroker.start();
    await elsewhere.topic(offsetsTopic.name, 'b2Zmc2V0cy1vZmZzZXRzLQ', [2]);
    await elsewhere.topic('orders', ordersId);
    const known = [{ ...topics[0]!, name: 'orders' }];
    const refused = await elsewhere.ask(txnOffsetCommit, 3, { transactionalId, groupId, ...producer, topics: known });
    expect(refused.topics[0]!.partitions[0]!.errorCode).toBe('NOT_COORDINATOR');
  });
});
