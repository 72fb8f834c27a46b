import { expect, test } from 'vitest';
import { checkers } from './index.ts';
import { cleanHistory, longHistory, type PlantedHistory } from './planted.ts';

/** What all checkers find, by their names; those that find nothing are left out. */
function verdict(history: PlantedHistory): Record<string, string[]> {
  const found = checkers.map(({ name, check }) => [name, check(history).examples] as const);
  return Object.fromEntries(found.filter(([, examples]) => examples.length > 0));
}
/** The final readings, without or with another thing at an offset. */
function changeFinal(history: PlantedHistory, change: (values: number[]) => number[], readings: readonly number[] = [1, 2]): void {
  for (const read of history.reads)
    if (read.finalReading !== undefined && readings.includes(read.finalReading)) read.values = change([...read.values]);
}

test('a clean history passes, with outcomes that are unknown and a record that was refused', () => {
  expect(verdict(cleanHistory())).toEqual({});
});

test('P1: a value that was acknowledged, and is gone from the middle, is lost', () => {
  const history = cleanHistory();
  history.reads.splice(0, 2);
  changeFinal(history, (values) => [...values.slice(0, 4), history.idOf('c/0/1'), ...values.slice(5)]);

  expect(verdict(history)).toMatchObject({
    lost: [
      'a/0/2 was acknowledged at 0/4 and is missing from final reading 1',
      'a/0/2 was acknowledged at 0/4 and is missing from final reading 2',
    ],
    'inconsistent offset': ['0/4 is a/0/2 for a and c/0/1 for final'],
  });
});

test('P1: a value that was read, and is gone from the end after a restart, is lost', () => {
  const history = cleanHistory();
  changeFinal(history, (values) => values.slice(0, -1), [2]);

  expect(verdict(history)).toEqual({
    lost: ['b/0/1 was acknowledged at 0/5 and is missing from final reading 2'],
    'above high watermark': ['final read b/0/1 at 0/5, where final reading 2 finds nothing'],
  });
});

test('P1: a value that was acknowledged without its offset, and is nowhere, is unseen', () => {
  const history = cleanHistory();
  history.send('a/0/3', [40, 41]);

  expect(verdict(history)).toEqual({ unseen: expect.arrayContaining([expect.stringContaining('a/0/3 was acknowledged at 0/?')]) });
});

test('P1: a value that was acknowledged at the end, and that nobody ever read, is unseen', () => {
  const history = cleanHistory();
  changeFinal(history, (values) => values.slice(0, -1));

  expect(verdict(history)).toEqual({
    unseen: [
      'b/0/1 was acknowledged at 0/5; nobody read it, nor did final reading 1',
      'b/0/1 was acknowledged at 0/5; nobody read it, nor did final reading 2',
    ],
  });
});

test('P1: without a final reading everything that nobody read is unseen, and nothing passes unnoticed', () => {
  const history = cleanHistory();
  history.reads.splice(0);

  expect(Object.keys(verdict(history))).toEqual(['unseen']);
  expect(verdict(history)['unseen']).toHaveLength(5);
});

test('I2: a value that is there twice is a duplicate, also one whose outcome was unknown, and across partitions', () => {
  const history = cleanHistory();
  changeFinal(history, (values) => [...values, history.idOf('b/0/1'), history.idOf('c/0/0')]);
  for (const read of history.reads) if (read.finalReading !== undefined) read.highWatermark = 8;

  expect(verdict(history)).toEqual({ duplicate: ['b/0/1 is at 0/5 and at 0/6', 'c/0/0 is at 0/3 and at 0/7'] });

  const elsewhere = cleanHistory();
  elsewhere.read(7, ['b/0/1'], { partition: 1, finalReading: 1 });
  elsewhere.read(7, ['b/0/1'], { partition: 1, finalReading: 2 });
  expect(verdict(elsewhere)).toMatchObject({ duplicate: ['b/0/1 is at 0/5 and at 1/7'] });
});

test('P12: a send that began after another was acknowledged, and stands before it, is reordered', () => {
  const history = cleanHistory();
  history.sends[4]!.invokedAt = 32;

  expect(verdict(history)).toEqual({
    reordered: ['c/0/0 at 0/3 was begun at 32 ms, after a/0/2 at 4 was acknowledged at 30 ms'],
  });
});

test('I1: the numbers of an idempotent producer rise with the offsets; those of another need not', () => {
  const history = cleanHistory();
  // One send under way at a time would be P12; here they were under way together.
  for (const send of history.sends) Object.assign(send, { invokedAt: 0, completedAt: 100, offset: undefined });
  for (const read of history.reads) {
    if (read.finalReading === undefined) read.values = [];
    else read.values = ['a/0/2', 'a/0/1', 'b/0/0', 'c/0/0', 'a/0/0', 'b/0/1'].map((text) => history.idOf(text));
  }

  expect(verdict(history)).toEqual({
    reordered: ['a/0/1 at 0/1 comes after number 2 of its producer', 'a/0/0 at 0/4 comes after number 2 of its producer'],
  });
  for (const send of history.sends) send.isOrdered = false;
  expect(verdict(history)).toEqual({});
});

test('P16: what was refused, was never sent, or was sent elsewhere is dirty', () => {
  const history = cleanHistory();
  changeFinal(history, (values) => [...values, history.idOf('c/0/2'), history.idOf('x/0/0')]);
  for (const read of history.reads) if (read.finalReading !== undefined) read.highWatermark = 8;

  expect(verdict(history)).toEqual({
    dirty: ['final read c/0/2 from 0/0 on, and it was refused', 'final read x/0/0 from 0/0 on, and nobody sent it'],
  });
  const elsewhere = cleanHistory();
  elsewhere.sends[4]!.partition = 1;
  expect(verdict(elsewhere)).toEqual({ dirty: ['reader read c/0/0 from 0/3 on, and it was sent to partition 1'] });
});

test('P13: an offset that holds another value for another reader is inconsistent', () => {
  const history = cleanHistory();
  history.read(3, ['c/0/1'], { process: 'other' });

  expect(verdict(history)).toEqual({
    'inconsistent offset': ['0/3 is c/0/0 for reader and c/0/1 for other'],
    'above high watermark': [
      'other read c/0/1 at 0/3, where final reading 1 finds c/0/0',
      'other read c/0/1 at 0/3, where final reading 2 finds c/0/0',
    ],
  });
});

test('P13: a value at another offset than was acknowledged is inconsistent', () => {
  const history = cleanHistory();
  history.sends[3]!.offset = 3;

  expect(verdict(history)).toEqual({ 'inconsistent offset': ['0/3 is b/0/1 for b and c/0/0 for reader'] });
});

test('P2, P14: a reader that is given a later offset than it asked for, or is told that what it read is out of range, was sent astray', () => {
  const history = cleanHistory();
  history.reads[1]!.asked = 2;
  history.reads[1]!.offsets = [3, 4];
  history.read(5, [], { isOutOfRange: true });

  expect(verdict(history)).toEqual({
    'non-monotonic': [
      'reader at 0/2, broker 1: offset 2 was due, 3 came',
      'reader at 0/5, broker 1: out of range, though it had read up to there',
    ],
  });
});

test('P3: the end of a log never falls for one client', () => {
  const history = cleanHistory();
  history.ends.push({ process: 'other', partition: 0, offset: 2 }, { process: 'reader', partition: 0, offset: 4 });

  expect(verdict(history)).toEqual({ 'non-monotonic': ['reader: the end of partition 0 fell from 5 to 4'] });
});

test('P10: a record at or beyond the high watermark that came with it was read too early', () => {
  const history = cleanHistory();
  history.reads[1]!.highWatermark = 4;

  expect(verdict(history)).toEqual({ 'above high watermark': ['reader read a/0/2 at 0/4 with the high watermark 4'] });
});

test('P10: a record that was read, and was never committed, was read too early', () => {
  const history = cleanHistory();
  history.read(6, ['c/0/1'], { process: 'other' });

  expect(verdict(history)).toEqual({
    'above high watermark': [
      'other read c/0/1 at 0/6, where final reading 1 finds nothing',
      'other read c/0/1 at 0/6, where final reading 2 finds nothing',
    ],
  });
});

test('a million sends, each read twice, are checked in less than 30 s', { timeout: 120_000 }, () => {
  const history = longHistory(1_000_000);
  const start = performance.now();

  expect(verdict(history)).toEqual({});

  expect(performance.now() - start).toBeLessThan(30_000);
});
