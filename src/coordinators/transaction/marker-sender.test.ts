import { beforeEach, expect, test } from 'vitest';
import { SimulatedWorld, silentLogger } from '#platform';
import type { ErrorName } from '#protocol';
import type { WriteTxnMarkersRequestInput, WriteTxnMarkersResponse } from '#protocol/apis/write-txn-markers.ts';
import type { MarkersToWrite } from './decision.ts';
import { MarkerSender } from './marker-sender.ts';

let world: SimulatedWorld;
let sender: MarkerSender;
/** By topic and partition; without one there is no such partition. */
let leaders: Map<string, number>;
let sent: { brokerId: number; request: WriteTxnMarkersRequestInput }[];
/** What brokers answer of a partition; NONE when nothing else is said. */
let errors: Map<string, ErrorName>;
/** Brokers that do not answer until they are let. */
let silent: Map<number, PromiseWithResolvers<void>>;
let written: MarkersToWrite[];
let refusals: number;

beforeEach(() => {
  world = new SimulatedWorld({ seed: 1 });
  leaders = new Map([
    ['orders-0', 1],
    ['orders-1', 2],
    ['bills-0', 1],
  ]);
  sent = [];
  errors = new Map();
  silent = new Map();
  written = [];
  refusals = 0;
  sender = new MarkerSender({
    clock: world.node('broker').platform.clock,
    logger: silentLogger,
    leaderOf: (topic, partition) => leaders.get(`${topic}-${partition}`),
    send: async (brokerId, request) => {
      sent.push({ brokerId, request });
      await silent.get(brokerId)?.promise;
      return answerTo(request);
    },
    written: async (_, markers) => {
      if (refusals-- > 0) throw new Error('not now');
      written.push(markers);
    },
  });
});

function answerTo({ markers }: WriteTxnMarkersRequestInput): WriteTxnMarkersResponse {
  return {
    markers: markers.map(({ producerId, topics }) => ({
      producerId,
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          errorCode: errors.get(`${name}-${partitionIndex}`) ?? 'NONE',
        })),
      })),
    })),
  };
}

function markersOf(partitions: Record<string, number[]>, producerEpoch = 1): MarkersToWrite {
  const topics = Object.entries(partitions).map(([topic, indexes]) => [topic, new Set(indexes)] as const);
  return { transactionalId: 'payer', producerId: 7n, producerEpoch, committed: true, transactionVersion: 2, partitions: new Map(topics) };
}

const pass = (ms: number) => world.run({ forMs: ms });

test('each broker is sent the markers of the partitions that it leads, and the end is noted down when all have theirs', async () => {
  const markers = markersOf({ orders: [0, 1], bills: [0] });

  sender.write(5, 3, [markers]);
  await pass(1);

  const common = { producerId: 7n, producerEpoch: 1, transactionResult: true, coordinatorEpoch: 3, transactionVersion: 2 };
  const own = [
    { name: 'orders', partitionIndexes: [0] },
    { name: 'bills', partitionIndexes: [0] },
  ];
  expect(sent).toEqual([
    { brokerId: 1, request: { markers: [{ ...common, topics: own }] } },
    { brokerId: 2, request: { markers: [{ ...common, topics: [{ name: 'orders', partitionIndexes: [1] }] }] } },
  ]);
  expect([written, sender.size]).toEqual([[markers], 0]);
});

test.each([
  'NOT_LEADER_OR_FOLLOWER',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'COORDINATOR_LOAD_IN_PROGRESS',
] as const)('T1, T7: after %s a marker is sent again to who leads then, and only that one, until it is written', async (error) => {
  errors.set('orders-0', error);
  sender.write(5, 3, [markersOf({ orders: [0, 1] })]);
  await pass(1000);
  expect(written).toEqual([]);
  expect(sent.filter(({ brokerId }) => brokerId === 2)).toHaveLength(1);

  errors.clear();
  leaders.set('orders-0', 2);
  await pass(100);

  expect(sent.at(-1)).toMatchObject({ brokerId: 2, request: { markers: [{ topics: [{ name: 'orders', partitionIndexes: [0] }] }] } });
  expect(written).toHaveLength(1);
});

test('T1, T7: a broker that answers nothing is asked again', async () => {
  silent.set(1, Promise.withResolvers());
  sender.write(5, 3, [markersOf({ orders: [0] })]);
  await pass(10);

  const { reject } = silent.get(1)!;
  silent.clear();
  reject(new Error('reset'));
  await pass(100);

  expect(written).toHaveLength(1);
});

test('a partition without a leader is waited for, one that was deleted counts as done', async () => {
  leaders.set('orders-0', -1);
  leaders.delete('orders-1');
  sender.write(5, 3, [markersOf({ orders: [0, 1] })]);
  await pass(500);
  expect([sent, written]).toEqual([[], []]);

  leaders.set('orders-0', 1);
  await pass(100);

  expect([sent.length, written.length]).toEqual([1, 1]);
});

test('tv2-races (KAFKA-19999): a partition that is in a later epoch has had its marker', async () => {
  errors.set('orders-0', 'INVALID_PRODUCER_EPOCH');

  sender.write(5, 3, [markersOf({ orders: [0] })]);
  await pass(10);

  expect(written).toHaveLength(1);
});

test('an end that cannot be noted down yet is noted down later', async () => {
  refusals = 3;

  sender.write(5, 3, [markersOf({ orders: [0] })]);
  await pass(1000);

  expect([written.length, sent.length, sender.size]).toEqual([1, 1, 0]);
});

test('what comes while a broker is busy goes together in the next request', async () => {
  silent.set(1, Promise.withResolvers());
  sender.write(5, 3, [markersOf({ orders: [0] }, 1)]);
  sender.write(5, 3, [markersOf({ orders: [0] }, 2)]);
  sender.write(6, 4, [markersOf({ bills: [0] }, 3)]);
  await pass(10);
  expect(sent).toHaveLength(1);

  silent.get(1)!.resolve();
  await pass(10);

  expect(sent.map(({ request }) => request.markers.map(({ producerEpoch }) => producerEpoch))).toEqual([[1], [2, 3]]);
  expect(written).toHaveLength(3);
});

test('coordinator-epoch-regress (KAFKA-9144), T8: a marker that is sent again carries the present epoch of its coordinator', async () => {
  errors.set('orders-0', 'TRANSACTION_COORDINATOR_FENCED');
  sender.write(5, 3, [markersOf({ orders: [0] })]);
  await pass(10);
  sender.write(5, 4, []);
  errors.clear();
  await pass(100);

  expect(sent.map(({ request }) => request.markers[0]!.coordinatorEpoch)).toEqual([3, 4]);
});

test('after the coordinator has moved nothing more is sent, and nothing noted down', async () => {
  silent.set(1, Promise.withResolvers());
  leaders.set('orders-1', -1);
  sender.write(5, 3, [markersOf({ orders: [0, 1] })]);
  await pass(10);

  sender.resigned(5);
  silent.get(1)!.resolve();
  leaders.set('orders-1', 2);
  await pass(1000);

  expect([sent.length, written.length, sender.size]).toEqual([1, 0, 0]);
});

test('what is being written already is not begun a second time', async () => {
  silent.set(1, Promise.withResolvers());
  sender.write(5, 3, [markersOf({ orders: [0] })]);
  sender.write(5, 3, [markersOf({ orders: [0] })]);
  silent.get(1)!.resolve();
  await pass(100);

  expect([sent.length, written.length]).toEqual([1, 1]);
});
