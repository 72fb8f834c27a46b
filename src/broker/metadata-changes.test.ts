import { describe, expect, test } from 'vitest';
import type { MetadataDelta, PartitionImage } from '#metadata';
import { MetadataChanges } from './metadata-changes.ts';

type Seen = Pick<PartitionImage, 'leader' | 'isr'> & Partial<PartitionImage>;

function changed(nodeId: number, isController: boolean, before: Seen | undefined, after: Seen): MetadataChanges {
  const changes = new MetadataChanges({ nodeId, isController: () => isController });
  const whole = (seen: Seen) => ({ elr: [], leaderRecoveryState: 0, ...seen }) as unknown as PartitionImage;
  const changedPartitions = [{ topic: {}, partition: whole(after), before: before === undefined ? undefined : whole(before) }];
  changes.note({ topics: { changedPartitions } } as unknown as MetadataDelta);
  return changes;
}

describe('a change of the in-sync set', () => {
  test.each([
    { of: 'one that is smaller', before: [1, 2, 3], after: [1, 3], shrinks: 1, expands: 0 },
    { of: 'one that is larger', before: [1], after: [1, 2], shrinks: 0, expands: 1 },
    { of: 'one in which a replica takes the place of another', before: [1, 2], after: [1, 3], shrinks: 1, expands: 1 },
    { of: 'the same in another order', before: [1, 2], after: [2, 1], shrinks: 0, expands: 0 },
  ])('to $of counts as $shrinks shrinks and $expands expands', ({ before, after, shrinks, expands }) => {
    const { isrShrinks, isrExpands } = changed(1, false, { leader: 1, isr: before }, { leader: 1, isr: after });

    expect({ isrShrinks, isrExpands }).toEqual({ isrShrinks: shrinks, isrExpands: expands });
  });

  test.each([
    { who: 'the leader', nodeId: 2, isController: false, leader: 2, counts: 1 },
    { who: 'no follower', nodeId: 3, isController: false, leader: 2, counts: 0 },
    { who: 'no controller that does not lead', nodeId: 3, isController: true, leader: 2, counts: 0 },
    { who: 'the controller where nobody leads', nodeId: 3, isController: true, leader: -1, counts: 1 },
  ])('is counted by $who', ({ nodeId, isController, leader, counts }) => {
    expect(changed(nodeId, isController, { leader: 1, isr: [1, 2] }, { leader, isr: [2] }).isrShrinks).toBe(counts);
  });

  test('is none when the partition is made', () => {
    expect(changed(1, true, undefined, { leader: 1, isr: [1, 2] })).toMatchObject({ isrShrinks: 0, isrExpands: 0, elections: 0 });
  });
});

describe('an election', () => {
  test.each([
    { of: 'a replica in sync', before: { leader: 1, isr: [1, 2] }, after: { leader: 2, isr: [2] }, elections: 1, unclean: 0 },
    { of: 'an eligible one outside', before: { leader: -1, isr: [], elr: [2] }, after: { leader: 2, isr: [2] }, elections: 1, unclean: 0 },
    { of: 'any other', before: { leader: -1, isr: [1] }, after: { leader: 2, isr: [2], leaderRecoveryState: 1 }, elections: 1, unclean: 1 },
    { of: 'nobody', before: { leader: 1, isr: [1] }, after: { leader: -1, isr: [1] }, elections: 0, unclean: 0 },
    { of: 'the same, in another epoch', before: { leader: 1, isr: [1, 2] }, after: { leader: 1, isr: [1] }, elections: 0, unclean: 0 },
  ])('of $of counts as $elections, unclean: $unclean', ({ before, after, elections, unclean }) => {
    expect(changed(3, true, before, after)).toMatchObject({ elections, uncleanElections: unclean });
    expect(changed(3, false, before, after)).toMatchObject({ elections: 0, uncleanElections: 0 });
  });
});
