import { beforeEach, expect, test } from 'vitest';
import { silentLogger } from '#platform';
import { type ErrorName, KafkaError } from '#protocol';
import type { AddPartitionsToTxnRequestInput, AddPartitionsToTxnResponse } from '#protocol/apis/add-partitions-to-txn.ts';
import { transactionsTopic } from './internal-topics.ts';
import { TestBroker } from './testing.ts';
import { type TransactionQuestion, TransactionVerifier } from './transaction-verifier.ts';

let broker: TestBroker;
let verifier: TransactionVerifier;
let sent: { brokerId: number; request: AddPartitionsToTxnRequestInput }[];
/** What the coordinator says to each partition, at each question. */
let say: (topic: string, partition: number) => ErrorName;

beforeEach(async () => {
  broker = await TestBroker.start();
  await broker.topic(transactionsTopic.name, 'dHJhbnNhY3Rpb25zLXN0YQ', [1, 2]);
  sent = [];
  say = () => 'NONE';
  verifier = new TransactionVerifier({
    clock: broker.platform.clock,
    log: silentLogger,
    image: () => broker.image,
    send: async (brokerId, request) => {
      sent.push({ brokerId, request });
      return answerTo(request);
    },
  });
});

function answerTo({ transactions = [] }: AddPartitionsToTxnRequestInput): AddPartitionsToTxnResponse {
  return {
    throttleTimeMs: 0,
    errorCode: 'NONE',
    resultsByTopicV3AndBelow: [],
    resultsByTransaction: transactions.map(({ transactionalId, topics }) => ({
      transactionalId,
      topicResults: topics.map(({ name, partitions }) => ({
        name,
        resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode: say(name, partitionIndex) })),
      })),
    })),
  };
}

function question(more: Partial<TransactionQuestion> = {}): TransactionQuestion {
  return { transactionalId: 'a', producerId: 1n, producerEpoch: 0, topic: 'orders', partition: 0, adds: true, ...more };
}

/** undefined when the partition takes part, else why not. */
const outcome = (asked: TransactionQuestion): Promise<ErrorName | undefined> =>
  verifier.ask(asked).then(
    () => undefined,
    (error: KafkaError) => error.errorName,
  );

test('what is asked in one moment of one coordinator goes in one request, and each question gets its own answer', async () => {
  say = (topic, partition) => (topic === 'bills' ? 'TRANSACTION_ABORTABLE' : partition === 1 ? 'PRODUCER_FENCED' : 'NONE');

  const outcomes = await broker.done(
    Promise.all([
      outcome(question()),
      outcome(question({ partition: 1 })),
      outcome(question({ topic: 'bills' })),
      outcome(question({ transactionalId: 'c', adds: false })),
      outcome(question({ transactionalId: 'b' })),
    ]),
  );

  expect(outcomes).toEqual([undefined, 'PRODUCER_FENCED', 'TRANSACTION_ABORTABLE', undefined, undefined]);
  // The hashes of a and c are odd, that of b is even.
  expect(sent.map(({ brokerId }) => brokerId).sort()).toEqual([1, 2]);
  expect(sent.find(({ brokerId }) => brokerId === 2)!.request.transactions).toEqual([
    {
      transactionalId: 'a',
      producerId: 1n,
      producerEpoch: 0,
      verifyOnly: false,
      topics: [
        { name: 'orders', partitions: [0, 1] },
        { name: 'bills', partitions: [0] },
      ],
    },
    { transactionalId: 'c', producerId: 1n, producerEpoch: 0, verifyOnly: true, topics: [{ name: 'orders', partitions: [0] }] },
  ]);
});

test('questions that do not go together go one after the other', async () => {
  const outcomes = await broker.done(
    Promise.all([outcome(question()), outcome(question({ producerEpoch: 1 })), outcome(question({ adds: false })), outcome(question())]),
  );

  expect(outcomes).toEqual([undefined, undefined, undefined, undefined]);
  expect(sent.map(({ request }) => request.transactions!.length)).toEqual([1, 1, 1, 1]);
});

test('a transaction that is just being ended is waited for, so that the producer need not ask again', async () => {
  let questions = 0;
  say = () => (++questions < 5 ? 'CONCURRENT_TRANSACTIONS' : 'NONE');

  expect(await broker.done(outcome(question()))).toBeUndefined();
  expect(questions).toBe(5);
});

test('but not for ever, and not for clients that add their partitions themselves', async () => {
  say = () => 'CONCURRENT_TRANSACTIONS';

  expect(await broker.done(outcome(question()))).toBe('CONCURRENT_TRANSACTIONS');
  expect(sent.length).toBeGreaterThan(50);
  sent = [];
  expect(await broker.done(outcome(question({ adds: false })))).toBe('CONCURRENT_TRANSACTIONS');
  expect(sent).toHaveLength(1);
});

test('a coordinator that is not there, or does not answer, is named as such', async () => {
  verifier = new TransactionVerifier({
    clock: broker.platform.clock,
    log: silentLogger,
    image: () => broker.image,
    send: async () => {
      throw new Error('reset');
    },
  });
  expect(await broker.done(outcome(question()))).toBe('NETWORK_EXCEPTION');

  const empty = await TestBroker.start();
  verifier = new TransactionVerifier({
    clock: empty.platform.clock,
    log: silentLogger,
    image: () => empty.image,
    send: async () => {
      throw new KafkaError('UNKNOWN_SERVER_ERROR');
    },
  });
  expect(await empty.done(outcome(question()))).toBe('COORDINATOR_NOT_AVAILABLE');
});
