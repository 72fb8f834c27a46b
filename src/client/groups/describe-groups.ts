import { decodeMessageAt, type ErrorName, KafkaError } from '#protocol';
import { type ConsumerGroupDescribeResponse, consumerGroupDescribe } from '#protocol/apis/consumer-group-describe.ts';
import { type DescribeGroupsResponse, describeGroups } from '#protocol/apis/describe-groups.ts';
import { consumerProtocolAssignment } from '#protocol/stored/consumer-protocol-assignment.ts';
import type { Cluster } from '../cluster.ts';
import { askCoordinator } from '../coordinator.ts';
import type { TopicPartition } from '../metadata.ts';

export interface GroupMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly host: string;
  /** Of a consumer group. */
  readonly epoch: number | null;
  /** What it has been given; null when that is told in a protocol that is not the consumers'. */
  readonly partitions: readonly TopicPartition[] | null;
}

export interface DescribedGroup {
  readonly groupId: string;
  readonly type: 'classic' | 'consumer';
  /** As Kafka names it: Stable, Empty, ... */
  readonly state: string;
  /** The broker that looks after it. */
  readonly coordinator: number;
  /** Empty when there is none (yet). */
  readonly assignor: string;
  readonly members: readonly GroupMember[];
}

/** One group, of whichever protocol. @throws KafkaError GROUP_ID_NOT_FOUND; NetworkError */
export async function describeGroup(cluster: Cluster, groupId: string): Promise<DescribedGroup> {
  return (await describeConsumerGroup(cluster, groupId)) ?? describeClassicGroup(cluster, groupId);
}

/** Undefined when it is not a consumer group, or the cluster knows none (before Kafka 4.0). */
async function describeConsumerGroup(cluster: Cluster, groupId: string): Promise<DescribedGroup | undefined> {
  try {
    const { response, coordinator } = await askCoordinator(
      cluster,
      groupId,
      consumerGroupDescribe,
      { groupIds: [groupId], includeAuthorizedOperations: false },
      ({ groups }) => groups[0]!,
    );
    const found = response.groups[0]!;
    if (found.errorCode === 'GROUP_ID_NOT_FOUND' || found.errorCode === 'UNSUPPORTED_VERSION') return undefined;
    return consumerGroupOf(check(found), coordinator);
  } catch (error) {
    if (error instanceof KafkaError && error.errorName === 'UNSUPPORTED_VERSION') return undefined;
    throw error;
  }
}

async function describeClassicGroup(cluster: Cluster, groupId: string): Promise<DescribedGroup> {
  const { response, coordinator } = await askCoordinator(
    cluster,
    groupId,
    describeGroups,
    { groups: [groupId] },
    ({ groups }) => groups[0]!,
  );
  const found = check(response.groups[0]!);
  // Before version 6 a group that is not there is dead.
  if (found.groupState === 'Dead') throw notFound(groupId);
  return classicGroupOf(found, coordinator);
}

function consumerGroupOf(
  { groupId, groupState, assignorName, members }: ConsumerGroupDescribeResponse['groups'][number],
  coordinator: number,
): DescribedGroup {
  return {
    groupId,
    type: 'consumer',
    state: groupState,
    coordinator,
    assignor: assignorName,
    members: members.map(({ memberId, instanceId, clientId, clientHost, memberEpoch, assignment }) => ({
      memberId,
      instanceId,
      clientId,
      host: clientHost,
      epoch: memberEpoch,
      partitions: assignment.topicPartitions.flatMap(({ topicName, partitions }) =>
        partitions.map((partition) => ({ topic: topicName, partition })),
      ),
    })),
  };
}

function classicGroupOf(
  { groupId, groupState, protocolType, protocolData, members }: DescribeGroupsResponse['groups'][number],
  coordinator: number,
): DescribedGroup {
  return {
    groupId,
    type: 'classic',
    state: groupState,
    coordinator,
    assignor: protocolData,
    members: members.map(({ memberId, groupInstanceId, clientId, clientHost, memberAssignment }) => ({
      memberId,
      instanceId: groupInstanceId,
      clientId,
      host: clientHost,
      epoch: null,
      partitions: protocolType === 'consumer' ? readAssignment(memberAssignment) : null,
    })),
  };
}

/** What the leader of a classic group wrote for a member; empty while the group is rebalancing. */
function readAssignment(bytes: Buffer): TopicPartition[] | null {
  if (bytes.length === 0) return [];
  try {
    const version = Math.min(bytes.readInt16BE(0), 3);
    const { assignedPartitions } = decodeMessageAt(consumerProtocolAssignment, version, bytes, 2).value;
    return assignedPartitions.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
  } catch {
    return null;
  }
}

function check<T extends { readonly groupId: string; readonly errorCode: ErrorName; readonly errorMessage: string | null }>(group: T): T {
  if (group.errorCode === 'GROUP_ID_NOT_FOUND') throw notFound(group.groupId);
  if (group.errorCode !== 'NONE') throw new KafkaError(group.errorCode, group.errorMessage ?? '');
  return group;
}

function notFound(groupId: string): KafkaError {
  return new KafkaError('GROUP_ID_NOT_FOUND', `there is no group ${groupId}`);
}
