import { batchesIn } from '#protocol';
import type { Partition } from '#replication';

/**
 * Where compaction has taken away the records in which a leader epoch ended, a log that was copied says rather too early than too late where that was (see {@link EpochCache}): at
 * the beginning of the gap. Somebody who has read, or copied, what was in the gap has not parted from this log for that.
 * @param offset where the log says that an epoch ended
 * @returns the offset of the next record, when there is a gap before it
 */
export async function gapEndAt(offset: bigint, { log }: Partition): Promise<bigint | undefined> {
  if (!log.compaction.hasGaps || offset < log.logStartOffset || offset >= log.logEndOffset) return undefined;
  const [next] = batchesIn(Buffer.from(await log.read(offset, 1, log.logEndOffset)));
  return next === undefined || next.baseOffset <= offset ? undefined : next.baseOffset;
}
