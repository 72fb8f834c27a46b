import assert from 'node:assert/strict';
import type { Logger } from '#platform';
import { KafkaError } from '#protocol';
import type { PartitionLog } from '#storage';
import { type EpochEnd, truncationOffset } from './truncation.ts';

/** The leader's log lacks what this replica knows to be committed. Nothing was cut; somebody has to look. */
export class CommitsMissingError extends KafkaError {
  constructor(message: string) {
    super('KAFKA_STORAGE_ERROR', message);
    this.name = 'CommitsMissingError';
  }
}

export interface FollowerOptions {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly log: PartitionLog;
  readonly logger: Logger;
  /** Has somebody allowed that a replica which lacks records may lead this topic (unclean.leader.election.enable)? */
  readonly allowsUncleanLeaders: () => boolean;
  /** Readers of this replica may find more. */
  readonly onHighWatermark: () => void;
}

/** What a leader sent for the end of a follower's log. */
export interface Sent {
  readonly records: Buffer;
  readonly highWatermark: bigint;
  readonly logStartOffset: bigint;
}

/**
 * A replica that follows one leader in one epoch: takes over what it sends, and first of all gives up what it does not have. When a fetch has been answered
 * with records, or with none, this log is a prefix of the leader's (P9): only then does the high watermark rise.
 */
export class Follower {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly #options: FollowerOptions;
  readonly #log: PartitionLog;
  #isOver = false;
  /** All that this log has was copied after this time of the leader's letting deletions go. */
  #copiedSince = 0;

  constructor(options: FollowerOptions) {
    this.leaderId = options.leaderId;
    this.leaderEpoch = options.leaderEpoch;
    this.#options = options;
    this.#log = options.log;
  }

  /** The replica leads now, or follows another: what is still on its way from here must not touch the log any more. */
  end(): void {
    this.#isOver = true;
  }

  /**
   * Appends what the leader sent for the log's end. Durable only after {@link PartitionLog.flush}.
   * @throws KafkaError CORRUPT_MESSAGE, KAFKA_STORAGE_ERROR
   */
  append({ records, highWatermark, logStartOffset }: Sent): void {
    this.#assertCurrent();
    const log = this.#log;
    if (records.length > 0) log.appendAsFollower(records, logStartOffset);
    const committed = least(highWatermark, log.logEndOffset);
    if (committed > log.highWatermark) {
      log.highWatermark = committed;
      this.#options.onHighWatermark();
    }
    const start = least(logStartOffset, log.highWatermark);
    if (start > log.logStartOffset) void log.incrementLogStartOffset(start).catch(() => {}); // asked for again by the next fetch
  }

  /**
   * Cuts off what the leader does not have; durable when the promise resolves. What is below this replica's high watermark was committed, and no
   * leader that was elected cleanly lacks it: then something is very wrong, and nothing is cut. Unless the logs part in a gap that compaction has left in the leader's: it does not
   * know where in that the epoch ended. What is committed it has, as far as compaction has left it, and this log takes that over from the beginning.
   * @param isInGap the leader has no batch at the offset where the logs part
   * @throws CommitsMissingError
   */
  async truncate(parted: EpochEnd, { isInGap, logStartOffset }: { isInGap: boolean; logStartOffset: bigint }): Promise<void> {
    this.#assertCurrent();
    const log = this.#log;
    const offset = truncationOffset(log, parted);
    if (offset >= log.logEndOffset) return;
    if (isInGap && offset < log.highWatermark) return this.startAgainAt(logStartOffset);
    this.#checkTruncation(offset);
    this.#note('cutting off records that the leader does not have', { from: log.logEndOffset, to: offset });
    await log.truncateTo(offset);
  }

  /**
   * The leader's log has let deletions go that this one has not come to, `time` after time (see {@link LogCompaction.forgottenDeletions}): what they delete may be here,
   * and nobody would ever say that it is gone (S10). Then nothing of this log is of use. It does not have the deletions either, and says so to those who will
   * follow it.
   * @returns whether the log begins anew; else what the leader has sent can be appended
   */
  async lacksDeletions(time: number, before: bigint, logStartOffset: bigint): Promise<boolean> {
    this.#assertCurrent();
    const log = this.#log;
    const isEmpty = log.logStartOffset === log.logEndOffset;
    if (!isEmpty && time > this.#copiedSince) {
      await this.startAgainAt(logStartOffset);
      return true;
    }
    if (isEmpty) this.#copiedSince = Math.max(this.#copiedSince, time);
    if (before > log.compaction.forgottenDeletions.before) await log.compaction.forgetDeletions(before);
    return false;
  }

  /** The leader's log begins after this one ends: nothing of this one is needed any more. */
  startAgainAt(logStartOffset: bigint): Promise<void> {
    this.#assertCurrent();
    this.#note('the leader does not have all that follows on this log any more: starting again where its log begins', {
      from: this.#log.logEndOffset,
      to: logStartOffset,
    });
    return this.#log.truncateFullyAndStartAt(logStartOffset);
  }

  /** What is committed is cut by nobody (P1), unless somebody has allowed it, or the page cache was trusted and has forgotten. */
  #checkTruncation(offset: bigint): void {
    const { name, highWatermark, durability } = this.#log;
    if (offset >= highWatermark || durability === 'os' || this.#options.allowsUncleanLeaders()) return;
    throw new CommitsMissingError(
      `${name}: the log of its leader, broker ${this.leaderId}, parts from this one at ${offset}, below the high watermark ${highWatermark}: it lacks ` +
        'committed records. Nothing is cut here. If an unclean election was meant, set unclean.leader.election.enable=true for the topic.',
    );
  }

  #assertCurrent(): void {
    assert(!this.#isOver, `${this.#log.name} does not follow broker ${this.leaderId} in epoch ${this.leaderEpoch} any more`);
  }

  #note(message: string, { from, to }: { from: bigint; to: bigint }): void {
    const { leaderId, leaderEpoch } = this;
    this.#options.logger.info({ partition: this.#log.name, leaderId, leaderEpoch, from: String(from), to: String(to) }, message);
  }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
