import { type Disk, silentLogger } from '#platform';
import { batchesIn } from '#protocol';
import { describeBatches } from './control-records.ts';
import { SnapshotStore } from './snapshot-store.ts';
import type { Voter } from './types.ts';

/** The newest voter set that can still be read in a damaged metadata log's directory; empty when there is none. Changes nothing. */
export async function readableVoters(disk: Disk, directory: string): Promise<readonly Voter[]> {
  if (disk.stat(directory) === undefined) return [];
  let voters = await votersOfSnapshots(new SnapshotStore(disk, directory, silentLogger));
  const segments = disk.list(directory).filter((name) => name.endsWith('.log'));
  try {
    for (const name of segments.sort()) {
      for (const batch of batchesIn(disk.readFile(`${directory}/${name}`))) {
        for (const info of describeBatches([batch])) voters = info.voters?.voters ?? voters;
      }
    }
  } catch {
    // As far as it can be read, and no further.
  }
  return voters;
}

async function votersOfSnapshots(snapshots: SnapshotStore): Promise<readonly Voter[]> {
  for (const id of [...snapshots.ids].reverse()) {
    try {
      return (await snapshots.read(id)).voters;
    } catch {
      // Damaged; perhaps the one before it is not.
    }
  }
  return [];
}
