import type { Clock, Disk, Logger, Random } from '#platform';
import type { KafkaError } from '#protocol';
import type { Flusher } from './flusher.ts';
import type { TailCache } from './tail-cache.ts';

/** What a log needs of the directory it lives in. */
export interface LogHost {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random;
  readonly flusher: Flusher;
  readonly cache: TailCache;
  /** @throws KafkaError KAFKA_STORAGE_ERROR when the directory is offline */
  assertOnline(): void;
  /** Takes what a disk operation threw. No space is told by a NoSpaceError; all else takes the directory offline. Answers with what to throw. */
  diskFailed(error: unknown, path: string): KafkaError;
  /** Writes epoch checkpoints and recovery points durably. */
  saveRecoveryPoints(): Promise<void>;
  /** Writes where logs start durably. */
  saveLogStartOffsets(): Promise<void>;
  /** Writes durably how far logs were cleaned, and which may have gaps. */
  saveCleanedOffsets(): Promise<void>;
  /** Writes durably which deletions compaction has let go. */
  saveForgottenDeletions(): Promise<void>;
  /** Writes high watermarks durably. */
  saveHighWatermarks(): Promise<void>;
}
