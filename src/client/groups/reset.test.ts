import { beforeEach, expect, test } from 'vitest';
import { FakeCluster } from '../testing.ts';
import { carryOutReset, partitionsIn, planReset, type ResetTarget } from './reset.ts';

let cluster: FakeCluster;
beforeEach(() => {
  cluster = new FakeCluster();
  const logs = cluster.addTopic('orders', 2);
  for (const partition of [0, 1])
    for (let i = 1; i <= 10; i++)
      cluster.append('orders', partition, { records: [{ value: Buffer.from(`${i}`), timestamp: BigInt(i * 1000) }] });
  logs[0]!.start = 2n;
  cluster.offsets.set('readers', new Map([['orders-0', 5n]]));
});

const all = () => partitionsIn(cluster, 'readers', [{ topic: 'orders', partitions: 'all' }]);
const plan = async (target: ResetTarget) =>
  (await planReset(cluster, 'readers', await all(), target)).map(({ newOffset }) => Number(newOffset));

test.each<{ target: ResetTarget; expected: number[]; because: string }>([
  { target: { to: 'earliest' }, expected: [2, 0], because: 'each log has its own start' },
  { target: { to: 'latest' }, expected: [10, 10], because: 'that is the end' },
  { target: { to: 'current' }, expected: [5, 10], because: 'what was never committed begins at the end' },
  { target: { to: 'offset', offset: 4n }, expected: [4, 4], because: 'both have it' },
  { target: { to: 'offset', offset: 1n }, expected: [2, 1], because: 'the first log begins later' },
  { target: { to: 'offset', offset: 99n }, expected: [10, 10], because: 'nothing lies beyond the end' },
  { target: { to: 'time', timestamp: 7000n }, expected: [6, 6], because: 'record 7 has offset 6' },
  { target: { to: 'time', timestamp: 6500n }, expected: [6, 6], because: 'it is the first that is as young' },
  { target: { to: 'time', timestamp: 99_000n }, expected: [10, 10], because: 'no record is that young' },
])('reset to $target.to: $expected, as $because', async ({ target, expected }) => {
  expect(await plan(target)).toEqual(expected);
});

test.each([
  { by: 2n, expected: 7n },
  { by: -2n, expected: 3n },
  { by: -99n, expected: 2n },
  { by: 99n, expected: 10n },
])('a shift by $by leads from 5 to $expected', async ({ by, expected }) => {
  const places = await partitionsIn(cluster, 'readers', [{ topic: 'orders', partitions: [0] }]);

  expect(await planReset(cluster, 'readers', places, { to: 'shift', by })).toEqual([
    { topic: 'orders', partition: 0, currentOffset: 5n, newOffset: expected },
  ]);
});

test('what was never committed cannot be shifted', async () => {
  await expect(plan({ to: 'shift', by: 1n })).rejects.toMatchObject({
    errorName: 'INVALID_REQUEST',
    message: expect.stringContaining('orders-1 cannot be shifted'),
  });
});

test('a plan changes nothing until it is carried out', async () => {
  const places = await all();
  const made = await planReset(cluster, 'readers', places, {
    to: 'given',
    offsets: [
      { topic: 'orders', partition: 0, offset: 3n },
      { topic: 'orders', partition: 1, offset: 77n },
    ],
  });
  expect(cluster.sent.some(({ api }) => api === 'OffsetCommit')).toBe(false);

  await carryOutReset(cluster, 'readers', made);

  expect(cluster.offsets.get('readers')).toEqual(
    new Map([
      ['orders-0', 3n],
      ['orders-1', 10n],
    ]),
  );
});

test('a group with members is left alone, and the error names them; also when they come between plan and act', async () => {
  const made = await planReset(cluster, 'readers', await all(), { to: 'earliest' });
  cluster.members.set('readers', ['alice', 'bob']);
  const refusal = {
    errorName: 'NON_EMPTY_GROUP',
    message: expect.stringMatching(
      /^group readers has 2 members: alice \(client client-of-alice at 127\.0\.0\.1\), bob .*before they have stopped/,
    ),
  };

  await expect(plan({ to: 'earliest' })).rejects.toMatchObject(refusal);
  await expect(carryOutReset(cluster, 'readers', made)).rejects.toMatchObject(refusal);
  expect(cluster.offsets.get('readers')).toEqual(new Map([['orders-0', 5n]]));
});

test('all that a group has committed is a scope, too', async () => {
  expect(await partitionsIn(cluster, 'readers', 'committed')).toEqual([{ topic: 'orders', partition: 0 }]);
  expect(await partitionsIn(cluster, 'nobody', 'committed')).toEqual([]);
});

test('topics and partitions that are not there are named', async () => {
  await expect(partitionsIn(cluster, 'readers', [{ topic: 'nope', partitions: 'all' }])).rejects.toMatchObject({
    message: 'there is no topic nope',
  });
  await expect(partitionsIn(cluster, 'readers', [{ topic: 'orders', partitions: [0, 2] }])).rejects.toMatchObject({
    errorName: 'UNKNOWN_TOPIC_OR_PARTITION',
    message: 'topic orders has 2 partitions, counted from 0, and no 2',
  });
});
