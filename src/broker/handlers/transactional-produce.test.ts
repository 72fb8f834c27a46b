import { beforeEach, describe, expect, test } from 'vitest';
import { newLeader } from '#metadata/testing.ts';
import { type ErrorName, KafkaError, type ResponseOf } from '#protocol';
import { describeProducers } from '#protocol/apis/describe-producers.ts';
import { fetch } from '#protocol/apis/fetch.ts';
import { listOffsets } from '#protocol/apis/list-offsets.ts';
import { produce } from '#protocol/apis/produce.ts';
import { writeTxnMarkers } from '#protocol/apis/write-txn-markers.ts';
import { Observed, reading } from '#replication/testing.ts';
import { batchOf, decodeAnswer, ordersId, TestBroker, textsOf } from '../testing.ts';
import type { TransactionQuestion } from '../transaction-verifier.ts';

const producerId = 7n;

let broker: TestBroker;
let questions: TransactionQuestion[];
/** What the coordinator answers to each question, when it does. */
let answers: { resolve(): void; reject(name: ErrorName): void }[];

beforeEach(async () => {
  broker = await TestBroker.start();
  await broker.topic('orders', ordersId);
  questions = [];
  answers = [];
  broker.onTransaction = (question) =>
    new Promise((resolve, reject) => {
      questions.push(question);
      answers.push({ resolve, reject: (name) => reject(new KafkaError(name)) });
    });
});

interface Sent {
  sequence: number;
  epoch?: number;
  texts?: string[];
  version?: number;
  acks?: number;
}

function dispatch({ sequence, epoch = 0, texts = ['a'], version = 11, acks = -1 }: Sent) {
  const records = batchOf(texts, { producerId, producerEpoch: epoch, baseSequence: sequence, isTransactional: true });
  const topicData = [{ name: 'orders', partitionData: [{ index: 0, records }] }];
  const answer = Promise.resolve(broker.dispatch(produce, version, { transactionalId: 'payer', acks, timeoutMs: 1000, topicData }));
  return answer.then((bytes) => (acks === 0 ? undefined : only(decodeAnswer(produce, version, bytes))));
}

function only(response: ResponseOf<typeof produce>) {
  return response.responses[0]!.partitionResponses[0]!;
}

/** Sends when the coordinator agrees. */
async function send(sent: Sent) {
  const answer = dispatch(sent);
  await broker.pass(1);
  answers.at(-1)?.resolve();
  return broker.done(answer);
}

async function mark(options: { epoch?: number; commit?: boolean; coordinatorEpoch?: number; transactionVersion?: number } = {}) {
  const { epoch = 0, commit = true, coordinatorEpoch = 1, transactionVersion = 0 } = options;
  const topics = [{ name: 'orders', partitionIndexes: [0] }];
  const marker = { producerId, producerEpoch: epoch, transactionResult: commit, topics, coordinatorEpoch, transactionVersion };
  const { markers } = await broker.ask(writeTxnMarkers, 2, { markers: [marker] });
  return markers[0]!.topics[0]!.partitions[0]!.errorCode;
}

const log = () => broker.leader().log;

async function committedTexts() {
  const read = await broker.done(broker.leader().read(reading(0n, 'read_committed')));
  return { texts: textsOf(read.records), aborted: read.abortedTransactions };
}

describe('the first batch of a transaction', () => {
  test.each([
    { version: 11, adds: false },
    { version: 12, adds: true },
  ])('in version $version waits until the coordinator says that the partition takes part; adds it: $adds', async ({ version, adds }) => {
    const answer = new Observed(dispatch({ sequence: 0, version }));
    await broker.pass(100);
    expect([answer.state, log().logEndOffset]).toEqual(['waiting', 0n]);
    expect(questions).toEqual([{ transactionalId: 'payer', producerId, producerEpoch: 0, topic: 'orders', partition: 0, adds }]);

    answers[0]!.resolve();
    await broker.pass(100);

    expect([answer.state, log().logEndOffset, log().lastStableOffset]).toEqual(['resolved', 1n, 0n]);
  });

  test('asks alone: what follows in the same transaction, and a repeat of it when it is over, is answered without', async () => {
    await send({ sequence: 0 });

    expect(await broker.done(dispatch({ sequence: 1 }))).toMatchObject({ errorCode: 'NONE', baseOffset: 1n });
    await mark();
    expect(await broker.done(dispatch({ sequence: 1 }))).toMatchObject({ errorCode: 'NONE', baseOffset: 1n });

    expect(questions).toHaveLength(1);
  });

  test('I1: pipelined requests keep their order while the first waits', async () => {
    const all = [0, 1, 2, 3, 4].map((sequence) => dispatch({ sequence, texts: [`${sequence}`] }));
    await broker.pass(10);

    answers[0]!.resolve();
    const settled = await broker.done(Promise.all(all));

    expect(settled.map((answer) => answer!.baseOffset)).toEqual([0n, 1n, 2n, 3n, 4n]);
    expect(questions).toHaveLength(1);
  });

  test('I1: what waited behind a refused batch is refused too, and none of it comes before the first', async () => {
    const all = [0, 1].map((sequence) => dispatch({ sequence }));
    await broker.pass(10);
    answers[0]!.reject('NOT_COORDINATOR');
    expect((await broker.done(Promise.all(all))).map((answer) => answer!.errorCode)).toEqual([
      'NOT_ENOUGH_REPLICAS',
      'NOT_ENOUGH_REPLICAS',
    ]);

    const late = await broker.done(dispatch({ sequence: 1 }));
    expect(late!.errorCode).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(await send({ sequence: 0 })).toMatchObject({ errorCode: 'NONE', baseOffset: 0n });
    expect(await broker.done(dispatch({ sequence: 1 }))).toMatchObject({ errorCode: 'NONE', baseOffset: 1n });
  });

  test.each([
    { version: 11, answer: 'TRANSACTION_ABORTABLE', told: 'TRANSACTION_ABORTABLE' },
    { version: 10, answer: 'TRANSACTION_ABORTABLE', told: 'INVALID_TXN_STATE' },
    { version: 11, answer: 'PRODUCER_FENCED', told: 'INVALID_PRODUCER_EPOCH' },
    { version: 11, answer: 'INVALID_PRODUCER_ID_MAPPING', told: 'INVALID_PRODUCER_ID_MAPPING' },
    { version: 11, answer: 'CONCURRENT_TRANSACTIONS', told: 'NOT_ENOUGH_REPLICAS' },
    { version: 12, answer: 'CONCURRENT_TRANSACTIONS', told: 'CONCURRENT_TRANSACTIONS' },
    { version: 12, answer: 'COORDINATOR_LOAD_IN_PROGRESS', told: 'NOT_ENOUGH_REPLICAS' },
    { version: 12, answer: 'NETWORK_EXCEPTION', told: 'NOT_ENOUGH_REPLICAS' },
  ] as const)('P16: when the coordinator says $answer, a producer of version $version is told $told, and nothing is appended', async (given) => {
    const answer = dispatch({ sequence: 0, version: given.version });
    await broker.pass(10);
    answers[0]!.reject(given.answer);

    expect(await broker.done(answer)).toMatchObject({ errorCode: given.told, baseOffset: -1n });
    expect(log().logEndOffset).toBe(0n);
  });

  test('T5: of a producer that is new here has sequence 0, for a client of version 2', async () => {
    expect((await broker.done(dispatch({ sequence: 3, version: 12 })))!.errorCode).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(questions).toEqual([]);
  });

  test('with acks=0 is appended without an answer', async () => {
    const answer = dispatch({ sequence: 0, acks: 0 });
    await broker.pass(10);
    answers[0]!.resolve();

    expect(await broker.done(answer)).toBeUndefined();
    expect(log().logEndOffset).toBe(1n);
  });
});

describe('produce-after-abort-hangs-lso (KAFKA-12671, KAFKA-14884)', () => {
  test.each([
    { transactionVersion: 0, epoch: 0 },
    { transactionVersion: 2, epoch: 1 },
  ])('T5, T7: a batch whose transaction ends while the coordinator is asked is refused; transaction version $transactionVersion', async (marker) => {
    const answer = dispatch({ sequence: 0 });
    await broker.pass(10);

    expect(await mark({ commit: false, ...marker })).toBe('NONE');
    answers[0]!.resolve();

    expect((await broker.done(answer))!.errorCode).toBe('INVALID_TXN_STATE');
    expect(log().lastStableOffset).toBe(log().logEndOffset);
  });

  test('a repeated marker of version 2 does not hinder the transaction that follows, which has its epoch', async () => {
    const answer = dispatch({ sequence: 0, epoch: 1, version: 12 });
    await broker.pass(10);

    await mark({ epoch: 1, transactionVersion: 2 });
    answers[0]!.resolve();

    expect((await broker.done(answer))!.errorCode).toBe('NONE');
  });

  test('a batch of an epoch that was fenced by an abort is refused without opening a transaction', async () => {
    await send({ sequence: 0 });
    await mark({ epoch: 1, commit: false });

    expect((await send({ sequence: 1 }))!.errorCode).toBe('INVALID_PRODUCER_EPOCH');
    expect(log().lastStableOffset).toBe(2n);
  });

  test('a leader that was another in the meantime does not append on the word of before', async () => {
    const answer = dispatch({ sequence: 0 });
    await broker.pass(10);
    broker.commit(newLeader(ordersId, 0, 2));
    await broker.applied();
    broker.commit(newLeader(ordersId, 0, 1));
    await broker.applied();
    answers[0]!.resolve();

    expect((await broker.done(answer))!.errorCode).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(log().logEndOffset).toBe(0n);
  });
});

describe('markers', () => {
  test('T1, T2: what was committed is read, what was aborted is named, what is open is not reached; DescribeProducers shows who', async () => {
    await send({ sequence: 0, texts: ['kept'] });
    await mark();
    await send({ sequence: 1, texts: ['dropped'] });
    await mark({ commit: false });
    await send({ sequence: 2, texts: ['open'] });

    expect(await committedTexts()).toMatchObject({ aborted: [{ producerId, firstOffset: 2n }] });
    expect((await committedTexts()).texts.filter((text) => text.endsWith('open'))).toEqual([]);
    const latest = { name: 'orders', partitions: [{ partitionIndex: 0, timestamp: -1n }] };
    const ends: bigint[] = [];
    for (const isolationLevel of [0, 1]) {
      const { topics } = await broker.ask(listOffsets, 8, { replicaId: -1, isolationLevel, topics: [latest] });
      ends.push(topics[0]!.partitions[0]!.offset);
    }
    expect(ends).toEqual([5n, 4n]);
    const described = await broker.ask(describeProducers, 0, { topics: [{ name: 'orders', partitionIndexes: [0] }] });
    expect(described.topics[0]!.partitions[0]!.activeProducers).toMatchObject([
      { producerId, producerEpoch: 0, lastSequence: 2, coordinatorEpoch: 1, currentTxnStartOffset: 4n },
    ]);
  });

  test('coordinator-epoch-regress (KAFKA-9144), T8: one of a coordinator that was replaced is refused, a repeated one changes nothing', async () => {
    await send({ sequence: 0 });
    expect(await mark({ coordinatorEpoch: 5 })).toBe('NONE');
    await send({ sequence: 1 });

    expect(await mark({ coordinatorEpoch: 4, commit: false })).toBe('TRANSACTION_COORDINATOR_FENCED');
    expect(log().lastStableOffset).toBe(2n);
    expect(await mark({ coordinatorEpoch: 5 })).toBe('NONE');
    expect(await mark({ coordinatorEpoch: 5 })).toBe('NONE');

    expect((await committedTexts()).aborted).toEqual([]);
    expect(log().lastStableOffset).toBe(5n);
  });

  test('T5, tv2-races (KAFKA-19446): a late one of version 2 does not end the transaction that came after', async () => {
    await send({ sequence: 0, epoch: 0 });
    expect(await mark({ epoch: 1, transactionVersion: 2 })).toBe('NONE');
    await send({ sequence: 0, epoch: 1 });

    expect(await mark({ epoch: 1, transactionVersion: 2 })).toBe('INVALID_PRODUCER_EPOCH');
    expect(log().lastStableOffset).toBe(2n);
  });

  test('are answered when they are committed, and refused where this broker does not lead', async () => {
    await broker.topic('bills', 'YmlsbHMtYmlsbHMtYmlsbA', [2]);
    const marker = { producerId, producerEpoch: 0, transactionResult: true, coordinatorEpoch: 1 };
    const topics = ['orders', 'bills', 'none'].map((name) => ({ name, partitionIndexes: [0] }));

    const { markers } = await broker.ask(writeTxnMarkers, 1, { markers: [{ ...marker, topics }] });

    expect(markers[0]!.topics.map(({ partitions }) => partitions[0]!.errorCode)).toEqual([
      'NONE',
      'NOT_LEADER_OR_FOLLOWER',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ]);
    expect(log().flushedOffset).toBe(1n);
  });
});

describe('readers of committed records', () => {
  function dispatchFetch(fetchOffset: bigint, maxWaitMs: number, isolationLevel = 1) {
    const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }];
    const topics = [{ topic: 'orders', partitions }];
    const answer = Promise.resolve(broker.dispatch(fetch, 11, { maxWaitMs, minBytes: 1, isolationLevel, topics, forgottenTopicsData: [] }));
    return answer.then((bytes) => decodeAnswer(fetch, 11, bytes).responses[0]!.partitions[0]!);
  }

  test('read-above-lso (KAFKA-9807), P10: a fetch at or above the last stable offset waits, although there are records', async () => {
    await send({ sequence: 0, texts: ['open'] });
    await broker.done(broker.leader().append(batchOf(['plain']), -1, 1000).committed!);
    expect(log().highWatermark).toBe(2n);

    const [below, above] = [await broker.done(dispatchFetch(0n, 50)), await broker.done(dispatchFetch(1n, 50))];

    for (const answer of [below, above]) {
      expect(answer).toMatchObject({ errorCode: 'NONE', highWatermark: 2n, lastStableOffset: 0n });
      expect(textsOf(answer.records)).toEqual([]);
    }
    expect(textsOf((await broker.done(dispatchFetch(0n, 50, 0))).records)).toEqual(['0:open', '1:plain']);
  });

  test('delayed-fetch-aborted-list (KAFKA-5376), T2: a fetch that waited for the end of a transaction is told that it was aborted', async () => {
    await send({ sequence: 0, texts: ['dropped'] });
    const waiting = dispatchFetch(0n, 60_000);
    await broker.pass(20);

    await mark({ commit: false });
    const answer = await broker.done(waiting);

    expect(textsOf(answer.records).slice(0, 1)).toEqual(['0:dropped']);
    expect(answer.abortedTransactions).toEqual([{ producerId, firstOffset: 0n }]);
    expect(answer.lastStableOffset).toBe(2n);
  });
});
