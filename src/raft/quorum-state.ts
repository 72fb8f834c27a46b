import { type Disk, DiskError } from '#platform';
import { zeroUuid } from '#protocol';
import type { ElectionState, FormationState } from './types.ts';

const quorumStateFile = 'quorum-state';
const formationFile = 'formation.json';

/** A small file that only this program writes says something that it never writes. */
function malformed(path: string, why: string): Error {
  return new Error(`${path} is damaged (${why}). Nothing was changed. Restore it, or start this broker with an empty directory.`);
}

function readJson(disk: Disk, path: string): Record<string, unknown> | undefined {
  let text: string;
  try {
    text = disk.readFile(path).toString('utf8');
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw malformed(path, (error as Error).message);
  }
  throw malformed(path, 'no JSON object');
}

/** The epoch a node is in, whom it voted for and who leads, in Kafka's file `quorum-state` (JSON, data_version 1). */
export function readElection(disk: Disk, directory: string): ElectionState {
  const path = `${directory}/${quorumStateFile}`;
  const state = readJson(disk, path);
  if (state === undefined) return { epoch: 0, leaderId: -1, votedFor: undefined };
  const { leaderEpoch, leaderId, votedId, votedDirectoryId = zeroUuid } = state;
  if (!Number.isInteger(leaderEpoch) || !Number.isInteger(leaderId) || !Number.isInteger(votedId) || typeof votedDirectoryId !== 'string') {
    throw malformed(path, 'a field is missing');
  }
  const votedFor = (votedId as number) < 0 ? undefined : { id: votedId as number, directoryId: votedDirectoryId };
  return { epoch: leaderEpoch as number, leaderId: leaderId as number, votedFor };
}

/** Durable when the promise resolves. */
export function writeElection(disk: Disk, directory: string, election: ElectionState): Promise<void> {
  const state = {
    leaderId: election.leaderId,
    leaderEpoch: election.epoch,
    votedId: election.votedFor?.id ?? -1,
    votedDirectoryId: election.votedFor?.directoryId ?? zeroUuid,
    data_version: 1,
  };
  return disk.replace(`${directory}/${quorumStateFile}`, Buffer.from(JSON.stringify(state)));
}

/** What this broker has to remember of its formation; undefined when nothing. */
export function readFormation(disk: Disk, directory: string): FormationState | undefined {
  const path = `${directory}/${formationFile}`;
  const state = readJson(disk, path);
  if (state === undefined) return undefined;
  const { founded, named } = state;
  const isAddress = (value: unknown): value is { host: string; port: number } =>
    typeof value === 'object' &&
    value !== null &&
    'host' in value &&
    'port' in value &&
    typeof value.host === 'string' &&
    Number.isInteger(value.port);
  if (typeof founded !== 'boolean' || !Array.isArray(named) || !named.every(isAddress)) throw malformed(path, 'a field is missing');
  return { founded, named: named.map(({ host, port }) => ({ host, port })) };
}

/** Durable when the promise resolves; undefined removes it. */
export async function writeFormation(disk: Disk, directory: string, formation: FormationState | undefined): Promise<void> {
  const path = `${directory}/${formationFile}`;
  if (formation !== undefined) {
    await disk.replace(path, Buffer.from(JSON.stringify(formation)));
    return;
  }
  disk.remove(path);
  await disk.syncDirectory(directory);
}
