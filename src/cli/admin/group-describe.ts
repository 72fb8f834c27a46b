import {
  type DescribedGroup,
  exactJson,
  type GroupOffset,
  type GroupOverview,
  hostOnly,
  overviewAsJson,
  overviewOf,
  type TopicPartition,
} from '#client';
import { counted } from '../counted.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { AdminFlags } from './admin-flags.ts';
import { table } from './table.ts';
import { forEachGroup, withCluster } from './with-cluster.ts';

export interface DescribeFlags extends AdminFlags {
  members?: boolean;
  state?: boolean;
}

/** `group describe`: how far a group has come in each partition, how far behind it is, and who reads what. */
export async function groupDescribe(names: readonly string[], flags: DescribeFlags): Promise<ExitCode> {
  await withCluster(flags, async (cluster) => {
    const found: GroupOverview[] = [];
    try {
      await forEachGroup(cluster, names, async (groupId) => {
        found.push(await overviewOf(cluster, groupId));
      });
    } finally {
      process.stdout.write(flags.json ? `${exactJson(found.map(overviewAsJson))}\n` : found.map((each) => asText(each, flags)).join('\n'));
    }
  });
  return exitCodes.ok;
}

function asText({ group, offsets }: GroupOverview, { members, state }: DescribeFlags): string {
  const parts = [headingOf(group)];
  if (members) parts.push(membersAsText(group));
  if (!members && !state) parts.push(offsetsAsText(offsets));
  return parts.join('');
}

function headingOf({ groupId, type, state, members, coordinator, assignor }: DescribedGroup): string {
  const how = assignor === '' ? '' : `, assignor ${assignor}`;
  return `${groupId}: ${type} group, ${state}, ${counted(members.length, 'member')}, coordinator ${coordinator}${how}\n`;
}

/** A row per partition; a dash where there is nothing, a question mark for what could not be told. */
function offsetsAsText(offsets: readonly GroupOffset[]): string {
  const rows = offsets.map(({ topic, partition, currentOffset, logEndOffset, lag, lagMs, member }) => [
    topic,
    String(partition),
    currentOffset === null ? '-' : String(currentOffset),
    logEndOffset === null ? '?' : String(logEndOffset),
    lag === null ? (currentOffset === null ? '-' : '?') : String(lag),
    lagMs === null ? (currentOffset === null ? '-' : '?') : secondsAsText(lagMs),
    member?.memberId ?? '-',
    member === null ? '-' : hostOnly(member.host),
    member?.clientId ?? '-',
  ]);
  const headers = ['TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG', 'LAG-SECONDS', 'MEMBER', 'HOST', 'CLIENT'];
  return table(headers, rows, '  ');
}

function membersAsText({ members }: DescribedGroup): string {
  const rows = members.map(({ memberId, instanceId, host, clientId, epoch, partitions }) => [
    memberId,
    instanceId ?? '-',
    hostOnly(host),
    clientId,
    epoch === null ? '-' : String(epoch),
    partitions === null ? '?' : String(partitions.length),
    partitions === null ? '?' : placesAsText(partitions),
  ]);
  return table(['MEMBER', 'INSTANCE', 'HOST', 'CLIENT', 'EPOCH', 'PARTITIONS', 'ASSIGNMENT'], rows, '  ');
}

/** orders(0,1) payments(2) */
function placesAsText(partitions: readonly TopicPartition[]): string {
  if (partitions.length === 0) return '-';
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic);
  return [...byTopic].map(([topic, those]) => `${topic}(${those.map(({ partition }) => partition).join(',')})`).join(' ');
}

function secondsAsText(ms: number): string {
  return ms === 0 ? '0' : (ms / 1000).toFixed(3);
}
