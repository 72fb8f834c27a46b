import type { AppendOrigin } from './producer-state.ts';

export interface AppendOptions {
  /** Of the leader that appends; stamped into the batches. */
  leaderEpoch: number;
  origin: Exclude<AppendOrigin, 'replication'>;
  /** For transaction markers: from 2 on a marker's epoch has to be above the producer's. */
  transactionVersion?: number;
  /** The batches carry the offsets they have to get: the first one the log's end. */
  requireOffsets?: boolean;
}

export interface AppendInfo {
  firstOffset: bigint;
  lastOffset: bigint;
  /** The time that was stamped, with message.timestamp.type=LogAppendTime; else -1. */
  logAppendTimeMs: number;
  logStartOffset: bigint;
  /** The batch is in the log already, at these offsets; nothing was appended. It may not be on disk yet: flush as for any other. */
  duplicate: boolean;
}
