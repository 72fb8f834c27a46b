import { beforeEach, describe, expect, test } from 'vitest';
import { SimulatedWorld, silentLogger } from '#platform';
import { KafkaError } from '#protocol';
import type { WriteTxnMarkersRequestInput, WriteTxnMarkersResponse } from '#protocol/apis/write-txn-markers.ts';
import { MemoryLog } from '../runtime/testing.ts';
import { transactionRecords } from './records.ts';
import { settings, transactionalId } from './testing.ts';
import type { Producer } from './transaction.ts';
import { TransactionService } from './transaction-service.ts';

let world: SimulatedWorld;
let log: MemoryLog;
let service: TransactionService;
let markers: WriteTxnMarkersRequestInput[];
let lastProducerId: bigint;
let onMarkers: () => void;

beforeEach(async () => {
  world = new SimulatedWorld({ seed: 1 });
  log = new MemoryLog();
  markers = [];
  lastProducerId = 0n;
  onMarkers = () => {};
  service = started();
  service.leads(0, 1, log);
  await world.run({ forMs: 1 });
});

function started(): TransactionService {
  return new TransactionService({
    clock: world.node('broker').platform.clock,
    logger: silentLogger,
    settings,
    maxTimeoutMs: () => 60_000,
    partitions: () => 1,
    nextProducerId: async () => ++lastProducerId,
    leaderOf: () => 1,
    send: async (_, request) => {
      markers.push(request);
      onMarkers();
      return answerTo(request);
    },
    onBroken: (error) => {
      throw error;
    },
  });
}

function answerTo({ markers: asked }: WriteTxnMarkersRequestInput): WriteTxnMarkersResponse {
  return {
    markers: asked.map(({ producerId, topics }) => ({
      producerId,
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode: 'NONE' as const })),
      })),
    })),
  };
}

const done = <T>(promise: Promise<T>): Promise<T> => world.finish(promise);
const init = async (id = transactionalId) =>
  (await done(service.initProducerId({ transactionalId: id, timeoutMs: 1000, known: undefined }))).producer!;
const add = (producer: Producer) =>
  service.addPartitions({ transactionalId, ...producer, partitions: new Map([['orders', new Set([0])]]), clientVersion: 2 });
const end = (producer: Producer) => service.endTxn({ transactionalId, ...producer, committed: true, clientVersion: 2 });

/** The statuses in the log. */
function statuses(of: MemoryLog): (string | undefined)[] {
  return of.batches.flatMap((batch) =>
    Array.from(batch.records(), ({ key, value }) => transactionRecords.decode(key!, value)?.transaction?.status),
  );
}

test('T1: markers leave when the decision is committed, and no sooner; neither does the answer', async () => {
  const producer = await init();
  await done(add(producer));
  log.commitsAtOnce = false;

  const answer = end(producer);
  await world.run({ forMs: 500 });
  expect([statuses(log), markers]).toEqual([['Empty', 'Ongoing', 'PrepareCommit'], []]);

  log.commitsAtOnce = true;
  log.commit();
  expect((await done(answer)).errorCode).toBe('NONE');
  await world.run({ forMs: 10 });

  expect(markers).toHaveLength(1);
  expect(statuses(log)).toEqual(['Empty', 'Ongoing', 'PrepareCommit', 'CompleteCommit']);
});

test('T1: a decision that another coordinator did not see was none: the transaction is open there', async () => {
  const producer = await init();
  await done(add(producer));
  log.commitsAtOnce = false;
  const answer = end(producer);
  answer.catch(() => {});
  await world.run({ forMs: 10 });

  const others = log.committedCopy();
  service.resigns(0);
  await expect(done(answer)).rejects.toThrow(expect.objectContaining({ errorName: 'NOT_COORDINATOR' }));
  service = started();
  service.leads(0, 2, others);
  await world.run({ forMs: 10 });

  expect(markers).toEqual([]);
  expect((await done(service.describe(transactionalId))).status).toBe('Ongoing');
});

test('txn-stuck-prepare (KAFKA-16352), T7: who takes over a decision that is committed writes its markers, in its own epoch', async () => {
  const producer = await init();
  await done(add(producer));
  log.commitsAtOnce = false;
  const answer = end(producer);
  answer.catch(() => {});
  log.commit();
  service.resigns(0);
  markers = [];

  service = started();
  log.commitsAtOnce = true;
  service.leads(0, 7, log);
  await world.run({ forMs: 100 });

  expect(markers).toMatchObject([{ markers: [{ producerId: 1n, producerEpoch: 1, transactionResult: true, coordinatorEpoch: 7 }] }]);
  expect((await done(service.describe(transactionalId))).status).toBe('CompleteCommit');
});

test('txnid-tombstones-too-large (KAFKA-13099): a crowd of ids is forgotten in batches that fit', async () => {
  for (let i = 0; i < 200; i++) await init(`id ${i}`);
  log.maxBatchBytes = 500;
  const before = log.batches.length;

  await world.run({ forMs: settings.expirationMs + settings.expiryCheckMs });

  const tombstones = log.batches.slice(before);
  expect(tombstones.length).toBeGreaterThan(5);
  expect(Math.max(...tombstones.map(({ sizeInBytes }) => sizeInBytes))).toBeLessThanOrEqual(500);
  expect(await done(service.list({ matches: () => true }))).toEqual([]);
});

test('T7: a transaction whose end could not be noted down is noted down when that works again', async () => {
  const producer = await init();
  await done(add(producer));
  onMarkers = () => {
    log.refusal = new KafkaError('NOT_ENOUGH_REPLICAS');
  };
  await done(end(producer));
  await world.run({ forMs: 500 });
  expect([statuses(log).at(-1), markers.length]).toEqual(['PrepareCommit', 1]);

  log.refusal = undefined;
  await world.run({ forMs: 500 });

  expect(statuses(log).at(-1)).toBe('CompleteCommit');
});

describe('producer ids', () => {
  test('I5: are taken only when one is needed', async () => {
    await init('a');
    await init('a');
    await init('b');

    expect(lastProducerId).toBe(2n);
  });
});
