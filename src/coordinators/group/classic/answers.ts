import type { ErrorName } from '#protocol';
import type { JoinGroupResponseInput } from '#protocol/apis/join-group.ts';
import type { SyncGroupResponseInput } from '#protocol/apis/sync-group.ts';
import type { ClassicGroup } from './classic-group.ts';
import { type ClassicMember, metadataOf } from './member.ts';

const noBytes = Buffer.alloc(0);

export function joinRefused(errorCode: ErrorName, memberId: string): JoinGroupResponseInput {
  return { throttleTimeMs: 0, errorCode, generationId: -1, protocolType: null, protocolName: null, leader: '', memberId, members: [] };
}

/** The generation as a member sees it: the leader is told of all, as it decides for them. */
export function joined(group: ClassicGroup, member: ClassicMember, more: Partial<JoinGroupResponseInput> = {}): JoinGroupResponseInput {
  return {
    throttleTimeMs: 0,
    errorCode: 'NONE',
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    memberId: member.memberId,
    members: group.isLeader(member.memberId) ? membersFor(group) : [],
    ...more,
  };
}

function membersFor(group: ClassicGroup) {
  return [...group.members.values()].map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: metadataOf(member, group.protocolName),
  }));
}

export function syncRefused(errorCode: ErrorName): SyncGroupResponseInput {
  return { throttleTimeMs: 0, errorCode, protocolType: null, protocolName: null, assignment: noBytes };
}

export function synced(group: ClassicGroup, assignment: Buffer): SyncGroupResponseInput {
  return { throttleTimeMs: 0, errorCode: 'NONE', protocolType: group.protocolType, protocolName: group.protocolName, assignment };
}
