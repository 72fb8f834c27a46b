import type { SyncGroupRequest } from '#protocol/apis/sync-group.ts';
import type { Turn } from '../turn.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { Join } from './join-group.ts';
import type { ClassicMember } from './member.ts';

/** Kafka's names of the states, as tools show them. A group that is dead is not there any more. */
export type ClassicStateName = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable';

/** What a request does to a group that is in this state. All throw KafkaError for a refusal. */
export interface ClassicState {
  readonly name: ClassicStateName;
  /** Is there room for one more who joins? @param isMember whether it is in the group already */
  hasRoom(group: ClassicGroup, maxSize: number, member: ClassicMember | undefined): boolean;
  /** A member joins again. */
  rejoin(group: ClassicGroup, member: ClassicMember, join: Join, turn: Turn): void;
  /** A static member that was known under another id has taken its place. */
  replaced(group: ClassicGroup, before: ClassicMember, member: ClassicMember, join: Join, turn: Turn): void;
  sync(group: ClassicGroup, member: ClassicMember, request: SyncGroupRequest, turn: Turn): void;
  heartbeat(group: ClassicGroup, member: ClassicMember, turn: Turn): void;
  /** A member of the generation wants to commit offsets. */
  checkCommit(group: ClassicGroup, member: ClassicMember, turn: Turn): void;
  /** A member is gone. */
  memberLeft(group: ClassicGroup, turn: Turn): void;
  /** One has been added, or offers something else than before. */
  changed(group: ClassicGroup, turn: Turn): void;
}
