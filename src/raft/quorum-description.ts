import type { DescribeQuorumRequest, DescribeQuorumResponseInput } from '#protocol/apis/describe-quorum.ts';
import { listenerName } from './control-records.ts';
import { metadataTopicName } from './metadata-log.ts';
import type { RaftNode } from './raft-node.ts';
import type { Progress } from './replica-progress.ts';
import type { LogView, ReplicaKey, Voter } from './types.ts';
import { sameReplica } from './voters.ts';

type PartitionDescription = DescribeQuorumResponseInput['topics'][number]['partitions'][number];
type ReplicaDescription = PartitionDescription['currentVoters'][number];

/**
 * The answer to DescribeQuorum. The leader tells of voters and observers; others say that they do not lead. Before the cluster is
 * formed a broker names itself as the first observer, with its address, and then those that it has found: so brokers find each other.
 */
export function describeQuorum(
  request: DescribeQuorumRequest,
  node: RaftNode,
  log: LogView,
  self: Voter,
  now: { readonly wall: number; readonly monotonic: number },
): DescribeQuorumResponseInput {
  const isForUs = request.topics.every(
    ({ topicName, partitions }) => topicName === metadataTopicName && partitions.every((one) => one.partitionIndex === 0),
  );
  if (!isForUs || request.topics.length === 0) {
    const partitions = [{ ...empty(node), errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' as const }];
    const topics = request.topics.map(({ topicName }) => ({ topicName, partitions }));
    return { errorCode: 'NONE', errorMessage: null, topics, nodes: [] };
  }
  const described = node.clusterId === undefined ? describeBlank(node, self) : describeFormed(node, log, self, now);
  return {
    errorCode: 'NONE',
    errorMessage: null,
    topics: [{ topicName: metadataTopicName, partitions: [described.partition] }],
    nodes: described.nodes,
  };
}

interface Description {
  readonly partition: PartitionDescription;
  readonly nodes: NonNullable<DescribeQuorumResponseInput['nodes']>;
}

function empty(node: RaftNode): PartitionDescription {
  return {
    partitionIndex: 0,
    errorCode: 'NONE',
    errorMessage: null,
    leaderId: -1,
    leaderEpoch: node.epoch,
    highWatermark: -1n,
    currentVoters: [],
    observers: [],
  };
}

function describeBlank(node: RaftNode, self: Voter): Description {
  const observers = [self, ...node.found].map((replica) => describeReplica(replica, -1n));
  return { partition: { ...empty(node), observers }, nodes: [endpointsOf(self)] };
}

function describeFormed(
  node: RaftNode,
  log: LogView,
  self: Voter,
  now: { readonly wall: number; readonly monotonic: number },
): Description {
  const { leading } = node;
  const leaderId = node.leader?.id ?? -1;
  if (leading === undefined) return { partition: { ...empty(node), errorCode: 'NOT_LEADER_OR_FOLLOWER', leaderId }, nodes: [] };
  const wallTime = (monotonic: number) => BigInt(monotonic < 0 ? -1 : Math.round(now.wall - (now.monotonic - monotonic)));
  const progress = (replica: ReplicaKey, known: Progress | undefined): ReplicaDescription =>
    describeReplica(replica, known?.endOffset ?? -1n, wallTime(known?.lastFetchMs ?? -1), wallTime(known?.lastCaughtUpMs ?? -1));
  const currentVoters = node.voters.map((voter) =>
    sameReplica(voter, self)
      ? describeReplica(voter, log.endOffset, BigInt(Math.round(now.wall)), BigInt(Math.round(now.wall)))
      : progress(voter, leading.progress.of(voter)),
  );
  const observers = leading.progress.observers(node.voters, now.monotonic).map((known) => progress(known.replica, known));
  const { highWatermark } = node;
  return { partition: { ...empty(node), leaderId, highWatermark, currentVoters, observers }, nodes: node.voters.map(endpointsOf) };
}

function describeReplica(
  replica: ReplicaKey,
  logEndOffset: bigint,
  lastFetchTimestamp = -1n,
  lastCaughtUpTimestamp = -1n,
): ReplicaDescription {
  return { replicaId: replica.id, replicaDirectoryId: replica.directoryId, logEndOffset, lastFetchTimestamp, lastCaughtUpTimestamp };
}

function endpointsOf({ address, id }: Voter): Description['nodes'][number] {
  return { nodeId: id, listeners: [{ name: listenerName, host: address.host, port: address.port }] };
}
