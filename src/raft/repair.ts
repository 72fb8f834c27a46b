import type { EpochEnd, LogView } from './types.ts';

/** What the leader of the present epoch last told a follower. */
export interface HeardOfLeader {
  readonly epoch: number;
  readonly highWatermark: bigint;
  /** It had no more records than the follower, which has flushed all of its own. */
  readonly hadNoMore: boolean;
}

/**
 * Does a log that was damaged, and copied again from leaders, hold all that its owner had promised? The reasons stand in docs/internals/raft.md,
 * "Repair". A record of the present leader's own epoch must be committed here, so that nothing which earlier leaders committed is missing. The
 * leader must know of nothing committed beyond our end. And what was acknowledged to this very leader before the damage must be here again.
 * @param promised the epoch this node was in, and where its flushed log ended, when the damage was found
 * @param highWatermark ours: all below it is flushed here
 */
export function isRepaired(promised: EpochEnd, log: LogView, highWatermark: bigint, leader: HeardOfLeader): boolean {
  if (highWatermark < leader.highWatermark || log.lastEpoch !== leader.epoch) return false;
  const earlier = log.endOffsetForEpoch(leader.epoch - 1);
  const isAllInSnapshot = highWatermark === log.startOffset && log.epochBeforeStart === leader.epoch;
  if (highWatermark <= earlier.endOffset && !isAllInSnapshot) return false;
  return leader.epoch > promised.epoch || leader.hadNoMore || log.flushedOffset >= promised.endOffset;
}
