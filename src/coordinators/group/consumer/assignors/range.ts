import { type Assignor, type AssignorMember, byPlace } from './assignor.ts';

/**
 * Each topic by itself, in ranges: members in the same order get the same range of each topic with as many partitions, so that
 * topics with the same keys are read together.
 */
export const range: Assignor = {
  name: 'range',
  assign(members, partitionsOf) {
    const assignments = new Map(members.map(({ memberId }) => [memberId, new Map<string, Set<number>>()]));
    const readers = new Map<string, AssignorMember[]>();
    for (const member of [...members].sort(byPlace))
      for (const topicId of member.topicIds) readers.set(topicId, [...(readers.get(topicId) ?? []), member]);
    for (const [topicId, sharing] of readers) {
      const count = partitionsOf(topicId);
      const quota = Math.floor(count / sharing.length);
      const extra = count % sharing.length;
      let first = 0;
      for (const [index, { memberId }] of sharing.entries()) {
        const length = quota + (index < extra ? 1 : 0);
        if (length > 0) assignments.get(memberId)!.set(topicId, new Set(Array.from({ length }, (_, i) => first + i)));
        first += length;
      }
    }
    return assignments;
  },
};
