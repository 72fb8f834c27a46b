import { expect, test } from 'vitest';
import { begunTooLow, committedBackwards, lostBelowCommits, missing, ownedTwice, owners } from './checks.ts';
import { eventOf, type GroupEvent, kcatEventOf } from './history.ts';

/** Lines of members, one after the other: `a assigned 3 0,1` for what member a prints. */
function history(...lines: readonly string[]): GroupEvent[] {
  return lines.map((line, at) => {
    const [member, type, ...words] = line.split(' ');
    return type === 'ended' ? { type, at, member: member! } : eventOf(member!, [type, at, ...words].join(' '));
  });
}

const right = history(
  'a assigned 1 0,1',
  'a record 0 0 x',
  'a record 0 1 y',
  'a committed 0 1',
  'looker committed 0 1',
  'a revoked 0,1',
  'a assigned 2 1',
  'b assigned 2 0',
  'b record 0 1 y',
  'b committed 0 2',
  'looker committed 0 2',
);

test('nothing is wrong with a group that hands a partition over', () => {
  for (const check of [ownedTwice, lostBelowCommits, begunTooLow]) expect(check(right), check.name).toEqual([]);
  expect(committedBackwards(right, 'looker')).toEqual([]);
  expect(missing(right, ['x', 'y'])).toEqual([]);
  expect(Object.fromEntries(owners(right))).toEqual({ 0: 'b', 1: 'a' });
});

test('G9: a value that nobody was given is missing', () => {
  expect(missing(right, ['x', 'z'])).toEqual(['z']);
});

test('G1: two owners in one generation are found', () => {
  expect(ownedTwice([...right, ...history('c assigned 2 0')])).toHaveLength(1);
});

test.each([
  { lines: ['a assigned - 0', 'b assigned - 0'], problems: 1 },
  { lines: ['a assigned - 0,1', 'a revoked 1', 'b assigned - 0'], problems: 1 },
  { lines: ['a assigned - 0', 'a revoked 0', 'b assigned - 0'], problems: 0 },
  { lines: ['a assigned - 0', 'a ended', 'b assigned - 0'], problems: 0 },
])('G1: without generations it is who has a partition at one time: $lines', ({ lines, problems }) => {
  expect(ownedTwice(history(...lines))).toHaveLength(problems);
});

test('G9: a commit above a record that nobody was given is found, also when that is read later', () => {
  expect(lostBelowCommits(history('a record 0 0 x', 'a committed 0 2', 'b record 0 1 y'))).toHaveLength(1);
});

test('G3: who begins below what was committed before is found', () => {
  expect(begunTooLow(history('a committed 0 2', 'b assigned 1 0', 'b record 0 1 y'))).toHaveLength(1);
  expect(begunTooLow(history('b assigned 1 0', 'a committed 0 2', 'b record 0 1 y'))).toEqual([]);
});

test('G3: a commit that went back is found', () => {
  expect(committedBackwards(history('looker committed 0 2', 'looker committed 0 1'), 'looker')).toHaveLength(1);
});

test("kcat's own lines say the same", () => {
  expect(kcatEventOf('k', 'record 3 17 value', 5)).toEqual({
    type: 'record',
    at: 5,
    member: 'k',
    partition: 3,
    offset: 17,
    value: 'value',
  });
  expect(kcatEventOf('k', '% Group g rebalanced (memberid rdkafka-1): assigned: t [0], t [11]', 5)).toMatchObject({
    type: 'assigned',
    partitions: [0, 11],
  });
  expect(kcatEventOf('k', '% Group g rebalanced (memberid rdkafka-1): revoked: t [0]', 5)).toMatchObject({
    type: 'revoked',
    partitions: [0],
  });
  expect(kcatEventOf('k', '% Reached end of topic', 5)).toBeUndefined();
});
