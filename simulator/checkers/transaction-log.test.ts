import { expect, test } from 'vitest';
import type { FetchedBatch } from '../clients/batch-fetching.ts';
import type { Transaction } from './transaction-history.ts';
import { judgeLog } from './transaction-log.ts';

const transactions = new Map<string, Transaction>();
for (const [id, fate] of [
  ['c', 'committed'],
  ['d', 'aborted'],
  ['e', 'commit-asked'],
] as const)
  transactions.set(id, { id, fate, life: undefined, begunAt: 0, endedAt: undefined, values: new Set(), shown: undefined });

type Item = { readonly value?: string; readonly marker?: 'COMMIT' | 'ABORT'; readonly epoch?: number; readonly coordinatorEpoch?: number };

/** The first letter of a value names its transaction. */
function judge(items: readonly Item[]) {
  const batches = items.map(({ value, marker, epoch = 0, coordinatorEpoch = 0 }, index): FetchedBatch => {
    const offset = BigInt(index);
    return {
      baseOffset: offset,
      lastOffset: offset,
      producerId: 1n,
      producerEpoch: epoch,
      isTransactional: true,
      marker: marker === undefined ? undefined : { type: marker, coordinatorEpoch },
      records: value === undefined ? [] : [{ offset, value }],
      isAborted: false,
    };
  });
  return judgeLog('log', batches, (value) => transactions.get(value[0]!));
}

test('what is visible is what the markers commit', () => {
  const { all, visible } = judge([{ value: 'c1' }, { value: 'c2' }, { marker: 'COMMIT' }, { value: 'd1' }, { marker: 'ABORT' }]);

  expect(all).toHaveLength(3);
  expect(visible.map(({ value }) => value)).toEqual(['c1', 'c2']);
});

test('a marker that comes again changes nothing', () => {
  expect(judge([{ value: 'c1' }, { marker: 'COMMIT' }, { marker: 'COMMIT' }]).visible).toHaveLength(1);
});

test.each([
  { invariant: 'T7', what: 'a transaction is left open', items: [{ value: 'c1' }] },
  { invariant: 'T5', what: 'one marker ends two transactions', items: [{ value: 'c1' }, { value: 'e1' }, { marker: 'COMMIT' }] },
  { invariant: 'T1', what: 'an aborted one is committed', items: [{ value: 'd1' }, { marker: 'COMMIT' }] },
  { invariant: 'T1', what: 'a committed one is aborted', items: [{ value: 'c1' }, { marker: 'ABORT' }] },
  {
    invariant: 'T4',
    what: 'an epoch falls',
    items: [
      { value: 'c1', epoch: 2 },
      { marker: 'COMMIT', epoch: 1 },
    ],
  },
  {
    invariant: 'T8',
    what: 'the epoch of the coordinator falls',
    items: [
      { marker: 'COMMIT', coordinatorEpoch: 4 },
      { marker: 'COMMIT', coordinatorEpoch: 3 },
    ],
  },
] satisfies { invariant: string; what: string; items: Item[] }[])('$invariant: $what', ({ invariant, items }) => {
  expect(() => judge(items)).toThrow(`${invariant}:`);
});
