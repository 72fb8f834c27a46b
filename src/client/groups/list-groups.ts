import { KafkaError } from '#protocol';
import { consumerGroupDescribe } from '#protocol/apis/consumer-group-describe.ts';
import { describeGroups } from '#protocol/apis/describe-groups.ts';
import { listGroups } from '#protocol/apis/list-groups.ts';
import { eachOf, isPassing, tryAgain } from '../again.ts';
import type { Cluster } from '../cluster.ts';
import { readMetadata } from '../metadata.ts';

export interface ListedGroup {
  readonly groupId: string;
  /** As Kafka names it, in small letters: classic, consumer, share, streams. */
  readonly type: string;
  readonly state: string;
  readonly protocolType: string;
  /** The broker that looks after it. */
  readonly coordinator: number;
  /** How many; null when that cannot be told. */
  readonly members: number | null;
}

const brokersAtOnce = 8;

/** All groups of a cluster, sorted by name. @throws KafkaError, NetworkError when a broker cannot tell of its groups */
export async function listAllGroups(cluster: Cluster): Promise<ListedGroup[]> {
  const groups = await tryAgain(cluster, 'read', async () => {
    const { brokers } = await readMetadata(cluster, []);
    return (await eachOf([...brokers.keys()], brokersAtOnce, (broker) => groupsOf(cluster, broker))).flat();
  });
  // While a coordinator moves, two brokers may tell of a group.
  return [...new Map(groups.map((group) => [group.groupId, group])).values()].sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
}

async function groupsOf(cluster: Cluster, broker: number): Promise<ListedGroup[]> {
  const { errorCode, groups } = await cluster.send(broker, listGroups, { statesFilter: [], typesFilter: [] });
  if (errorCode !== 'NONE') throw new KafkaError(errorCode, `the groups of broker ${broker}`);
  const listed = groups.map(({ groupId, protocolType, groupState, groupType }) => ({
    groupId,
    type: groupType === '' ? 'classic' : groupType.toLowerCase(),
    state: groupState,
    protocolType,
    coordinator: broker,
  }));
  const counts = await membersOf(cluster, broker, listed);
  return listed.map((group) => ({ ...group, members: counts.get(group.groupId) ?? null }));
}

/** Asks for all groups of a kind at once. A group that has gone meanwhile is not among the counts. */
async function membersOf(
  cluster: Cluster,
  broker: number,
  groups: readonly { readonly groupId: string; readonly type: string }[],
): Promise<Map<string, number>> {
  const idsOf = (type: string) => groups.filter((group) => group.type === type).map(({ groupId }) => groupId);
  const [classic, consumer] = [idsOf('classic'), idsOf('consumer')];
  const described = [
    ...(classic.length === 0 ? [] : (await cluster.send(broker, describeGroups, { groups: classic })).groups),
    ...(consumer.length === 0
      ? []
      : (await cluster.send(broker, consumerGroupDescribe, { groupIds: consumer, includeAuthorizedOperations: false })).groups),
  ];
  const moved = described.find(({ errorCode }) => errorCode !== 'GROUP_ID_NOT_FOUND' && isPassing(errorCode));
  if (moved !== undefined) throw new KafkaError(moved.errorCode, `group ${moved.groupId}`);
  return new Map(described.filter(({ errorCode }) => errorCode === 'NONE').map(({ groupId, members }) => [groupId, members.length]));
}
