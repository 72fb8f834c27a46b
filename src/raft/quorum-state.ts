import type { Disk } from '#platform';
import { zeroUuid } from '#protocol';
import { malformed, readChecked, readJson, writeChecked } from './small-files.ts';
import type { ElectionState } from './types.ts';

const quorumStateFile = 'quorum-state';
const copyFile = 'metadata-election.json';

/** Where a broker keeps what it has promised. */
export interface ElectionPlace {
  readonly disk: Disk;
  /** The data directory. */
  readonly root: string;
  /** The metadata log's directory in it. */
  readonly directory: string;
}

/** What was found of the election state. */
export interface FoundElection {
  /** Undefined: this broker has promised nothing yet. */
  readonly election: ElectionState | undefined;
  /** There is no `quorum-state` where one has been. */
  readonly isMissing: boolean;
  /** Why one of the two files was not used, for people. */
  readonly damage: string | undefined;
}

/**
 * The epoch a node is in, whom it voted for and who leads: in Kafka's file `quorum-state` (JSON, data_version 1), and, as that has no checksum and
 * goes with the metadata log's directory, once more with one in the data directory. The copy is written second, so nothing was promised that
 * it does not tell; `quorum-state` counts when it tells more, as it does after a crash in between or when Apache Kafka has used the directory.
 * @throws Error naming the file when neither can be used
 */
export function readElection({ disk, directory, root }: ElectionPlace): FoundElection {
  const path = `${directory}/${quorumStateFile}`;
  const main = attempt(() => parse(path, readJson(disk, path)));
  const copy = attempt(() => parse(`${root}/${copyFile}`, readChecked(disk, `${root}/${copyFile}`)));
  if (copy.damage !== undefined) {
    if (main.election === undefined) throw main.damage ?? copy.damage;
    return { election: main.election, isMissing: false, damage: copy.damage.message };
  }
  if (main.damage !== undefined) {
    if (copy.election === undefined) throw main.damage;
    return { election: copy.election, isMissing: false, damage: main.damage.message };
  }
  if (main.election === undefined) return { election: copy.election, isMissing: copy.election !== undefined, damage: undefined };
  const tellsMore = copy.election === undefined || isLater(main.election, copy.election);
  return { election: tellsMore ? main.election : copy.election, isMissing: false, damage: undefined };
}

/** Durable, in both places, when the promise resolves. */
export async function writeElection({ disk, directory, root }: ElectionPlace, election: ElectionState): Promise<void> {
  const state = {
    leaderId: election.leaderId,
    leaderEpoch: election.epoch,
    votedId: election.votedFor?.id ?? -1,
    votedDirectoryId: election.votedFor?.directoryId ?? zeroUuid,
    data_version: 1,
  };
  await disk.replace(`${directory}/${quorumStateFile}`, Buffer.from(JSON.stringify(state)));
  await writeChecked(disk, `${root}/${copyFile}`, state);
}

function attempt(read: () => ElectionState | undefined): { election?: ElectionState | undefined; damage?: Error } {
  try {
    return { election: read() };
  } catch (error) {
    return { damage: error as Error };
  }
}

function parse(path: string, state: Record<string, unknown> | undefined): ElectionState | undefined {
  if (state === undefined) return undefined;
  const { leaderEpoch, leaderId, votedId, votedDirectoryId = zeroUuid } = state;
  if (!Number.isInteger(leaderEpoch) || !Number.isInteger(leaderId) || !Number.isInteger(votedId) || typeof votedDirectoryId !== 'string') {
    throw malformed(path, 'a field is missing');
  }
  const votedFor = (votedId as number) < 0 ? undefined : { id: votedId as number, directoryId: votedDirectoryId };
  return { epoch: leaderEpoch as number, leaderId: leaderId as number, votedFor };
}

function isLater(a: ElectionState, b: ElectionState): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.votedFor !== undefined && b.votedFor === undefined);
}
