import { expect, test } from 'vitest';
import { checkPartition, type ReadRecord } from './check-history.ts';
import { History, valueFor } from './history.ts';

/** Two producers that wrote three batches each of two records to partition 0, all acknowledged; and the log that they wrote. */
function written(): { history: History; log: ReadRecord[] } {
  const history = new History();
  const log: ReadRecord[] = [];
  for (const first of [0, 2, 4]) {
    for (const stream of ['a', 'b']) {
      const baseOffset = BigInt(log.length);
      for (const number of [first, first + 1]) log.push({ offset: BigInt(log.length), value: valueFor(stream, 0, number, 'xyz') });
      history.acknowledged(history.sent(stream, 0, first, 2), baseOffset);
    }
  }
  return { history, log };
}
const renumbered = (log: readonly ReadRecord[]) => log.map(({ value }, index) => ({ offset: BigInt(index), value }));

test('a log that holds all that was acknowledged, once and in order, is right', () => {
  const { history, log } = written();

  expect(checkPartition(0, history.batches, log)).toEqual([]);
});

test('dropping the last acknowledged batch is found', () => {
  const { history, log } = written();

  expect(checkPartition(0, history.batches, log.slice(0, -2))).toEqual([
    'partition 0: b/4..5 was acknowledged at offset 10, 2 of its records are lost',
  ]);
});

test('an empty log is found to lack everything', () => {
  expect(checkPartition(0, written().history.batches, [])).toHaveLength(6);
});

test('a batch that is there twice is found', () => {
  const { history, log } = written();

  expect(checkPartition(0, history.batches, renumbered([...log, ...log.slice(-2)]))).toEqual([
    'partition 0, offset 12: b/4 is also at offset 10',
    'partition 0, offset 13: b/5 is also at offset 11',
  ]);
});

test('batches in the wrong order are found', () => {
  const { history, log } = written();
  const swapped = renumbered([...log.slice(0, 4), ...log.slice(8, 10), ...log.slice(6, 8), ...log.slice(4, 6), ...log.slice(10)]);

  expect(checkPartition(0, history.batches, swapped)).toContain('partition 0, offset 8: a/2 comes after number 5');
});

test('a batch at another offset than was told is found', () => {
  const { history, log } = written();
  history.batches[5]!.baseOffset = 9n;

  expect(checkPartition(0, history.batches, log)).toEqual(['partition 0: b/4..5 was acknowledged at offset 9, it is at 10']);
});

test('a record that nobody sent is found, and so is a gap in the offsets', () => {
  const { history, log } = written();

  expect(checkPartition(0, history.batches, [...log, { offset: 12n, value: valueFor('c', 0, 0) }])).toEqual([
    'partition 0: 1 records were never sent',
  ]);
  expect(checkPartition(0, history.batches, [...log, { offset: 12n, value: 'noise' }])).toHaveLength(1);
  expect(checkPartition(0, history.batches, [...log, { offset: 13n, value: valueFor('a', 0, 6) }])).toHaveLength(1);
});

test('a batch whose outcome is unknown may be there once or not at all, but not in part', () => {
  const { history, log } = written();
  history.sent('a', 0, 6, 2);
  const [first, second] = [6, 7].map((number, i) => ({ offset: BigInt(12 + i), value: valueFor('a', 0, number) }));

  expect(checkPartition(0, history.batches, log)).toEqual([]);
  expect(checkPartition(0, history.batches, [...log, first!, second!])).toEqual([]);
  expect(checkPartition(0, history.batches, [...log, first!])).toEqual(['partition 0: only 1 records of the batch a/6..7 are there']);
});

test('a batch that was refused must not be there', () => {
  const { history, log } = written();
  history.refused(history.batches[5]!);

  expect(checkPartition(0, history.batches, log)).toEqual(['partition 0: b/4..5 was refused, yet 2 of its records are there']);
});
