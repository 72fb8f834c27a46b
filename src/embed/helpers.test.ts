import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type KafkaCluster, startCluster } from './index.ts';

let cluster: KafkaCluster;
beforeAll(async () => {
  cluster = await startCluster({ brokers: 3, topics: { orders: 3, audit: 1 } });
});
beforeEach(() => cluster.reset());
afterAll(() => cluster.close());

const values = async (topic: string, options?: Parameters<KafkaCluster['records']>[1]) =>
  (await cluster.records(topic, options)).map(({ value }) => value);

test('records say all there is to them: text for people, bytes for what is none', async () => {
  const at = new Date('2026-01-02T03:04:05.678Z');
  const [place] = await cluster.produce('audit', {
    key: Uint8Array.of(0, 255),
    value: null,
    headers: { by: 'card', raw: Uint8Array.of(1) },
    timestamp: at,
  });

  const [record] = await cluster.records('audit');

  expect(place).toEqual({ partition: 0, offset: 0n });
  expect(record).toMatchObject({ topic: 'audit', partition: 0, offset: 0n, value: null, timestamp: at.getTime() });
  expect(record!.keyBytes).toEqual(Buffer.of(0, 255));
  expect([record!.valueBytes, record!.headers['by'], record!.headerList]).toEqual([
    null,
    'card',
    [
      { key: 'by', value: Buffer.from('card') },
      { key: 'raw', value: Buffer.of(1) },
    ],
  ]);
});

test('records with one key are in one partition, those without a key in all in turn, and reading puts all in the order of their time', async () => {
  const now = cluster.now();
  const keyed = await cluster.produce(
    'orders',
    [1, 2, 3].map((n) => ({ key: 'a', value: `keyed ${n}`, timestamp: now + n * 10 })),
  );
  const next = (keyed[0]!.partition + 1) % 3;
  await cluster.produce(
    'orders',
    [1, 2, 3].map((n) => ({ value: `other ${n}`, partition: next, timestamp: now + n * 10 + 5 })),
  );
  const spread = await cluster.produce('audit', ['without', 'a key']);

  expect(new Set(keyed.map(({ partition }) => partition)).size).toBe(1);
  expect(spread.map(({ partition, offset }) => [partition, offset])).toEqual([
    [0, 0n],
    [0, 1n],
  ]);
  expect((await cluster.produce('orders', ['x', 'y', 'z'])).map(({ partition }) => partition)).toEqual([0, 1, 2]);
  expect((await values('orders')).slice(0, 6)).toEqual(['keyed 1', 'other 1', 'keyed 2', 'other 2', 'keyed 3', 'other 3']);
});

test('reading begins where it is told to', async () => {
  const now = cluster.now();
  await cluster.produce(
    'audit',
    [0, 1, 2, 3].map((n) => ({ value: String(n), timestamp: now + n * 1000 })),
  );

  expect(await values('audit', { from: 2 })).toEqual(['2', '3']);
  expect(await values('audit', { from: 1n, n: 2 })).toEqual(['1', '2']);
  expect(await values('audit', { from: new Date(now + 2500) })).toEqual(['3']);
  expect(await values('audit', { from: new Date(now + 9000) })).toEqual([]);
  const coming = cluster.records('audit', { from: 'end', n: 1 });
  // It reads on from the end as it is by now, so what is written until it does counts as well.
  const writing = setInterval(() => void cluster.produce('audit', 'new').catch(() => {}), 5);
  expect((await coming)[0]!.value).toBe('new');
  clearInterval(writing);
});

test('reading ends when what is wanted is there, in the partition that is meant', async () => {
  await cluster.produce('orders', [
    { value: 'here', partition: 1 },
    { value: 'there', partition: 2 },
  ]);
  const found = cluster.records('orders', { until: (records) => records.some(({ value }) => value === 'last') });
  await cluster.produce('orders', { value: 'last', partition: 0 });

  expect((await found).map(({ value }) => value).toSorted()).toEqual(['here', 'last', 'there']);
  expect(await values('orders', { partition: 1 })).toEqual(['here']);
});

test('a wait that is over says what was seen, and one that is aborted why', async () => {
  await cluster.produce('audit', { key: 'a', value: 'paid' });
  const abort = new AbortController();
  const waiting = cluster.waitFor.records('audit', { n: 2, signal: abort.signal });
  abort.abort(new Error('the test is over'));

  await expect(waiting).rejects.toThrow('the test is over');
  await expect(cluster.waitFor.records('audit', { n: 2, timeout: 20 })).rejects.toThrow(
    '2 records of topic audit: not within 20 ms. Seen: 1 of 2, the last one {"partition":0,"offset":0,"key":"a","value":"paid"} (audit-0 up to offset 1).',
  );
  await expect(cluster.waitFor.group('nobody', 'stable', { timeout: 20 })).rejects.toThrow('Seen: there is no group nobody.');
  await expect(cluster.waitFor.lag('nobody', 0, { timeout: 20 })).rejects.toThrow('lag 0 of group nobody: not within 20 ms.');
  await expect(cluster.waitFor.leader('missing', { timeout: 20 })).rejects.toThrow('Seen: there is no topic missing.');
});

test('the lag of a group is waited for until it has committed so far', async () => {
  await cluster.produce('audit', ['1', '2', '3']);
  const commit = (offset: number) =>
    fetch(`${cluster.httpUrl}/groups/readers/offsets`, {
      method: 'PUT',
      headers: { connection: 'close', 'content-type': 'application/json' },
      body: JSON.stringify({ offsets: [{ topic: 'audit', partition: 0, offset }] }),
    });
  expect((await commit(1)).status).toBe(200);

  await expect(cluster.waitFor.lag('readers', 0, { timeout: 20 })).rejects.toThrow('Seen: audit-0 at 1 of 3.');
  await cluster.waitFor.lag('readers', 2);
  expect((await commit(3)).status).toBe(200);
  await cluster.waitFor.lag('readers', 0, { topic: 'audit' });
});

test.each([
  [
    'a topic that is not there',
    () => cluster.produce('missing', 'x'),
    'there is no topic missing: make it with createTopics({ "missing": 1 })',
  ],
  [
    'a partition that is not there',
    () => cluster.produce('audit', { value: 'x', partition: 1 }),
    'topic audit has 1 partitions, and no partition 1',
  ],
  ['reading one that is not there', () => cluster.records('audit', { partition: 7 }), 'topic audit has 1 partitions, and no partition 7'],
  ['a topic that is there', () => cluster.createTopics({ audit: 1 }), 'topic audit was not made'],
  ['a broker that is not there', async () => cluster.broker(4), 'broker: 4 cannot be: there are the brokers 1, 2, 3.'],
  ['going back in time', () => cluster.advanceTime(-1), 'advanceTime: -1 cannot be: time goes on only.'],
  ['a snapshot among other things', () => cluster.snapshot(import.meta.dirname), 'there are other things in this directory'],
])('%s is refused in words', async (_, act, message) => {
  await expect(act()).rejects.toThrow(message);
});
