import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Assignment, eachPartition, noPartitions, sameAssignment, sizeOf } from './assignment.ts';
import type { AssignorMember } from './assignors/assignor.ts';
import { assignors } from './assignors/index.ts';
import { range } from './assignors/range.ts';
import { uniform } from './assignors/uniform.ts';

const member = (memberId: string, topicIds: readonly string[], current: Assignment = noPartitions): AssignorMember => ({
  memberId,
  instanceId: null,
  topicIds: new Set(topicIds),
  current,
});
const shown = (assignments: ReadonlyMap<string, Assignment>) =>
  [...assignments].map(
    ([id, assignment]) => `${id}: ${[...eachPartition(assignment)].map(([topic, partition]) => topic + partition).sort()}`,
  );

const topicCounts = fc.record({ a: fc.nat(8), b: fc.nat(8), c: fc.nat(8) });
const memberSets = fc.uniqueArray(fc.record({ id: fc.integer({ min: 1, max: 20 }), topics: fc.subarray(['a', 'b', 'c']) }), {
  selector: ({ id }) => id,
  minLength: 1,
  maxLength: 8,
});

describe.each(assignors)('$name', (assignor) => {
  test('G1, G2: every partition that somebody reads has one owner, who reads it', () => {
    fc.assert(
      fc.property(topicCounts, memberSets, (counts, sets) => {
        const members = sets.map(({ id, topics }) => member(`m${id}`, topics));
        const assignments = assignor.assign(members, (topicId) => counts[topicId as 'a']);
        const given = [...assignments.values()].flatMap((assignment) => [...eachPartition(assignment)].map(String)).sort();
        const read = new Set(sets.flatMap(({ topics }) => topics));
        const wanted = [...read].flatMap((topic) => Array.from({ length: counts[topic as 'a'] }, (_, i) => `${topic},${i}`)).sort();

        expect(given).toEqual(wanted);
        for (const { memberId, topicIds } of members)
          for (const [topicId] of eachPartition(assignments.get(memberId)!)) expect(topicIds.has(topicId)).toBe(true);
      }),
    );
  });
});

test('range gives each topic in ranges, and topics with as many partitions in the same ones', () => {
  const assignments = range.assign([member('n', ['a', 'b']), member('m', ['a', 'b'])], () => 3);

  expect(shown(assignments)).toEqual(['n: a2,b2', 'm: a0,a1,b0,b1']);
});

describe('uniform', () => {
  test('members with one subscription differ by one partition at most', () => {
    fc.assert(
      fc.property(topicCounts, fc.integer({ min: 1, max: 9 }), (counts, size) => {
        const members = Array.from({ length: size }, (_, i) => member(`m${i}`, ['a', 'b', 'c']));
        const sizes = [...uniform.assign(members, (topicId) => counts[topicId as 'a']).values()].map(sizeOf);

        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('nothing moves when nothing has changed', () => {
    fc.assert(
      fc.property(topicCounts, memberSets, (counts, sets) => {
        const partitionsOf = (topicId: string) => counts[topicId as 'a'];
        const first = uniform.assign(
          sets.map(({ id, topics }) => member(`m${id}`, topics)),
          partitionsOf,
        );
        const second = uniform.assign(
          sets.map(({ id, topics }) => member(`m${id}`, topics, first.get(`m${id}`)!)),
          partitionsOf,
        );

        for (const [memberId, assignment] of first) expect(sameAssignment(assignment, second.get(memberId)!)).toBe(true);
      }),
    );
  });

  test('a member that comes takes no more than its share, and one that goes leaves the others what they have', () => {
    const first = uniform.assign([member('m', ['a']), member('n', ['a'])], () => 6);
    const three = uniform.assign([...['m', 'n'].map((id) => member(id, ['a'], first.get(id)!)), member('o', ['a'])], () => 6);
    const two = uniform.assign(
      ['m', 'o'].map((id) => member(id, ['a'], three.get(id)!)),
      () => 6,
    );

    expect([...three.values()].map(sizeOf)).toEqual([2, 2, 2]);
    for (const id of ['m', 'n'])
      for (const [topic, partition] of eachPartition(three.get(id)!)) expect(first.get(id)!.get(topic)!.has(partition)).toBe(true);
    for (const id of ['m', 'o'])
      for (const [topic, partition] of eachPartition(three.get(id)!)) expect(two.get(id)!.get(topic)!.has(partition)).toBe(true);
  });
});
