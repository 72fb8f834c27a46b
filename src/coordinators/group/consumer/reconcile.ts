import { type Assignment, contains, filterPartitions, isSubset, noPartitions, sizeOf, union } from './assignment.ts';
import type { ConsumerMember, MemberState } from './member.ts';

export interface Target {
  readonly epoch: number;
  readonly assignment: Assignment;
}

/**
 * The next step of a member towards its part of the target. What it is to lose it gives up first, and stays in its epoch until it has said so; what
 * others have not given up yet it waits for. So a partition never has two owners (G1).
 * @param owned what the member says that it has; undefined when it does not say
 * @param isTaken whether another member has the partition, or has yet to give it up
 */
export function reconcile(
  member: ConsumerMember,
  target: Target,
  owned: Assignment | undefined,
  isTaken: (topicId: string, partition: number) => boolean,
): ConsumerMember {
  switch (member.state) {
    case 'stable':
      return member.memberEpoch === target.epoch ? member : next(member, member.memberEpoch, target, owned, isTaken);
    case 'unrevoked':
      // Once it has revoked, it is in the epoch that made it do so, whatever has come since.
      return owns(member.pendingRevocation, owned) ? member : next(member, member.memberEpoch + 1, target, owned, isTaken);
    case 'unreleased':
      return next(member, member.memberEpoch, target, owned, isTaken);
  }
}

/** Does it still have any of these, as far as it says? */
function owns(partitions: Assignment, owned: Assignment | undefined): boolean {
  if (owned === undefined) return true;
  return sizeOf(filterPartitions(owned, (topicId, partition) => contains(partitions, topicId, partition))) > 0;
}

function next(
  member: ConsumerMember,
  memberEpoch: number,
  target: Target,
  owned: Assignment | undefined,
  isTaken: (topicId: string, partition: number) => boolean,
): ConsumerMember {
  const kept = filterPartitions(member.assigned, (topicId, partition) => contains(target.assignment, topicId, partition));
  const toRevoke = filterPartitions(member.assigned, (topicId, partition) => !contains(target.assignment, topicId, partition));
  if (sizeOf(toRevoke) > 0 && owns(toRevoke, owned)) return step(member, 'unrevoked', memberEpoch, kept, toRevoke);
  const missing = filterPartitions(target.assignment, (topicId, partition) => !contains(kept, topicId, partition));
  const free = filterPartitions(missing, (topicId, partition) => !isTaken(topicId, partition));
  return step(member, isSubset(missing, free) ? 'stable' : 'unreleased', target.epoch, union(kept, free), noPartitions);
}

function step(
  member: ConsumerMember,
  state: MemberState,
  memberEpoch: number,
  assigned: Assignment,
  pendingRevocation: Assignment,
): ConsumerMember {
  const previousMemberEpoch = memberEpoch === member.memberEpoch ? member.previousMemberEpoch : member.memberEpoch;
  return { ...member, state, memberEpoch, previousMemberEpoch, assigned, pendingRevocation };
}
