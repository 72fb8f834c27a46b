import type { Address } from '#platform';
import { batchesIn, KafkaError } from '#protocol';
import { beginQuorumEpoch } from '#protocol/apis/begin-quorum-epoch.ts';
import { describeCluster } from '#protocol/apis/describe-cluster.ts';
import { describeQuorum } from '#protocol/apis/describe-quorum.ts';
import { endQuorumEpoch } from '#protocol/apis/end-quorum-epoch.ts';
import { type FetchResponse, fetch } from '#protocol/apis/fetch.ts';
import { type FetchSnapshotResponse, fetchSnapshot } from '#protocol/apis/fetch-snapshot.ts';
import { updateRaftVoter } from '#protocol/apis/update-raft-voter.ts';
import { vote } from '#protocol/apis/vote.ts';
import type { BrokerClient } from '#transport';
import { describeBatches, kRaftVersions, listenerName } from './control-records.ts';
import { metadataTopicId, metadataTopicName } from './metadata-log.ts';
import type {
  AskAnswer,
  FetchAnswer,
  FetchMessage,
  FetchSnapshotAnswer,
  FetchSnapshotMessage,
  RaftAnswer,
  RaftRequest,
  ReplicaKey,
  Standing,
  UpdateVoterMessage,
  VoteMessage,
} from './types.ts';

/** A fetch waits at the leader: other requests take another connection. */
const fetchChannel = 'raft-fetch';
const channel = 'raft';
const maxFetchBytes = 8 * 1024 * 1024;
const maxSnapshotBytes = 1024 * 1024;

interface Endpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** Says the core's requests in Kafka's protocol and reads the answers. */
export class PeerRequests {
  readonly #client: BrokerClient;
  readonly #advertised: Address;

  constructor(client: BrokerClient, advertised: Address) {
    this.#client = client;
    this.#advertised = advertised;
  }

  /** @throws NetworkError, KafkaError, ProtocolError: there is no answer, or none that can be used */
  async send(to: Address, request: RaftRequest, timeoutMs: number): Promise<RaftAnswer> {
    if (request.type === 'vote') return this.#vote(to, request, timeoutMs);
    if (request.type === 'fetch') return this.#fetch(to, request, timeoutMs);
    if (request.type === 'fetchSnapshot') return this.#fetchSnapshot(to, request, timeoutMs);
    if (request.type === 'beginQuorumEpoch' || request.type === 'endQuorumEpoch') return this.#quorumEpoch(to, request, timeoutMs);
    if (request.type === 'updateVoter') return this.#updateVoter(to, request, timeoutMs);
    if (request.type === 'ask') return this.#ask(to, timeoutMs);
    throw new KafkaError('INVALID_REQUEST', `A broker does not send ${request.type}.`);
  }

  async #vote(to: Address, request: VoteMessage, timeoutMs: number): Promise<RaftAnswer> {
    const { candidate, voter } = request;
    const partition = {
      partitionIndex: 0,
      replicaEpoch: request.epoch,
      replicaId: candidate.id,
      replicaDirectoryId: candidate.directoryId,
      voterDirectoryId: voter.directoryId,
      lastOffsetEpoch: request.lastEpoch,
      lastOffset: request.lastOffset,
      preVote: request.preVote,
    };
    const topics = [{ topicName: metadataTopicName, partitions: [partition] }];
    const response = await this.#client.send(to, vote, { clusterId: request.clusterId, voterId: voter.id, topics }, { channel, timeoutMs });
    const answer = only(response);
    return { type: 'vote', ...standing(answer, answer, response.nodeEndpoints), granted: answer.voteGranted };
  }

  async #quorumEpoch(
    to: Address,
    request: Extract<RaftRequest, { type: 'beginQuorumEpoch' | 'endQuorumEpoch' }>,
    timeoutMs: number,
  ): Promise<RaftAnswer> {
    const { clusterId, epoch: leaderEpoch, leaderId } = request;
    const leaderEndpoints = [{ name: listenerName, ...this.#advertised }];
    const options = { channel, timeoutMs };
    if (request.type === 'beginQuorumEpoch') {
      const { id: voterId, directoryId: voterDirectoryId } = request.voter;
      const topics = [{ topicName: metadataTopicName, partitions: [{ partitionIndex: 0, voterDirectoryId, leaderId, leaderEpoch }] }];
      const response = await this.#client.send(to, beginQuorumEpoch, { clusterId, voterId, topics, leaderEndpoints }, options);
      const answer = only(response);
      return { type: request.type, ...standing(answer, answer, response.nodeEndpoints) };
    }
    const preferredCandidates = request.preferred.map(({ id, directoryId }) => ({ candidateId: id, candidateDirectoryId: directoryId }));
    const preferredSuccessors = request.preferred.map(({ id }) => id);
    const partition = { partitionIndex: 0, leaderId, leaderEpoch, preferredCandidates, preferredSuccessors };
    const topics = [{ topicName: metadataTopicName, partitions: [partition] }];
    const response = await this.#client.send(to, endQuorumEpoch, { clusterId, topics, leaderEndpoints }, options);
    const answer = only(response);
    return { type: request.type, ...standing(answer, answer, response.nodeEndpoints) };
  }

  async #fetch(to: Address, request: FetchMessage, timeoutMs: number): Promise<FetchAnswer> {
    const partition = {
      partition: 0,
      currentLeaderEpoch: request.epoch,
      fetchOffset: request.fetchOffset,
      lastFetchedEpoch: request.lastFetchedEpoch,
      partitionMaxBytes: maxFetchBytes,
      replicaDirectoryId: request.replica.directoryId,
      highWatermark: request.highWatermark,
    };
    const response = await this.#client.send(
      to,
      fetch,
      {
        clusterId: request.clusterId,
        replicaState: { replicaId: request.replica.id },
        maxWaitMs: request.maxWaitMs,
        minBytes: 0,
        maxBytes: maxFetchBytes,
        topics: [{ topic: metadataTopicName, topicId: metadataTopicId, partitions: [partition] }],
        forgottenTopicsData: [],
      },
      { channel: fetchChannel, timeoutMs },
    );
    return readFetch(response);
  }

  async #fetchSnapshot(to: Address, request: FetchSnapshotMessage, timeoutMs: number): Promise<FetchSnapshotAnswer> {
    const partition = {
      partition: 0,
      currentLeaderEpoch: request.epoch,
      snapshotId: request.snapshot,
      position: BigInt(request.position),
      replicaDirectoryId: request.replica.directoryId,
    };
    const response: FetchSnapshotResponse = await this.#client.send(
      to,
      fetchSnapshot,
      {
        clusterId: request.clusterId,
        replicaId: request.replica.id,
        maxBytes: maxSnapshotBytes,
        topics: [{ name: metadataTopicName, partitions: [partition] }],
      },
      { channel: fetchChannel, timeoutMs },
    );
    const answer = only(response);
    return {
      type: 'fetchSnapshot',
      ...standing(answer, answer.currentLeader, response.nodeEndpoints),
      snapshot: answer.snapshotId,
      position: Number(answer.position),
      size: Number(answer.size),
      bytes: answer.unalignedRecords,
    };
  }

  async #updateVoter(to: Address, request: UpdateVoterMessage, timeoutMs: number): Promise<RaftAnswer> {
    const { address, directoryId, id } = request.voter;
    const response = await this.#client.send(
      to,
      updateRaftVoter,
      {
        clusterId: request.clusterId,
        currentLeaderEpoch: request.epoch,
        voterId: id,
        voterDirectoryId: directoryId,
        listeners: [{ name: listenerName, ...address }],
        kRaftVersionFeature: kRaftVersions,
      },
      { channel, timeoutMs },
    );
    const { host, leaderEpoch, leaderId, port } = response.currentLeader;
    const leaderAddress = leaderId >= 0 ? { host, port } : undefined;
    return { type: 'updateVoter', error: response.errorCode, epoch: leaderEpoch, leaderId, leaderAddress, message: null };
  }

  async #ask(to: Address, timeoutMs: number): Promise<AskAnswer> {
    const options = { channel, timeoutMs };
    const { clusterId } = await this.#client.send(
      to,
      describeCluster,
      { includeClusterAuthorizedOperations: false, endpointType: 1 },
      options,
    );
    if (clusterId !== '') return { type: 'ask', clusterId, self: undefined, knows: [] };
    const topics = [{ topicName: metadataTopicName, partitions: [{ partitionIndex: 0 }] }];
    const response = await this.#client.send(to, describeQuorum, { topics }, options);
    const [first, ...others] = (response.topics[0]?.partitions[0]?.observers ?? []).map(
      ({ replicaId, replicaDirectoryId }): ReplicaKey => ({ id: replicaId, directoryId: replicaDirectoryId }),
    );
    const listener = response.nodes.find(({ nodeId }) => nodeId === first?.id)?.listeners[0];
    const self =
      first === undefined || listener === undefined ? undefined : { ...first, address: { host: listener.host, port: listener.port } };
    return { type: 'ask', clusterId: undefined, self, knows: others };
  }
}

/** The answer for the one partition that was asked for. */
function only<P>(response: { readonly errorCode: string; readonly topics: readonly { readonly partitions: readonly P[] }[] }): P {
  const partition = response.topics[0]?.partitions[0];
  if (partition === undefined) {
    throw new KafkaError(
      response.errorCode === 'NONE' ? 'INVALID_REQUEST' : (response.errorCode as 'NONE'),
      'The answer has no partition.',
    );
  }
  return partition;
}

function standing(
  { errorCode: error }: { readonly errorCode: Standing['error'] },
  { leaderEpoch: epoch, leaderId }: { readonly leaderEpoch: number; readonly leaderId: number },
  endpoints: readonly Endpoint[],
): Standing {
  const endpoint = endpoints.find(({ nodeId }) => nodeId === leaderId);
  return { error, epoch, leaderId, leaderAddress: endpoint && { host: endpoint.host, port: endpoint.port } };
}

function readFetch(response: FetchResponse): FetchAnswer {
  const partition = response.responses[0]?.partitions[0];
  if (partition === undefined) {
    throw new KafkaError(response.errorCode === 'NONE' ? 'INVALID_REQUEST' : response.errorCode, 'The answer has no partition.');
  }
  const { divergingEpoch, snapshotId } = partition;
  const bytes = partition.records ?? Buffer.alloc(0);
  const batches = [...batchesIn(bytes)];
  const size = batches.reduce((sum, batch) => sum + batch.sizeInBytes, 0);
  return {
    type: 'fetch',
    ...standing(partition, partition.currentLeader, response.nodeEndpoints),
    highWatermark: partition.highWatermark,
    logStartOffset: partition.logStartOffset,
    ...(divergingEpoch.epoch >= 0 && { diverging: divergingEpoch }),
    ...(snapshotId.epoch >= 0 && { snapshot: snapshotId }),
    batches: describeBatches(batches),
    bytes: bytes.subarray(0, size),
  };
}
