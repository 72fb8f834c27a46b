import { expect, test } from 'vitest';
import { buildEndTransactionMarker } from '#protocol';
import { FakeCluster } from '../testing.ts';
import { lagOf, UnreadRecords } from './lag.ts';

const written = (ageMs: number, ...texts: string[]) => ({
  records: texts.map((text) => ({ value: Buffer.from(text), timestamp: BigInt(Date.now() - ageMs) })),
});
const producer = { producerId: 7n, producerEpoch: 0 };
const at = (offset: bigint | null, partition = 0) => [{ topic: 'orders', partition, offset }];

/** Within the time that a slow machine may take to get there. */
function expectAbout(ms: number | null, expected: number): void {
  expect(ms).toBeGreaterThanOrEqual(expected);
  expect(ms).toBeLessThan(expected + 5_000);
}

test('the lag is counted in offsets, and its time is the age of the first record that was not read', async () => {
  const cluster = new FakeCluster();
  cluster.addTopic('orders', 2);
  cluster.append('orders', 0, written(60_000, 'a', 'b'));
  cluster.append('orders', 0, written(20_000, 'c'));

  const [one] = await lagOf(cluster, at(1n));
  const [two] = await lagOf(cluster, at(2n));
  const [done] = await lagOf(cluster, at(3n));

  expect(one).toMatchObject({ logEndOffset: 3n, lag: 2n });
  expectAbout(one!.lagMs, 60_000);
  expect(two).toMatchObject({ lag: 1n });
  expectAbout(two!.lagMs, 20_000);
  expect(done).toMatchObject({ logEndOffset: 3n, lag: 0n, lagMs: 0 });
});

test('where nothing was committed the lag is unknown, and the end is told', async () => {
  const cluster = new FakeCluster();
  cluster.addTopic('orders', 1);
  cluster.append('orders', 0, written(60_000, 'a'));

  expect(await lagOf(cluster, at(null))).toEqual([{ topic: 'orders', partition: 0, logEndOffset: 1n, lag: null, lagMs: null }]);
});

test('what was deleted before it was read counts in offsets; the time is that of the first record which is still there', async () => {
  const cluster = new FakeCluster();
  const [log] = cluster.addTopic('orders', 1);
  cluster.append('orders', 0, written(60_000, 'a'));
  cluster.append('orders', 0, written(20_000, 'b'));
  log!.start = 1n;

  const [lag] = await lagOf(cluster, at(0n));

  expect(lag).toMatchObject({ lag: 2n });
  expectAbout(lag!.lagMs, 20_000);
});

test('T2: neither aborted records, nor markers, nor an open transaction make a reader late', async () => {
  const cluster = new FakeCluster();
  const [log] = cluster.addTopic('orders', 1);
  cluster.append('orders', 0, { ...written(60_000, 'aborted'), ...producer, isTransactional: true, baseSequence: 0 });
  cluster.append('orders', 0, buildEndTransactionMarker({ ...producer, type: 'ABORT', coordinatorEpoch: 0, timestamp: 0 }));
  log!.aborted.push({ producerId: 7n, firstOffset: 0n });
  expect(await lagOf(cluster, at(0n))).toMatchObject([{ lag: 2n, lagMs: 0 }]);

  cluster.append('orders', 0, { ...written(40_000, 'open'), ...producer, producerId: 8n, isTransactional: true, baseSequence: 0 });
  log!.lastStableOffset = 2n;
  expect(await lagOf(cluster, at(0n))).toMatchObject([{ lag: 3n, lagMs: 0 }]);

  log!.lastStableOffset = 3n;
  const [lag] = await lagOf(cluster, at(0n));
  expectAbout(lag!.lagMs, 40_000);
});

test('a partition without a leader hides nothing of the others', async () => {
  const cluster = new FakeCluster();
  const [, second] = cluster.addTopic('orders', 2);
  second!.leader = -1;

  expect(await lagOf(cluster, [...at(0n, 0), ...at(0n, 1), { topic: 'gone', partition: 0, offset: 3n }])).toEqual([
    { topic: 'orders', partition: 0, logEndOffset: 0n, lag: 0n, lagMs: 0 },
    { topic: 'orders', partition: 1, logEndOffset: null, lag: null, lagMs: null },
    { topic: 'gone', partition: 0, logEndOffset: null, lag: null, lagMs: null },
  ]);
});

test('a leader that has just changed is looked for again', async () => {
  const cluster = new FakeCluster();
  const [log] = cluster.addTopic('orders', 1);
  cluster.append('orders', 0, written(60_000, 'a'));
  let looks = 0;
  cluster.intercept = ({ api }) => {
    // The metadata that are asked first are old.
    if (api === 'Metadata') log!.leader = looks++ < 3 ? 2 : 1;
    else if (api === 'ListOffsets' && looks <= 3) log!.leader = 3;
    return undefined;
  };

  const [lag] = await lagOf(cluster, at(0n));

  expect(lag).toMatchObject({ lag: 1n });
});

test('a record without a timestamp has no age', async () => {
  const cluster = new FakeCluster();
  cluster.addTopic('orders', 1);
  cluster.append('orders', 0, { records: [{ value: Buffer.from('a'), timestamp: -1n }] });

  expect(await lagOf(cluster, at(0n))).toMatchObject([{ lag: 1n, lagMs: null }]);
});

test('of several readers in a partition each has its own lag, and the partition is asked for its ends once', async () => {
  const cluster = new FakeCluster();
  cluster.addTopic('orders', 1);
  cluster.append('orders', 0, written(60_000, 'a', 'b'));

  const lags = await lagOf(cluster, [...at(0n), ...at(1n), ...at(2n), ...at(null)]);

  expect(lags.map(({ lag }) => lag)).toEqual([2n, 1n, 0n, null]);
  expect(lags.map(({ lagMs }) => lagMs !== null && lagMs > 0)).toEqual([true, true, false, false]);
  const asked = cluster.sent
    .filter(({ api }) => api === 'ListOffsets')
    .map(({ request }) => request as { topics: { partitions: object[] }[] });
  expect(asked.map(({ topics }) => topics.flatMap(({ partitions }) => partitions).length)).toEqual([1, 1, 1]);
});

test('a record that was seen is not read again for a reader that stands still, and its age goes on', async () => {
  const cluster = new FakeCluster();
  cluster.addTopic('orders', 1);
  cluster.append('orders', 0, written(60_000, 'a'));
  cluster.append('orders', 0, written(20_000, 'b'));
  const seen = new UnreadRecords();
  const reads = () => cluster.sent.filter(({ api }) => api === 'Fetch').length;

  const [first] = await lagOf(cluster, at(0n), { seen });
  expect(reads()).toBe(1);
  const [again] = await lagOf(cluster, at(0n), { seen });
  expect(reads()).toBe(1);
  expect(again!.lagMs).toBeGreaterThanOrEqual(first!.lagMs!);
  const [moved] = await lagOf(cluster, at(1n), { seen });
  expect(reads()).toBe(2);
  expectAbout(moved!.lagMs, 20_000);
});

test('where nothing but a marker was found it is looked again, as a record may have come', async () => {
  const cluster = new FakeCluster();
  cluster.addTopic('orders', 1);
  cluster.append('orders', 0, buildEndTransactionMarker({ ...producer, type: 'ABORT', coordinatorEpoch: 0, timestamp: 0 }));
  const seen = new UnreadRecords();
  expect(await lagOf(cluster, at(0n), { seen })).toMatchObject([{ lagMs: 0 }]);

  cluster.append('orders', 0, written(30_000, 'a'));

  const [lag] = await lagOf(cluster, at(0n), { seen });
  expectAbout(lag!.lagMs, 30_000);
});

test('when the time for looking is over the age of what is left stays untold, and the offsets are told', async () => {
  const cluster = new FakeCluster();
  cluster.addTopic('orders', 1);
  cluster.append('orders', 0, written(60_000, 'a'));

  expect(await lagOf(cluster, at(0n), { lookForMs: 0 })).toMatchObject([{ lag: 1n, lagMs: null }]);
});
