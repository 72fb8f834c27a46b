import type { RaftContext } from './context.ts';

/** Is a log with this end at least as new as ours? Only then may its owner lead (R6). */
export function isUpToDate(context: RaftContext, lastEpoch: number, endOffset: bigint): boolean {
  const { log } = context;
  return lastEpoch > log.lastEpoch || (lastEpoch === log.lastEpoch && endOffset >= log.endOffset);
}
