import { addRaftVoter } from '#protocol/apis/add-raft-voter.ts';
import { beginQuorumEpoch } from '#protocol/apis/begin-quorum-epoch.ts';
import { describeQuorum } from '#protocol/apis/describe-quorum.ts';
import { endQuorumEpoch } from '#protocol/apis/end-quorum-epoch.ts';
import { fetchSnapshot } from '#protocol/apis/fetch-snapshot.ts';
import { removeRaftVoter } from '#protocol/apis/remove-raft-voter.ts';
import { updateRaftVoter } from '#protocol/apis/update-raft-voter.ts';
import { vote } from '#protocol/apis/vote.ts';
import { handler } from '../handler.ts';

/** What voters and observers of the metadata log say to each other; all of it is raft's own business. */
export const raftHandlers = [
  handler(vote, '0-2', (request, context) => context.raft.vote(request), { beforeFormed: true }),
  handler(beginQuorumEpoch, '0-1', (request, context) => context.raft.beginQuorumEpoch(request), { beforeFormed: true }),
  handler(endQuorumEpoch, '0-1', (request, context) => context.raft.endQuorumEpoch(request), { beforeFormed: true }),
  handler(fetchSnapshot, '0-1', (request, context) => context.raft.fetchSnapshot(request), { beforeFormed: true }),
  handler(updateRaftVoter, '0', (request, context) => context.raft.updateRaftVoter(request), { beforeFormed: true }),
  handler(describeQuorum, '0-2', (request, context) => context.raft.describeQuorum(request), { place: 'controller', beforeFormed: true }),
  handler(addRaftVoter, '0-1', (request, context) => context.raft.addRaftVoter(request), { place: 'controller' }),
  handler(removeRaftVoter, '0', (request, context) => context.raft.removeRaftVoter(request), { place: 'controller' }),
];
