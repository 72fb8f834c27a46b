import type { ErrorName } from '#protocol';
import { Ballot } from './ballot.ts';
import type { RaftContext, RaftState } from './context.ts';
import { Leader } from './leader.ts';
import type {
  BeginQuorumEpochMessage,
  EndQuorumEpochMessage,
  FetchMessage,
  FetchSnapshotMessage,
  RaftRequest,
  VoteMessage,
} from './types.ts';
import { sameReplica } from './voters.ts';

/** Answers what another replica or a tool asks, in whatever state this node is. */
export function answerRequest(context: RaftContext, state: RaftState, requestId: number, request: RaftRequest): void {
  if (request.type === 'ask') {
    answerAsk(context, requestId);
    return;
  }
  if (request.clusterId !== null && context.clusterId !== undefined && request.clusterId !== context.clusterId) {
    refuse(context, requestId, request, 'INCONSISTENT_CLUSTER_ID');
    return;
  }
  if (request.type === 'vote') {
    answerVote(context, requestId, request);
    return;
  }
  if (request.type === 'beginQuorumEpoch') {
    answerBegin(context, requestId, request);
    return;
  }
  if (request.type === 'endQuorumEpoch') {
    answerEnd(context, requestId, request);
    return;
  }
  if (!(state instanceof Leader)) {
    refuse(context, requestId, request, 'NOT_LEADER_OR_FOLLOWER');
    return;
  }
  if (request.type === 'fetch' || request.type === 'fetchSnapshot') {
    answerFetch(context, state, requestId, request);
    return;
  }
  if (request.type === 'updateVoter' && request.epoch !== -1 && request.epoch !== context.election.epoch) {
    refuse(context, requestId, request, request.epoch < context.election.epoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH');
    return;
  }
  state.changeVoters(requestId, request);
}

function answerAsk(context: RaftContext, requestId: number): void {
  context.emit({
    type: 'respond',
    requestId,
    answer: {
      type: 'ask',
      clusterId: context.clusterId,
      self: context.clusterId === undefined ? context.self : undefined,
      knows: context.clusterId === undefined ? context.formation.found() : [],
    },
  });
}

function answerVote(context: RaftContext, requestId: number, request: VoteMessage): void {
  const answer = (error: ErrorName, granted: boolean) => {
    context.emit({ type: 'respond', requestId, answer: { type: 'vote', ...context.standing(error, context.current.leader), granted } });
  };
  if (!context.isMe(request.voter)) {
    answer('INVALID_VOTER_KEY', false);
    return;
  }
  if (request.epoch < context.election.epoch) {
    answer('FENCED_LEADER_EPOCH', false);
    return;
  }
  if (context.isStranger(request.candidate)) {
    context.formation.lookAgain();
    answer('NONE', false);
    return;
  }
  if (request.epoch > context.election.epoch) context.become.unattached(request.epoch);
  const ballot = new Ballot(context, request);
  if (!ballot.isAllowed || !ballot.isUpToDate) {
    answer('NONE', false);
    return;
  }
  if (request.preVote) {
    answer('NONE', context.current.admitsPreVote);
    return;
  }
  const granted = ballot.isFree;
  if (granted) {
    context.save({ epoch: request.epoch, leaderId: -1, votedFor: request.candidate });
    // Its own turn comes later: the candidate gets the time to win.
    context.become.unattached(request.epoch);
  }
  answer('NONE', granted);
}

function answerBegin(context: RaftContext, requestId: number, request: BeginQuorumEpochMessage): void {
  const { leaderAddress, leaderId } = request;
  if (!context.isMe(request.voter)) {
    refuse(context, requestId, request, 'INVALID_VOTER_KEY');
    return;
  }
  if (request.epoch < context.election.epoch) {
    refuse(context, requestId, request, 'FENCED_LEADER_EPOCH');
    return;
  }
  if (context.isStrangeLeader(leaderId)) {
    context.formation.lookAgain();
    refuse(context, requestId, request, 'INCONSISTENT_VOTER_SET');
    return;
  }
  const known = context.current.leader?.id ?? (request.epoch === context.election.epoch ? context.election.leaderId : -1);
  const isOther = request.epoch === context.election.epoch && known >= 0 && known !== leaderId;
  if (isOther || leaderId === context.self.id || leaderAddress === undefined) {
    refuse(context, requestId, request, 'INVALID_REQUEST');
    return;
  }
  const follows = request.epoch === context.election.epoch && context.current.name === 'follower';
  if (!follows) context.become.follower(request.epoch, { id: leaderId, address: leaderAddress });
  refuse(context, requestId, request, 'NONE');
}

function answerEnd(context: RaftContext, requestId: number, request: EndQuorumEpochMessage): void {
  if (request.epoch < context.election.epoch) {
    refuse(context, requestId, request, 'FENCED_LEADER_EPOCH');
    return;
  }
  if (request.leaderId === context.self.id) {
    refuse(context, requestId, request, 'INVALID_REQUEST');
    return;
  }
  const { config, now, random } = context;
  const position = request.preferred.findIndex((replica) => sameReplica(replica, context.self));
  // The first in the list stands at once; the others give those before them time to win.
  const backoff = position <= 0 ? 0 : Math.min(config.electionBackoffMaxMs, 50 * 2 ** position) + random.below(50);
  const mayLeave = context.current.name === 'follower' || context.current.name === 'unattached' || request.epoch > context.election.epoch;
  if (mayLeave) context.become.unattached(request.epoch, position < 0 ? context.electionDeadline() : now + backoff);
  refuse(context, requestId, request, 'NONE');
}

function answerFetch(context: RaftContext, leader: Leader, requestId: number, request: FetchMessage | FetchSnapshotMessage): void {
  if (request.epoch < context.election.epoch) {
    refuse(context, requestId, request, 'FENCED_LEADER_EPOCH');
    return;
  }
  if (request.epoch > context.election.epoch) {
    refuse(context, requestId, request, 'UNKNOWN_LEADER_EPOCH');
    return;
  }
  if (request.type === 'fetch') leader.fetch(requestId, request);
  else leader.fetchSnapshot(requestId, request);
}

/** An answer without content: the error (or NONE) and where the leader is. */
function refuse(context: RaftContext, requestId: number, request: Exclude<RaftRequest, { type: 'ask' }>, error: ErrorName): void {
  const standing = context.standing(error, context.current.leader);
  const respond = (answer: Parameters<RaftContext['emit']>[0] & { type: 'respond' }) => context.emit(answer);
  if (request.type === 'vote') respond({ type: 'respond', requestId, answer: { type: 'vote', ...standing, granted: false } });
  else if (request.type === 'fetch') {
    respond({ type: 'respond', requestId, answer: { type: 'fetch', ...standing, highWatermark: -1n, logStartOffset: -1n } });
  } else if (request.type === 'fetchSnapshot') {
    const { position, snapshot } = request;
    respond({ type: 'respond', requestId, answer: { type: 'fetchSnapshot', ...standing, snapshot, position, size: 0 } });
  } else if (request.type === 'beginQuorumEpoch' || request.type === 'endQuorumEpoch') {
    respond({ type: 'respond', requestId, answer: { type: request.type, ...standing } });
  } else {
    respond({ type: 'respond', requestId, answer: { type: request.type, ...standing, message: null } });
  }
}
