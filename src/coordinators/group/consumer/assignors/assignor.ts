import type { Assignment } from '../assignment.ts';

export interface AssignorMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  /** Ids of topics that exist. */
  readonly topicIds: ReadonlySet<string>;
  /** Its part of the last target. */
  readonly current: Assignment;
}

/** Shares out all partitions of the topics that somebody reads (G2). */
export interface Assignor {
  readonly name: string;
  assign(members: readonly AssignorMember[], partitionsOf: (topicId: string) => number): Map<string, Assignment>;
}

/** By instance id where there is one, as it is the one that stays; then by member id. */
export function byPlace(a: AssignorMember, b: AssignorMember): number {
  if (a.instanceId !== null || b.instanceId !== null) {
    if (a.instanceId === null) return 1;
    if (b.instanceId === null) return -1;
    if (a.instanceId !== b.instanceId) return a.instanceId < b.instanceId ? -1 : 1;
  }
  return a.memberId < b.memberId ? -1 : 1;
}
