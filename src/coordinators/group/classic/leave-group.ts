import { asKafkaError, type ErrorName, KafkaError } from '#protocol';
import type { Turn } from '../turn.ts';
import type { ClassicGroup } from './classic-group.ts';
import { dropMember, dropPendingMember } from './members.ts';

export interface Leaver {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

/** A member leaves, or is removed by name. @returns the error, or NONE */
export function leaveClassicGroup(group: ClassicGroup, leaver: Leaver, turn: Turn): ErrorName {
  const { memberId, groupInstanceId } = leaver;
  if (groupInstanceId === null && group.pendingMembers.has(memberId)) {
    dropPendingMember(group, memberId, turn);
    return 'NONE';
  }
  try {
    dropMember(group, group.member(memberIdOf(group, leaver), groupInstanceId), turn);
    return 'NONE';
  } catch (error) {
    return asKafkaError(error).errorName;
  }
}

/** A tool that removes a static member need not know under which id it is there. */
function memberIdOf(group: ClassicGroup, { memberId, groupInstanceId }: Leaver): string {
  if (groupInstanceId === null || memberId !== '') return memberId;
  const known = group.instances.get(groupInstanceId);
  if (known === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID', `the group has no static member ${groupInstanceId}`);
  return known;
}
