import { eachPartition } from '../assignment.ts';
import { type Assignor, type AssignorMember, byPlace } from './assignor.ts';

interface Load {
  readonly member: AssignorMember;
  readonly partitions: [string, number][];
}

/**
 * As many partitions for each member as for any other, as far as their subscriptions allow, and as few as possible move: everybody keeps what it has up to
 * its fair share.
 */
export const uniform: Assignor = {
  name: 'uniform',
  assign(members, partitionsOf) {
    const loads: Load[] = [...members].sort(byPlace).map((member) => ({ member, partitions: [] }));
    const left = unassignedAfter(loads, partitionsOf);
    for (const [topicId, partition] of left) {
      const to = lightest(loads, topicId);
      if (to !== undefined) to.partitions.push([topicId, partition]);
    }
    balance(loads);
    return new Map(
      loads.map(({ member, partitions }) => {
        const assignment = new Map<string, Set<number>>();
        for (const [topicId, partition] of partitions) assignment.set(topicId, (assignment.get(topicId) ?? new Set()).add(partition));
        return [member.memberId, assignment];
      }),
    );
  },
};

/** Everybody keeps what it had and still may read. @returns what nobody has, topic by topic */
function unassignedAfter(loads: readonly Load[], partitionsOf: (topicId: string) => number): [string, number][] {
  const topicIds = [...new Set(loads.flatMap(({ member }) => [...member.topicIds]))].sort();
  const taken = new Map(topicIds.map((topicId) => [topicId, new Set<number>()]));
  for (const { member, partitions } of loads) {
    for (const [topicId, partition] of eachPartition(member.current)) {
      const isThere = member.topicIds.has(topicId) && partition < partitionsOf(topicId) && !taken.get(topicId)!.has(partition);
      if (!isThere) continue;
      taken.get(topicId)!.add(partition);
      partitions.push([topicId, partition]);
    }
  }
  return topicIds.flatMap((topicId) =>
    Array.from({ length: partitionsOf(topicId) }, (_, partition): [string, number] => [topicId, partition]).filter(
      ([, partition]) => !taken.get(topicId)!.has(partition),
    ),
  );
}

function lightest(loads: readonly Load[], topicId: string): Load | undefined {
  let found: Load | undefined;
  for (const load of loads) {
    if (load.member.topicIds.has(topicId) && (found === undefined || load.partitions.length < found.partitions.length)) found = load;
  }
  return found;
}

/** Takes from those that have two more than somebody who could have one of them, until nobody has. Each step makes the loads more even, so that it ends. */
function balance(loads: readonly Load[]): void {
  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false;
    for (const from of [...loads].sort((a, b) => b.partitions.length - a.partitions.length)) {
      for (let index = from.partitions.length - 1; index >= 0; index--) {
        const [topicId, partition] = from.partitions[index]!;
        const to = lightest(loads, topicId);
        if (to === undefined || to.partitions.length + 1 >= from.partitions.length) continue;
        from.partitions.splice(index, 1);
        to.partitions.push([topicId, partition]);
        hasMoved = true;
      }
    }
  }
}
