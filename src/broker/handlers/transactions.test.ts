import { beforeEach, describe, expect, test } from 'vitest';
import { removeTopic } from '#metadata/testing.ts';
import type { ErrorName } from '#protocol';
import { addOffsetsToTxn } from '#protocol/apis/add-offsets-to-txn.ts';
import { addPartitionsToTxn } from '#protocol/apis/add-partitions-to-txn.ts';
import type { CreateTopicsRequest } from '#protocol/apis/create-topics.ts';
import { describeTransactions } from '#protocol/apis/describe-transactions.ts';
import { endTxn } from '#protocol/apis/end-txn.ts';
import { findCoordinator } from '#protocol/apis/find-coordinator.ts';
import { initProducerId } from '#protocol/apis/init-producer-id.ts';
import { listTransactions } from '#protocol/apis/list-transactions.ts';
import { offsetsTopic, transactionsTopic } from '../internal-topics.ts';
import { ordersId, TestBroker } from '../testing.ts';

const transactionsId = 'dHJhbnNhY3Rpb25zLXN0YQ';
const offsetsId = 'b2Zmc2V0cy1vZmZzZXRzLQ';
const transactionalId = 'payer';

let broker: TestBroker;
beforeEach(async () => {
  broker = await TestBroker.start({ properties: { 'transaction.max.timeout.ms': '60000' } });
  await broker.topic(transactionsTopic.name, transactionsId, [1, 1]);
  await broker.topic('orders', ordersId, [1, 1, 2]);
});

interface Producer {
  producerId: bigint;
  producerEpoch: number;
}

async function init(options: { version?: number; timeoutMs?: number; known?: Producer; id?: string } = {}) {
  const { version = 5, timeoutMs = 10_000, known = {}, id = transactionalId } = options;
  const { errorCode, producerId, producerEpoch } = await broker.ask(initProducerId, version, {
    transactionalId: id,
    transactionTimeoutMs: timeoutMs,
    ...known,
  });
  return { errorCode, producerId, producerEpoch };
}

async function started(): Promise<Producer> {
  const { producerId, producerEpoch } = await init();
  return { producerId, producerEpoch };
}

async function add(
  { producerId, producerEpoch }: Producer,
  partitions: number[],
  { version = 3, verifyOnly = false, name = 'orders' } = {},
) {
  const topics = [{ name, partitions }];
  const request =
    version >= 4
      ? { transactions: [{ transactionalId, producerId, producerEpoch, verifyOnly, topics }] }
      : {
          v3AndBelowTransactionalId: transactionalId,
          v3AndBelowProducerId: producerId,
          v3AndBelowProducerEpoch: producerEpoch,
          v3AndBelowTopics: topics,
        };
  const answer = await broker.ask(addPartitionsToTxn, version, request);
  const results = version >= 4 ? answer.resultsByTransaction[0]!.topicResults : answer.resultsByTopicV3AndBelow;
  return results[0]!.resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode);
}

const end = (producer: Producer, committed: boolean, version = 4) =>
  broker.ask(endTxn, version, { transactionalId, ...producer, committed });

async function described(id = transactionalId) {
  return (await broker.ask(describeTransactions, 0, { transactionalIds: [id] })).transactionStates[0]!;
}

async function listed(request: Parameters<typeof broker.ask<typeof listTransactions>>[2], version = 1) {
  const { transactionStates, unknownStateFilters } = await broker.ask(listTransactions, version, request);
  return { ids: transactionStates.map((one) => one.transactionalId).sort(), unknown: unknownStateFilters };
}

test.each([0, 1, 2, 3, 4])('a transaction of EndTxn v%i takes part in partitions, ends, and lets the next begin', async (version) => {
  const producer = await started();
  expect(await add(producer, [0, 1], { version: Math.min(version, 3) })).toEqual(['NONE', 'NONE']);
  expect(await described()).toMatchObject({
    errorCode: 'NONE',
    transactionState: 'Ongoing',
    transactionTimeoutMs: 10_000,
    ...producer,
    topics: [{ topic: 'orders', partitions: [0, 1] }],
  });

  expect(await end(producer, true, version)).toMatchObject({ errorCode: 'NONE' });
  await broker.pass(10);

  expect(await described()).toMatchObject({ transactionState: 'CompleteCommit', topics: [] });
  expect([0, 1].map((index) => broker.leader('orders', index).log.logEndOffset)).toEqual([1n, 1n]);
  expect(await add(producer, [0])).toEqual(['NONE']);
});

test('EndTxn v5 gives the next epoch, and also ends what never began', async () => {
  const producer = await started();
  await add(producer, [0], { version: 5 });

  const next = await end(producer, false, 5);
  expect(next).toMatchObject({ errorCode: 'NONE', producerId: producer.producerId, producerEpoch: producer.producerEpoch + 1 });
  await broker.pass(10);

  expect(await end(next, false, 5)).toMatchObject({ errorCode: 'NONE', producerEpoch: producer.producerEpoch + 2 });
});

test('an answer leaves when what it rests on is on the disk', async () => {
  const producer = await started();
  await add(producer, [0]);
  const log = broker.partitions.all().find(({ topic, log }) => topic === transactionsTopic.name && log.logEndOffset > 0n)!.log;
  expect(log.flushedOffset).toBe(log.logEndOffset);

  const answer = broker.dispatch(endTxn, 4, { transactionalId, ...producer, committed: true });
  expect([log.logEndOffset, log.flushedOffset]).toEqual([3n, 2n]);
  expect(broker.leader('orders').log.logEndOffset).toBe(0n);
  await broker.done(Promise.resolve(answer));

  expect(log.flushedOffset >= 3n).toBe(true);
});

describe('a fenced producer', () => {
  test.each([
    { version: 3, initVersion: 4, told: 'PRODUCER_FENCED' },
    { version: 1, initVersion: 3, told: 'INVALID_PRODUCER_EPOCH' },
  ])('is told $told in version $version', async ({ version, initVersion, told }) => {
    const old = await started();
    await started();

    expect(await add(old, [0], { version })).toEqual([told]);
    expect((await end(old, true, version)).errorCode).toBe(told);
    expect((await init({ version: initVersion, known: { ...old, producerEpoch: old.producerEpoch + 7 } })).errorCode).toBe(told);
  });

  test('T4: has its transaction aborted before its successor gets an epoch', async () => {
    const old = await started();
    await add(old, [0]);

    expect((await init()).errorCode).toBe('CONCURRENT_TRANSACTIONS');
    await broker.pass(10);

    expect(await init()).toEqual({ errorCode: 'NONE', producerId: old.producerId, producerEpoch: 2 });
    expect((await described()).transactionState).toBe('Empty');
  });
});

test('InitProducerId refuses a timeout that is longer than the broker allows, or none', async () => {
  expect((await init({ timeoutMs: 60_001 })).errorCode).toBe('INVALID_TRANSACTION_TIMEOUT');
  expect((await init({ timeoutMs: 0 })).errorCode).toBe('INVALID_TRANSACTION_TIMEOUT');
  expect((await init({ timeoutMs: 60_000 })).errorCode).toBe('NONE');
});

test('T7: a transaction that is open for too long is aborted', async () => {
  const producer = await started();
  await add(producer, [0]);

  await broker.pass(30_000);

  expect((await described()).transactionState).toBe('CompleteAbort');
  expect(broker.leader('orders').log.logEndOffset).toBe(1n);
  expect((await end(producer, true)).errorCode).toBe('PRODUCER_FENCED');
});

describe('AddPartitionsToTxn', () => {
  test('takes all partitions or none', async () => {
    const producer = await started();

    expect(await add(producer, [0, 9])).toEqual(['OPERATION_NOT_ATTEMPTED', 'UNKNOWN_TOPIC_OR_PARTITION']);
    expect((await described()).topics).toEqual([]);
  });

  test('v4 verifies each partition for itself', async () => {
    const producer = await started();
    await add(producer, [0]);

    expect(await add(producer, [0, 1], { version: 4, verifyOnly: true })).toEqual(['NONE', 'TRANSACTION_ABORTABLE']);
    expect((await described()).topics).toEqual([{ topic: 'orders', partitions: [0] }]);
  });

  test('of an id that nobody knows is refused, in all forms', async () => {
    const unknown = { producerId: 1n, producerEpoch: 0 };
    const answers: ErrorName[][] = [];
    for (const version of [0, 3, 4, 5]) answers.push(await add(unknown, [0], { version }));
    answers.push(await add(unknown, [0], { version: 4, verifyOnly: true }));

    expect(answers).toEqual(Array(5).fill(['INVALID_PRODUCER_ID_MAPPING']));
  });
});

test('the partition of a topic that is deleted meanwhile does not hold up the end', async () => {
  const producer = await started();
  await add(producer, [0]);
  broker.commit(removeTopic(ordersId));
  await broker.applied();

  await end(producer, true);
  await broker.pass(100);

  expect((await described()).transactionState).toBe('CompleteCommit');
});

test('AddOffsetsToTxn needs the topic of the groups, and has it created', async () => {
  const producer = await started();
  const created: string[] = [];
  broker.onSend = (_, request) => {
    created.push(...(request as CreateTopicsRequest).topics.map(({ name }) => name));
    return Promise.resolve({ topics: [] });
  };
  const addOffsets = async () => (await broker.ask(addOffsetsToTxn, 4, { transactionalId, ...producer, groupId: 'billing' })).errorCode;
  expect(await addOffsets()).toBe('COORDINATOR_NOT_AVAILABLE');
  expect(created).toEqual([offsetsTopic.name]);

  broker.services.coordinators.add(0, offsetsTopic, { leads() {}, resigns() {} });
  await broker.topic(offsetsTopic.name, offsetsId, [2, 1]);

  expect(await addOffsets()).toBe('NONE');
  expect((await described()).topics).toEqual([{ topic: offsetsTopic.name, partitions: [1] }]);
});

test('ListTransactions lists by state, by producer and by age, and names the states that it does not know', async () => {
  const producer = await started();
  await init({ id: 'idle' });
  await add(producer, [0]);
  await broker.pass(2000);

  expect(await listed({ stateFilters: [], producerIdFilters: [] })).toEqual({ ids: ['idle', 'payer'], unknown: [] });
  expect(await listed({ stateFilters: ['Ongoing', 'Lost'], producerIdFilters: [] })).toEqual({ ids: ['payer'], unknown: ['Lost'] });
  expect(await listed({ stateFilters: [], producerIdFilters: [producer.producerId] }, 0)).toEqual({ ids: ['payer'], unknown: [] });
  expect(await listed({ stateFilters: ['Ongoing'], producerIdFilters: [], durationFilter: 1000n })).toMatchObject({ ids: ['payer'] });
  expect(await listed({ stateFilters: ['Ongoing'], producerIdFilters: [], durationFilter: 60_000n })).toMatchObject({ ids: [] });
});

test.each([
  { pattern: 'pay.*', ids: ['payer', 'payer-2'] },
  { pattern: 'payer', ids: ['payer'] },
  { pattern: 'aye', ids: [] },
  { pattern: '(?i)PAYER-\\d', ids: ['payer-2'] },
  { pattern: '', ids: ['idle', 'payer', 'payer-2'] },
  { pattern: null, ids: ['idle', 'payer', 'payer-2'] },
])('ListTransactions v2 with the pattern $pattern lists $ids', async ({ pattern, ids }) => {
  for (const id of ['idle', 'payer', 'payer-2']) await init({ id });

  expect((await listed({ stateFilters: [], producerIdFilters: [], transactionalIdPattern: pattern }, 2)).ids).toEqual(ids);
});

test.each([
  '(',
  '*',
  'x'.repeat(1025),
])('ListTransactions v2 with the pattern %s is INVALID_REGULAR_EXPRESSION', async (transactionalIdPattern) => {
  await started();

  const answer = await broker.ask(listTransactions, 2, { stateFilters: [], producerIdFilters: [], transactionalIdPattern });

  expect(answer).toMatchObject({ errorCode: 'INVALID_REGULAR_EXPRESSION', transactionStates: [] });
});

test('what is not known, or not coordinated here, is said so', async () => {
  expect((await described('nobody')).errorCode).toBe('TRANSACTIONAL_ID_NOT_FOUND');
  expect((await described('')).errorCode).toBe('INVALID_REQUEST');
  const elsewhere = await TestBroker.start();
  expect((await elsewhere.ask(initProducerId, 4, { transactionalId, transactionTimeoutMs: 1000 })).errorCode).toBe(
    'COORDINATOR_NOT_AVAILABLE',
  );
  await elsewhere.topic(transactionsTopic.name, transactionsId, [2]);
  expect((await elsewhere.ask(initProducerId, 4, { transactionalId, transactionTimeoutMs: 1000 })).errorCode).toBe('NOT_COORDINATOR');
  const { coordinators } = await elsewhere.ask(findCoordinator, 4, { keyType: 1, coordinatorKeys: [transactionalId] });
  expect(coordinators).toMatchObject([{ errorCode: 'NONE', nodeId: 2 }]);
});
