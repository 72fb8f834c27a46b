import type { Cluster } from '../cluster.ts';
import { nameOf, type TopicPartition } from '../metadata.ts';
import { type DescribedGroup, describeGroup, type GroupMember } from './describe-groups.ts';
import { hostOnly } from './in-use.ts';
import { type Lag, lagOf } from './lag.ts';
import { byPlace, committedOffsets } from './offsets.ts';

/** How far a group has come in a partition, and who reads it. */
export interface GroupOffset extends Lag {
  /** null where nothing was committed yet. */
  readonly currentOffset: bigint | null;
  readonly metadata: string | null;
  readonly member: GroupMember | null;
}

export interface GroupOverview {
  readonly group: DescribedGroup;
  /** All partitions that are committed or that a member has, sorted. */
  readonly offsets: readonly GroupOffset[];
}

/** All there is to tell of a group. @throws KafkaError GROUP_ID_NOT_FOUND; NetworkError */
export async function overviewOf(cluster: Cluster, groupId: string): Promise<GroupOverview> {
  const group = await describeGroup(cluster, groupId);
  return { group, offsets: await offsetsOf(cluster, group) };
}

async function offsetsOf(cluster: Cluster, { groupId, members }: DescribedGroup): Promise<GroupOffset[]> {
  const committed = new Map((await committedOffsets(cluster, groupId)).map((each) => [nameOf(each), each]));
  const owners = new Map(members.flatMap((member) => (member.partitions ?? []).map((place) => [nameOf(place), member] as const)));
  const places = new Map<string, TopicPartition>();
  for (const { topic, partition } of [...committed.values(), ...members.flatMap(({ partitions }) => partitions ?? [])])
    places.set(nameOf({ topic, partition }), { topic, partition });
  const sorted = [...places.values()].sort(byPlace);
  const lags = await lagOf(
    cluster,
    sorted.map((place) => ({ ...place, offset: committed.get(nameOf(place))?.offset ?? null })),
  );
  return lags.map((lag) => {
    const found = committed.get(nameOf(lag));
    return { ...lag, currentOffset: found?.offset ?? null, metadata: found?.metadata ?? null, member: owners.get(nameOf(lag)) ?? null };
  });
}

/** For programs, as HTTP and the command line give it. */
export function overviewAsJson({ group, offsets }: GroupOverview): object {
  const lags = offsets.map(({ lag }) => lag).filter((lag) => lag !== null);
  const delays = offsets.map(({ lagMs }) => lagMs).filter((lagMs) => lagMs !== null);
  return {
    ...groupAsJson(group),
    lag: lags.reduce((sum, lag) => sum + lag, 0n),
    lagSeconds: delays.length === 0 ? null : Math.max(...delays) / 1000,
    offsets: offsets.map(offsetAsJson),
  };
}

export function groupAsJson({ groupId, type, state, coordinator, assignor, members }: DescribedGroup): object {
  return {
    group: groupId,
    type,
    state,
    coordinator,
    assignor: assignor || null,
    members: members.map(({ memberId, instanceId, clientId, host, epoch, partitions }) => ({
      member: memberId,
      instance: instanceId,
      client: clientId,
      host: hostOnly(host),
      epoch,
      partitions,
    })),
  };
}

function offsetAsJson({ topic, partition, currentOffset, logEndOffset, lag, lagMs, metadata, member }: GroupOffset): object {
  return {
    topic,
    partition,
    currentOffset,
    logEndOffset,
    lag,
    lagSeconds: lagMs === null ? null : lagMs / 1000,
    metadata,
    member: member?.memberId ?? null,
  };
}
