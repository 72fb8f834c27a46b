import type { EpochEnd, LogView } from './types.ts';

/**
 * Does a log that was damaged, and copied again from leaders, hold all that its owner had promised? The reasons stand in docs/internals/raft.md,
 * "Repair". A record of the present leader's own epoch must be committed here, so that nothing which earlier leaders committed is missing; the
 * leader must know of nothing committed beyond our end; and the log must not end before the one that was lost.
 * @param promised the epoch this node was in, and where its flushed log ended, when the damage was found
 * @param highWatermark ours: all below it is flushed here
 * @param leaderHighWatermark as the leader of `epoch` last told it
 */
export function isRepaired(promised: EpochEnd, log: LogView, epoch: number, highWatermark: bigint, leaderHighWatermark: bigint): boolean {
  if (highWatermark < leaderHighWatermark || log.lastEpoch !== epoch) return false;
  const earlier = log.endOffsetForEpoch(epoch - 1);
  const isAllInSnapshot = highWatermark === log.startOffset && log.epochBeforeStart === epoch;
  if (highWatermark <= earlier.endOffset && !isAllInSnapshot) return false;
  return epoch > promised.epoch || log.flushedOffset >= promised.endOffset;
}
