import type { Disk } from '#platform';
import { parseFormation } from './formation-file.ts';
import { malformed, readChecked, removeFile, writeChecked } from './small-files.ts';
import type { EpochEnd, FormationState } from './types.ts';

const repairFile = 'metadata-repair.json';

/** What a broker remembers while its metadata log is repaired. */
export interface Repair {
  /** The epoch it was in, and at least where its flushed log ended: see repair.ts. */
  readonly promised: EpochEnd;
  /** The damaged log may not be out of the way yet. */
  readonly settingAside: boolean;
  /** What went with the damaged log's directory and has to be written again. */
  readonly formation: FormationState | undefined;
}

/** Reads `metadata-repair.json` of a data directory; undefined when nothing is repaired. @throws Error naming the file when it is damaged */
export function readRepair(disk: Disk, root: string): Repair | undefined {
  const path = `${root}/${repairFile}`;
  const state = readChecked(disk, path);
  if (state === undefined) return undefined;
  const { endOffset, epoch, formation, settingAside } = state;
  if (typeof endOffset !== 'string' || !/^\d+$/.test(endOffset) || !Number.isInteger(epoch) || typeof settingAside !== 'boolean') {
    throw malformed(path, 'a field is missing');
  }
  return {
    promised: { epoch: epoch as number, endOffset: BigInt(endOffset) },
    settingAside,
    formation: formation === undefined ? undefined : parseFormation(path, formation as Record<string, unknown>),
  };
}

/** Durable when the promise resolves; undefined removes it. */
export async function writeRepair(disk: Disk, root: string, repair: Repair | undefined): Promise<void> {
  if (repair === undefined) {
    await removeFile(disk, root, repairFile);
    return;
  }
  const { formation, promised, settingAside } = repair;
  const content = { epoch: promised.epoch, endOffset: String(promised.endOffset), settingAside };
  await writeChecked(disk, `${root}/${repairFile}`, formation === undefined ? content : { ...content, formation });
}
