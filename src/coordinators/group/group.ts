import type { GroupRecord } from './records.ts';
import type { Turn } from './turn.ts';

/** Who commits offsets, as a request says it. */
export interface Committer {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** The generation, or the member epoch; -1 for one that is in no group. */
  readonly generationIdOrMemberEpoch: number;
}

/** What every kind of group can be asked. */
export interface Group {
  readonly type: 'classic' | 'consumer';
  readonly groupId: string;
  /** As tools show it. */
  readonly stateName: string;
  readonly protocolType: string | null;
  readonly members: { readonly size: number };
  /** It has no members. */
  readonly isEmpty: boolean;
  /** Nobody is just about to join. */
  readonly isIdle: boolean;
  /** Since when it has been empty, in milliseconds since 1970; undefined when it is not, or never had members. */
  readonly emptySince: number | undefined;
  /** May a member be reading the topic, or come back to it? */
  mayRead(topic: string): boolean;
  /**
   * @param inTransaction as part of a transaction, which goes on through rebalances
   * @throws KafkaError when it may not commit
   */
  checkCommit(committer: Committer, inTransaction: boolean, turn: Turn): void;
  /** @throws KafkaError when the asker is no member, or not in this epoch */
  checkFetch(memberId: string | null, memberEpoch: number): void;
  /** What makes the log forget it. */
  tombstones(): GroupRecord[];
}
