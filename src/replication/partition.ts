import assert from 'node:assert/strict';
import type { Clock, Logger } from '#platform';
import { batchesIn, KafkaError } from '#protocol';
import { type AppendInfo, NoSpaceError, type PartitionLog } from '#storage';
import { CommitWaiters } from './commit-waiters.ts';

export type IsolationLevel = 'read_uncommitted' | 'read_committed';

/** After a flush that found the disk full. */
const fullDiskPauseMs = 500;
const noBytes = Buffer.alloc(0);

/** What a leader answers to a produce that it has appended. */
export interface Appended {
  readonly info: AppendInfo;
  /** Resolves when the records may be acknowledged under acks=all; rejects when that will not happen here. */
  readonly committed: Promise<void> | undefined;
}

/** What a fetch found, at one moment. */
export interface Fetched {
  readonly records: Buffer;
  readonly highWatermark: bigint;
  readonly lastStableOffset: bigint;
  readonly logStartOffset: bigint;
  /** The transactions to be left out of what was found, the oldest first; null unless the reader asked for committed records only. */
  readonly abortedTransactions: AbortedTransactions | null;
}

type AbortedTransactions = readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
const noTransactions: AbortedTransactions = [];

/**
 * This broker's replica of one partition. With a single replica the leader's own disk is the whole ISR: the high watermark is
 * what has been flushed there, and nothing at or beyond it is acknowledged under acks=all nor shown to a reader.
 */
export class Partition {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
  readonly log: PartitionLog;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #waiters = new CommitWaiters();
  readonly #watchers = new Set<() => void>();
  #leaderEpoch: number | undefined;
  /** Counts what was decided about the leadership: a leader that was still preparing when it was called off does not begin. */
  #decisions = 0;
  #highWatermark: bigint;
  #flushing = false;
  #closed = false;

  constructor(options: { topic: string; topicId: string; index: number; log: PartitionLog; clock: Clock; logger: Logger }) {
    this.topic = options.topic;
    this.topicId = options.topicId;
    this.index = options.index;
    this.log = options.log;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#highWatermark = options.log.logStartOffset;
  }

  get name(): string {
    return `${this.topic}-${this.index}`;
  }

  /** The epoch in which this broker leads, or undefined when it does not. */
  get leaderEpoch(): number | undefined {
    return this.#leaderEpoch;
  }

  get highWatermark(): bigint {
    return this.#highWatermark;
  }

  /** Below it no transaction is open and all is committed; a read_committed reader stops here. */
  get lastStableOffset(): bigint {
    const unstable = this.log.firstUnstableOffset;
    return unstable !== undefined && unstable < this.#highWatermark ? unstable : this.#highWatermark;
  }

  /** Whether producers wait for an acknowledgement here. */
  get hasWaiters(): boolean {
    return this.#waiters.size > 0;
  }

  /**
   * Starts a leadership, or goes on with it in a later epoch. All of the log is first made durable: what recovery found in the page
   * cache may not be on the disk, and readers are shown nothing that a power cut could still take. A {@link resign} meanwhile calls it off.
   */
  async becomeLeader(leaderEpoch: number): Promise<void> {
    assert(leaderEpoch >= (this.#leaderEpoch ?? -1), `${this.name}: leader epoch falls from ${this.#leaderEpoch} to ${leaderEpoch}`);
    const decision = ++this.#decisions;
    if (this.#leaderEpoch !== undefined) {
      this.#leaderEpoch = leaderEpoch;
      this.#wake();
      return;
    }
    await this.log.flush();
    if (decision !== this.#decisions || this.#closed) return;
    this.#leaderEpoch = leaderEpoch;
    this.#raiseHighWatermark();
    this.#wake();
  }

  resign(): void {
    this.#decisions++;
    if (this.#leaderEpoch === undefined) return;
    this.#leaderEpoch = undefined;
    this.#waiters.fail(new KafkaError('NOT_LEADER_OR_FOLLOWER', `${this.name} is no longer led by this broker`));
    this.#wake();
  }

  /**
   * Compares what a client believes of the leadership with what is so (KIP-320).
   * @param currentLeaderEpoch -1 for a client that does not say
   * @throws KafkaError NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH
   */
  checkLeader(currentLeaderEpoch = -1): void {
    if (this.#leaderEpoch === undefined || this.#closed) {
      throw new KafkaError('NOT_LEADER_OR_FOLLOWER', `${this.name} is not led by this broker`);
    }
    if (currentLeaderEpoch === -1) return;
    if (currentLeaderEpoch < this.#leaderEpoch) {
      throw new KafkaError(
        'FENCED_LEADER_EPOCH',
        `${this.name} is in leader epoch ${this.#leaderEpoch}, the request in ${currentLeaderEpoch}`,
      );
    }
    if (currentLeaderEpoch > this.#leaderEpoch) {
      throw new KafkaError(
        'UNKNOWN_LEADER_EPOCH',
        `${this.name} is in leader epoch ${this.#leaderEpoch}, the request already in ${currentLeaderEpoch}`,
      );
    }
  }

  /**
   * Appends a client's batch at once; durability follows.
   * @param acks -1: `committed` tells when the answer may leave; 0 and 1 do not wait
   * @param timeoutMs after which a waiting producer is told REQUEST_TIMED_OUT (the outcome is then unknown)
   * @throws KafkaError whatever the batch or the disk is refused for; then nothing was appended
   */
  append(records: Buffer, acks: number, timeoutMs: number): Appended {
    this.checkLeader();
    const info = this.log.append(records, { leaderEpoch: this.#leaderEpoch!, origin: 'client' });
    const committed =
      acks === -1 && info.lastOffset >= this.#highWatermark
        ? this.#waiters.add(info.lastOffset, this.#clock.monotonic() + timeoutMs)
        : undefined;
    this.#flush();
    return { info, committed };
  }

  /**
   * Whole batches from `fetchOffset` up to the high watermark, or the last stable offset. An offset beyond that which the log has
   * already reads nothing: a producer with acks=1 may know it before it is committed.
   * @param atLeastOne whether the first batch comes whole even beyond `maxBytes`
   * @throws KafkaError OFFSET_OUT_OF_RANGE below the log start or beyond the log end; that of {@link checkLeader} when the log was closed
   */
  async read(fetchOffset: bigint, maxBytes: number, isolationLevel: IsolationLevel, atLeastOne = true): Promise<Fetched> {
    const { log } = this;
    if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset) {
      throw new KafkaError(
        'OFFSET_OUT_OF_RANGE',
        `${this.name} holds offsets ${log.logStartOffset} to ${log.logEndOffset}, not ${fetchOffset}`,
      );
    }
    const highWatermark = this.#highWatermark;
    const lastStableOffset = this.lastStableOffset;
    const committedOnly = isolationLevel === 'read_committed';
    const upTo = committedOnly ? lastStableOffset : highWatermark;
    let records: Buffer = noBytes;
    if (fetchOffset < upTo && (atLeastOne || maxBytes > 0)) {
      try {
        const found = log.read(fetchOffset, maxBytes, upTo, atLeastOne);
        records = found instanceof Promise ? await found : found;
      } catch (error) {
        if (this.#closed) this.checkLeader();
        throw error;
      }
    }
    const abortedTransactions = committedOnly ? this.#abortedIn(records, fetchOffset) : null;
    return { records, highWatermark, lastStableOffset, logStartOffset: log.logStartOffset, abortedTransactions };
  }

  /**
   * Where a leader epoch ends in this log: the largest epoch not above it, and the offset after its last record. This broker's own
   * epoch counts from where it began, also when nothing was written in it yet. Undefined for an epoch after this one.
   */
  endOffsetForEpoch(epoch: number): { leaderEpoch: number; endOffset: bigint } | undefined {
    const { log } = this;
    const found = log.endOffsetForEpoch(epoch);
    if (found !== undefined) return found;
    const own = this.#leaderEpoch ?? -1;
    if (epoch < 0 || epoch > own) return undefined;
    return { leaderEpoch: epoch === own ? own : (log.lastEpoch ?? epoch), endOffset: log.logEndOffset };
  }

  /** Calls `callback` whenever a fetch may find more or something else than before. Returns how to stop that. */
  watch(callback: () => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  /**
   * DeleteRecords: moves the log start, durably.
   * @param offset -1 for all that is committed
   * @returns the log start offset
   * @throws KafkaError OFFSET_OUT_OF_RANGE; POLICY_VIOLATION for a topic whose records only compaction may remove
   */
  async deleteRecordsBefore(offset: bigint): Promise<bigint> {
    this.checkLeader();
    if (!this.log.config.cleanupPolicy.includes('delete'))
      throw new KafkaError('POLICY_VIOLATION', `${this.name}: records cannot be deleted where cleanup.policy lacks "delete"`);
    const target = offset === -1n ? this.#highWatermark : offset;
    if (target < 0n || target > this.#highWatermark) {
      throw new KafkaError(
        'OFFSET_OUT_OF_RANGE',
        `${this.name}: records can be deleted up to the high watermark ${this.#highWatermark}, not ${target}`,
      );
    }
    await this.log.incrementLogStartOffset(target);
    this.#wake();
    return this.log.logStartOffset;
  }

  /** Producers that have waited past their time are told so. Called now and then. */
  expireWaiters(): void {
    this.#waiters.expire(this.#clock.monotonic());
  }

  /** Ends it: the log is being closed or deleted. */
  close(error: KafkaError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#decisions++;
    this.#leaderEpoch = undefined;
    this.#waiters.fail(error);
    this.#wake();
  }

  /** One flush runs at a time; appends that come meanwhile go with the next. */
  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.log.flush().then(
      () => {
        this.#flushing = false;
        if (this.#closed) return;
        this.#raiseHighWatermark();
        if (this.log.flushedOffset < this.log.logEndOffset) this.#flush();
      },
      (error: unknown) => {
        this.#flushing = false;
        if (!this.#closed) this.#flushFailed(error);
      },
    );
  }

  /** A full disk passes: nothing was lost, and the flush is repeated. Anything else is final (S5). */
  #flushFailed(error: unknown): void {
    if (error instanceof NoSpaceError) {
      this.#flushing = true;
      this.#clock.after(fullDiskPauseMs, () => {
        this.#flushing = false;
        if (!this.#closed) this.#flush();
      });
      return;
    }
    this.#logger.error({ partition: this.name, error: String(error) }, 'flush failed: the partition goes offline');
    this.close(new KafkaError('KAFKA_STORAGE_ERROR', `${this.name}: the disk refused to make records durable`, { cause: error }));
  }

  #abortedIn(records: Buffer, fetchOffset: bigint): AbortedTransactions {
    if (records.length === 0 || this.log.abortedTransactions(fetchOffset, this.#highWatermark).length === 0) return noTransactions;
    let end = fetchOffset;
    for (const batch of batchesIn(records)) end = batch.lastOffset + 1n;
    return this.log
      .abortedTransactions(fetchOffset, end)
      .map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
      .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  }

  #raiseHighWatermark(): void {
    const flushed = this.log.flushedOffset;
    assert(flushed <= this.log.logEndOffset, `${this.name}: flushed ${flushed} beyond the end ${this.log.logEndOffset}`);
    if (flushed <= this.#highWatermark) return;
    this.#highWatermark = flushed;
    this.log.highWatermark = flushed;
    this.#waiters.release(flushed);
    this.#wake();
  }

  #wake(): void {
    for (const callback of this.#watchers) callback();
  }
}
