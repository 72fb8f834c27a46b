import type { PartitionLog } from '#storage';

/** Where an epoch ends in the leader's log: the largest of its epochs not above the asked one, and the offset after its last record. */
export interface EpochEnd {
  readonly epoch: number;
  readonly endOffset: bigint;
}

/**
 * Where a follower has to cut its log after the leader has said that the two have parted: behind what both have of the largest epoch that they have in common.
 * When the leader names an epoch that this log does not have, everything of later epochs goes, and the next fetch asks again with what is
 * the last epoch then; so two quick failovers are gone through step by step (KIP-101, KIP-279).
 * @returns an offset not above the log's end
 */
export function truncationOffset(log: Pick<PartitionLog, 'endOffsetForEpoch' | 'logEndOffset'>, { epoch, endOffset }: EpochEnd): bigint {
  const own = log.endOffsetForEpoch(epoch);
  const candidates = [log.logEndOffset, endOffset];
  if (own !== undefined) {
    candidates.push(own.endOffset);
    // Of an epoch that only the leader has, its end says nothing about this log.
    if (own.leaderEpoch !== epoch) candidates.splice(1, 1);
  }
  return candidates.reduce((least, offset) => (offset < least ? offset : least));
}
