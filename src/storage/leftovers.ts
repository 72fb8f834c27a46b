import type { Disk } from '#platform';
import { scanBatches } from './batch-scan.ts';
import {
  cleanedSuffix,
  deletedSuffix,
  freshSuffix,
  offsetOfFileName,
  type SegmentSuffix,
  segmentFileName,
  swapSuffix,
  temporarySuffix,
  truncatedSuffix,
} from './file-names.ts';

const segmentSuffixes: readonly SegmentSuffix[] = ['.log', '.index', '.timeindex', '.txnindex', '.snapshot'];

/**
 * Brings what a stop left half-done in a partition's directory to its end: removes what was never finished, and puts a cleaner's
 * finished copies in the place of the segments they were made from. Doing it again, or only half, changes nothing.
 */
export async function resolveLeftovers(disk: Disk, directory: string): Promise<void> {
  const names = disk.list(directory);
  const cleaned = names.map((name) => offsetOfFileName(name, `.log${cleanedSuffix}`)).filter((offset) => offset !== undefined);
  const firstCleaned = cleaned.reduce<bigint | undefined>(
    (least, offset) => (least === undefined || offset < least ? offset : least),
    undefined,
  );
  for (const name of names) {
    if ([cleanedSuffix, temporarySuffix, freshSuffix].some((suffix) => name.endsWith(suffix))) disk.remove(`${directory}/${name}`);
  }
  const swaps = names.map((name) => offsetOfFileName(name, `.log${swapSuffix}`)).filter((offset) => offset !== undefined);
  // A cleaner renames all of its copies before it removes an original: one that is still '.cleaned' says that no original is gone.
  const finished = swaps.filter((baseOffset) => firstCleaned === undefined || baseOffset < firstCleaned);
  for (const baseOffset of finished) removeOriginals(disk, directory, baseOffset);
  // The power may fail again: a copy must not have its name while an original may come back beside it.
  if (finished.length > 0) await disk.syncDirectory(directory);
  for (const baseOffset of finished) {
    const path = `${directory}/${segmentFileName(baseOffset, '.log')}`;
    disk.rename(path + swapSuffix, path);
  }
  for (const name of disk.list(directory)) if (name.endsWith(swapSuffix)) disk.remove(`${directory}/${name}`);
}

/** All but the log of the same name, which the copy's takes the place of. */
function removeOriginals(disk: Disk, directory: string, baseOffset: bigint): void {
  const path = `${directory}/${segmentFileName(baseOffset, '.log')}`;
  const file = disk.open(path + swapSuffix, 'read');
  const { nextOffset } = scanBatches(
    file,
    { from: 0, to: file.size, expectedOffset: baseOffset, checkCrc: false, gaps: true },
    () => undefined,
  );
  file.close();
  for (const name of disk.list(directory)) {
    const offset = offsetOfFileName(name, '.log');
    if (offset === undefined || offset <= baseOffset || offset >= nextOffset) continue;
    for (const suffix of segmentSuffixes) disk.remove(`${directory}/${segmentFileName(offset, suffix)}`);
  }
  for (const suffix of ['.index', '.timeindex', '.txnindex'] as const) {
    const derived = `${directory}/${segmentFileName(baseOffset, suffix)}`;
    if (disk.stat(derived + swapSuffix)) disk.rename(derived + swapSuffix, derived);
    else disk.remove(derived);
  }
}

/**
 * Removes the files of segments that were let go, by retention or truncation. Only once the checkpoints agree with that on disk: until then
 * these names explain to a recovery why offsets are missing.
 */
export function removeDeletedFiles(disk: Disk, directory: string): void {
  for (const name of disk.list(directory)) {
    if (name.endsWith(deletedSuffix) || name.endsWith(truncatedSuffix)) disk.remove(`${directory}/${name}`);
  }
}
