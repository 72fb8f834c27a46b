import type { LogConfig } from './log-config.ts';
import type { Segment } from './segment.ts';

/**
 * How many of the oldest segments are beyond retention.ms or retention.bytes. None that holds an offset of `limit` (the high watermark) or
 * more counts; all of them may count, the active one too.
 */
export function segmentsBeyondRetention(
  segments: readonly Segment[],
  { config, now, limit, logEndOffset }: { config: LogConfig; now: number; limit: bigint; logEndOffset: bigint },
): number {
  if (!config.cleanupPolicy.includes('delete')) return 0;
  let excess = config.retentionBytes < 0 ? -1 : segments.reduce((bytes, segment) => bytes + segment.size, 0) - config.retentionBytes;
  let count = 0;
  for (const [index, segment] of segments.entries()) {
    const end = segments[index + 1]?.baseOffset ?? logEndOffset;
    if (end > limit || segment.size === 0) break;
    const newest = segment.maxTimestamp >= 0n ? Number(segment.maxTimestamp) : segment.createdMs;
    const tooOld = config.retentionMs >= 0 && now - newest > config.retentionMs;
    const tooMany = excess >= segment.size;
    if (!tooOld && !tooMany) break;
    excess -= segment.size;
    count++;
  }
  return count;
}
