import type { Address } from '#platform';
import { type ErrorName, KafkaError } from '#protocol';
import type { AddRaftVoterRequest } from '#protocol/apis/add-raft-voter.ts';
import type { BeginQuorumEpochRequest, BeginQuorumEpochResponseInput } from '#protocol/apis/begin-quorum-epoch.ts';
import type { EndQuorumEpochRequest } from '#protocol/apis/end-quorum-epoch.ts';
import type { FetchRequest, FetchResponseInput } from '#protocol/apis/fetch.ts';
import type { FetchSnapshotRequest, FetchSnapshotResponseInput } from '#protocol/apis/fetch-snapshot.ts';
import type { RemoveRaftVoterRequest } from '#protocol/apis/remove-raft-voter.ts';
import type { UpdateRaftVoterRequest, UpdateRaftVoterResponseInput } from '#protocol/apis/update-raft-voter.ts';
import type { VoteRequest, VoteResponseInput } from '#protocol/apis/vote.ts';
import { listenerName } from './control-records.ts';
import { metadataTopicId, metadataTopicName } from './metadata-log.ts';
import type {
  AddVoterMessage,
  BeginQuorumEpochMessage,
  ChangeVotersAnswer,
  EndQuorumEpochMessage,
  FetchAnswer,
  FetchMessage,
  FetchSnapshotAnswer,
  FetchSnapshotMessage,
  QuorumEpochAnswer,
  RemoveVoterMessage,
  Standing,
  UpdateVoterMessage,
  VoteAnswer,
  VoteMessage,
} from './types.ts';

// Kafka's requests to the core's, and the core's answers to Kafka's.

/** @throws KafkaError INVALID_REQUEST unless the request is for the metadata log alone */
function only<P>(topics: readonly { readonly topicName: string; readonly partitions: readonly P[] }[]): P {
  const [topic] = topics;
  const partition = topic?.partitions[0];
  if (topics.length !== 1 || topic?.partitions.length !== 1 || partition === undefined || topic.topicName !== metadataTopicName) {
    throw new KafkaError('INVALID_REQUEST', 'Raft requests are for partition 0 of __cluster_metadata.');
  }
  return partition;
}

function endpointOf(listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[]): Address | undefined {
  const listener = listeners.find(({ name }) => name === listenerName) ?? listeners[0];
  return listener && { host: listener.host, port: listener.port };
}

export function readVote(request: VoteRequest): VoteMessage {
  const partition = only(request.topics);
  return {
    type: 'vote',
    clusterId: request.clusterId,
    epoch: partition.replicaEpoch,
    candidate: { id: partition.replicaId, directoryId: partition.replicaDirectoryId },
    voter: { id: request.voterId, directoryId: partition.voterDirectoryId },
    lastEpoch: partition.lastOffsetEpoch,
    lastOffset: partition.lastOffset,
    preVote: partition.preVote,
  };
}

export function readBegin(request: BeginQuorumEpochRequest): BeginQuorumEpochMessage {
  const { leaderEpoch, leaderId, voterDirectoryId } = only(request.topics);
  return {
    type: 'beginQuorumEpoch',
    clusterId: request.clusterId,
    epoch: leaderEpoch,
    leaderId,
    leaderAddress: endpointOf(request.leaderEndpoints),
    voter: { id: request.voterId, directoryId: voterDirectoryId },
  };
}

export function readEnd(request: EndQuorumEpochRequest): EndQuorumEpochMessage {
  const { leaderEpoch, leaderId, preferredCandidates } = only(request.topics);
  const preferred = preferredCandidates.map(({ candidateDirectoryId, candidateId }) => ({
    id: candidateId,
    directoryId: candidateDirectoryId,
  }));
  return { type: 'endQuorumEpoch', clusterId: request.clusterId, epoch: leaderEpoch, leaderId, preferred };
}

/** No answer to a fetch waits longer, whatever is asked. */
const maxWaitMs = 30_000;

export function readFetch(request: FetchRequest): FetchMessage {
  const [topic] = request.topics;
  const partition = topic?.partitions[0];
  const isOurs = topic?.topicId === metadataTopicId || topic?.topic === metadataTopicName;
  if (!isOurs || request.topics.length !== 1 || topic.partitions.length !== 1 || partition?.partition !== 0) {
    throw new KafkaError('INVALID_REQUEST', 'A fetch of the metadata log is for partition 0 of __cluster_metadata alone.');
  }
  return {
    type: 'fetch',
    clusterId: request.clusterId,
    replica: { id: Math.max(request.replicaState.replicaId, request.replicaId), directoryId: partition.replicaDirectoryId },
    epoch: partition.currentLeaderEpoch,
    fetchOffset: partition.fetchOffset,
    lastFetchedEpoch: partition.lastFetchedEpoch,
    highWatermark: partition.highWatermark,
    maxWaitMs: Math.max(0, Math.min(maxWaitMs, request.maxWaitMs)),
  };
}

export function readFetchSnapshot(request: FetchSnapshotRequest): FetchSnapshotMessage {
  const [topic] = request.topics;
  const partition = topic?.partitions[0];
  if (topic?.name !== metadataTopicName || request.topics.length !== 1 || topic.partitions.length !== 1 || partition?.partition !== 0) {
    throw new KafkaError('INVALID_REQUEST', 'Snapshots are of partition 0 of __cluster_metadata.');
  }
  return {
    type: 'fetchSnapshot',
    clusterId: request.clusterId,
    replica: { id: request.replicaId, directoryId: partition.replicaDirectoryId },
    epoch: partition.currentLeaderEpoch,
    snapshot: partition.snapshotId,
    position: Number(partition.position),
  };
}

export function readAddVoter(request: AddRaftVoterRequest): AddVoterMessage {
  const address = endpointOf(request.listeners);
  if (address === undefined) throw new KafkaError('INVALID_REQUEST', 'A voter needs an endpoint.');
  return {
    type: 'addVoter',
    clusterId: request.clusterId,
    voter: { id: request.voterId, directoryId: request.voterDirectoryId, address },
    timeoutMs: Math.max(0, request.timeoutMs),
    ackWhenCommitted: request.ackWhenCommitted,
  };
}

export function readRemoveVoter(request: RemoveRaftVoterRequest): RemoveVoterMessage {
  const { clusterId, voterDirectoryId: directoryId, voterId: id } = request;
  return { type: 'removeVoter', clusterId, voter: { id, directoryId } };
}

export function readUpdateVoter(request: UpdateRaftVoterRequest): UpdateVoterMessage {
  const address = endpointOf(request.listeners);
  if (address === undefined) throw new KafkaError('INVALID_REQUEST', 'A voter needs an endpoint.');
  const voter = { id: request.voterId, directoryId: request.voterDirectoryId, address };
  return { type: 'updateVoter', clusterId: request.clusterId, epoch: request.currentLeaderEpoch, voter };
}

function endpoints({ leaderAddress, leaderId }: Standing): { nodeId: number; host: string; port: number }[] {
  return leaderAddress === undefined ? [] : [{ nodeId: leaderId, host: leaderAddress.host, port: leaderAddress.port }];
}

/** Kafka answers with this one at the top. */
const topLevel = (error: ErrorName): ErrorName => (error === 'INCONSISTENT_CLUSTER_ID' ? error : 'NONE');

export function writeVote(answer: VoteAnswer): VoteResponseInput {
  const { epoch, error, granted, leaderId } = answer;
  const partition = { partitionIndex: 0, errorCode: error, leaderId, leaderEpoch: epoch, voteGranted: granted };
  return {
    errorCode: topLevel(error),
    topics: [{ topicName: metadataTopicName, partitions: [partition] }],
    nodeEndpoints: endpoints(answer),
  };
}

/** BeginQuorumEpoch and EndQuorumEpoch answer alike. */
export function writeQuorumEpoch(answer: QuorumEpochAnswer): BeginQuorumEpochResponseInput {
  const { epoch, error, leaderId } = answer;
  const partition = { partitionIndex: 0, errorCode: error, leaderId, leaderEpoch: epoch };
  return {
    errorCode: topLevel(error),
    topics: [{ topicName: metadataTopicName, partitions: [partition] }],
    nodeEndpoints: endpoints(answer),
  };
}

export function writeFetch(answer: FetchAnswer): FetchResponseInput {
  const { diverging, epoch, error, highWatermark, leaderId, logStartOffset, snapshot } = answer;
  return {
    throttleTimeMs: 0,
    errorCode: topLevel(error),
    responses: [
      {
        topic: metadataTopicName,
        topicId: metadataTopicId,
        partitions: [
          {
            partitionIndex: 0,
            errorCode: error,
            highWatermark,
            lastStableOffset: highWatermark,
            logStartOffset,
            ...(diverging && { divergingEpoch: diverging }),
            ...(snapshot && { snapshotId: snapshot }),
            currentLeader: { leaderId, leaderEpoch: epoch },
            abortedTransactions: null,
            records: answer.bytes ?? null,
          },
        ],
      },
    ],
    nodeEndpoints: endpoints(answer),
  };
}

export function writeFetchSnapshot(answer: FetchSnapshotAnswer): FetchSnapshotResponseInput {
  const { epoch, error, leaderId, position, size, snapshot } = answer;
  const partition = {
    index: 0,
    errorCode: error,
    snapshotId: { endOffset: snapshot.endOffset, epoch: snapshot.epoch },
    currentLeader: { leaderId, leaderEpoch: epoch },
    size: BigInt(size),
    position: BigInt(position),
    unalignedRecords: answer.bytes ?? Buffer.alloc(0),
  };
  return {
    throttleTimeMs: 0,
    errorCode: topLevel(error),
    topics: [{ name: metadataTopicName, partitions: [partition] }],
    nodeEndpoints: endpoints(answer),
  };
}

export function writeChangeVoters({ error, message }: ChangeVotersAnswer): {
  throttleTimeMs: number;
  errorCode: ErrorName;
  errorMessage: string | null;
} {
  return { throttleTimeMs: 0, errorCode: error, errorMessage: message };
}

export function writeUpdateVoter(answer: ChangeVotersAnswer): UpdateRaftVoterResponseInput {
  const { epoch, error, leaderAddress, leaderId } = answer;
  const currentLeader = { leaderId, leaderEpoch: epoch, host: leaderAddress?.host ?? '', port: leaderAddress?.port ?? 0 };
  return { throttleTimeMs: 0, errorCode: error, currentLeader };
}
