import type { RaftContext } from './context.ts';
import type { VoteMessage } from './types.ts';
import { sameReplica } from './voters.ts';

/** One request for a vote, and whether this node may give it. */
export class Ballot {
  readonly context: RaftContext;
  readonly request: VoteMessage;

  constructor(context: RaftContext, request: VoteMessage) {
    this.context = context;
    this.request = request;
  }

  /** R13: while its log is being repaired a node gives no vote, not even a preliminary one: it does not know all that it has promised. */
  get isAllowed(): boolean {
    return this.context.promised === undefined;
  }

  /** R6: only the owner of a log that is at least as new as ours may lead. */
  get isUpToDate(): boolean {
    const { log } = this.context;
    const { lastEpoch, lastOffset } = this.request;
    return lastEpoch > log.lastEpoch || (lastEpoch === log.lastEpoch && lastOffset >= log.endOffset);
  }

  /** R2: one vote per epoch, and none where a leader is known already. To be asked when this node is in the request's epoch. */
  get isFree(): boolean {
    const { current, election } = this.context;
    if (current.votedFor !== undefined) return sameReplica(current.votedFor, this.request.candidate);
    if (election.leaderId >= 0) return false;
    return current.name === 'unattached' || current.name === 'prospective';
  }
}
