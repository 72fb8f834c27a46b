import { zeroUuid } from '#protocol';
import { type DescribeQuorumResponse, describeQuorum } from '#protocol/apis/describe-quorum.ts';
import { counted } from '../counted.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type AdminClient, withAdminClient } from './admin-client.ts';
import type { AdminFlags } from './admin-flags.ts';
import { kafkaFailure } from './kafka-failure.ts';
import { table } from './table.ts';

export const metadataTopic = '__cluster_metadata';

export type Quorum = DescribeQuorumResponse['topics'][number]['partitions'][number];
type Member = Quorum['currentVoters'][number];

/** `quorum describe`: who leads the metadata log, who votes on it, and how far everybody is. */
export async function quorumDescribe(flags: AdminFlags): Promise<ExitCode> {
  const quorum = await withAdminClient(flags, readQuorum);
  process.stdout.write(flags.json ? `${JSON.stringify(quorumAsJson(quorum))}\n` : quorumAsText(quorum));
  return exitCodes.ok;
}

/** @throws CliError when nobody leads it */
export async function readQuorum(client: AdminClient): Promise<Quorum & { readonly nodes: DescribeQuorumResponse['nodes'] }> {
  const response = await client.send(describeQuorum, { topics: [{ topicName: metadataTopic, partitions: [{ partitionIndex: 0 }] }] });
  if (response.errorCode !== 'NONE') throw kafkaFailure('The quorum', response.errorCode, response.errorMessage);
  const partition = response.topics[0]?.partitions[0];
  if (partition === undefined || partition.errorCode !== 'NONE')
    throw kafkaFailure('The quorum', partition?.errorCode ?? 'UNKNOWN_SERVER_ERROR', partition?.errorMessage);
  return { ...partition, nodes: response.nodes };
}

/** The leader's own view: one row per member, the leader first. Times are counted back from the leader's last, which is now. */
export function quorumAsText({ leaderId, leaderEpoch, highWatermark, currentVoters, observers }: Quorum): string {
  const heading = `Leader ${leaderId} in epoch ${leaderEpoch}; ${counted(currentVoters.length, 'voter')}, ${counted(observers.length, 'observer')}; committed up to offset ${highWatermark}\n`;
  const leader = currentVoters.find(({ replicaId }) => replicaId === leaderId);
  const end = leader?.logEndOffset ?? highWatermark;
  const row = (member: Member, role: string) => [
    String(member.replicaId),
    member.replicaId === leaderId ? 'leader' : role,
    String(member.logEndOffset),
    String(member.logEndOffset < 0n ? '?' : end - member.logEndOffset),
    agoOf(member.lastCaughtUpTimestamp, leader),
    member.replicaDirectoryId === zeroUuid ? '-' : member.replicaDirectoryId,
  ];
  const voters = [...currentVoters].sort(
    (a, b) => Number(b.replicaId === leaderId) - Number(a.replicaId === leaderId) || a.replicaId - b.replicaId,
  );
  const rows = [...voters.map((member) => row(member, 'voter')), ...observers.map((member) => row(member, 'observer'))];
  return heading + table(['NODE', 'ROLE', 'LOG END', 'LAG', 'CAUGHT UP', 'DIRECTORY'], rows, '  ');
}

function agoOf(timestamp: bigint, leader: Member | undefined): string {
  const now = leader?.lastCaughtUpTimestamp ?? -1n;
  if (timestamp < 0n || now < 0n) return '?';
  const ms = now - timestamp;
  return ms <= 0n ? 'now' : `${ms} ms ago`;
}

function quorumAsJson({ leaderId, leaderEpoch, highWatermark, currentVoters, observers }: Quorum): object {
  const member = ({ replicaId, replicaDirectoryId, logEndOffset, lastFetchTimestamp, lastCaughtUpTimestamp }: Member) => ({
    node: replicaId,
    directory: replicaDirectoryId,
    logEndOffset: Number(logEndOffset),
    lastFetchTimestamp: Number(lastFetchTimestamp),
    lastCaughtUpTimestamp: Number(lastCaughtUpTimestamp),
  });
  return {
    leader: leaderId,
    leaderEpoch,
    highWatermark: Number(highWatermark),
    voters: currentVoters.map(member),
    observers: observers.map(member),
  };
}
