import type { Disk, Logger } from '#platform';
import { batchesIn } from '#protocol';
import type { PartitionLog } from '#storage';
import { describeBatches } from './control-records.ts';
import { type SnapshotContent, SnapshotStore } from './snapshot-store.ts';
import { VoterHistory } from './voters.ts';

const readBytes = 4 * 1024 * 1024;

/** What a node finds when it starts. */
export interface RecoveredRaft {
  readonly snapshots: SnapshotStore;
  readonly voters: VoterHistory;
  /** The newest snapshot that is whole; the listeners begin with it. */
  readonly loaded: SnapshotContent | undefined;
}

/** Reads the snapshots and the voter sets of a metadata log. A log that ends before its snapshot starts anew at the snapshot's end. */
export async function recoverRaft(disk: Disk, directory: string, log: PartitionLog, logger: Logger): Promise<RecoveredRaft> {
  const snapshots = new SnapshotStore(disk, directory, logger);
  const loaded = await snapshots.loadLatest();
  if (loaded !== undefined && (log.logEndOffset < loaded.id.endOffset || isOfAnotherHistory(log, loaded))) {
    await log.truncateFullyAndStartAt(loaded.id.endOffset);
  }
  const voters = new VoterHistory();
  if (loaded !== undefined && loaded.voters.length > 0) voters.reset(loaded.voters);
  await readVoters(log, voters, loaded?.id.endOffset ?? 0n);
  return { snapshots, voters, loaded };
}

/** A crash may have come between the snapshot's arrival and the end of the log that it replaces. */
function isOfAnotherHistory(log: PartitionLog, { id }: SnapshotContent): boolean {
  return log.logStartOffset < id.endOffset && log.epochOf(id.endOffset - 1n) !== id.epoch;
}

/** Reads the whole log, though only what comes after the snapshot is of interest: so no damage in it goes unnoticed (R13). */
async function readVoters(log: PartitionLog, voters: VoterHistory, from: bigint): Promise<void> {
  let position = log.logStartOffset;
  while (position < log.logEndOffset) {
    const infos = describeBatches(batchesIn(await log.read(position, readBytes, log.logEndOffset)));
    for (const info of infos) {
      if (info.voters !== undefined && info.baseOffset >= from) voters.append(info.voters.offset, info.voters.voters);
      position = info.lastOffset + 1n;
    }
  }
}
