import type { ClassicGroup } from './classic/classic-group.ts';
import { metadataOf } from './classic/member.ts';
import { stable } from './classic/states/stable.ts';

export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: string;
  readonly state: string;
  readonly type: 'classic' | 'consumer';
}

export interface DescribedGroup {
  readonly groupState: string;
  readonly protocolType: string;
  /** The protocol in use, once there is one. */
  readonly protocolData: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly clientId: string;
    readonly clientHost: string;
    readonly memberMetadata: Buffer;
    readonly memberAssignment: Buffer;
  }[];
}

const noBytes = Buffer.alloc(0);

/** A classic group for tools. What members said and got is shown when it holds for all: in a stable group. */
export function describeClassicGroup(group: ClassicGroup): DescribedGroup {
  const isStable = group.state === stable;
  return {
    groupState: group.stateName,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocolName ?? '') : '',
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? metadataOf(member, group.protocolName) : noBytes,
      memberAssignment: isStable ? member.assignment : noBytes,
    })),
  };
}
