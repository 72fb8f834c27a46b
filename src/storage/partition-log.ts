import assert from 'node:assert/strict';
import { KafkaError, type RecordBatch } from '#protocol';
import type { AppendInfo, AppendOptions } from './append.ts';
import { assertOffsets, checkSizes, prepareBatch, splitBatches, splitFetched } from './append-checks.ts';
import { type EpochEntry, writeEpochCheckpoint } from './checkpoint-files.ts';
import { LogCompaction } from './cleaner/log-compaction.ts';
import type { EpochCache } from './epoch-cache.ts';
import { DamagedLogError, NoSpaceError } from './errors.ts';
import { segmentFileName } from './file-names.ts';
import type { SyncSource, SyncWork } from './flusher.ts';
import { isCompacted, type LogConfig, segmentMsOf } from './log-config.ts';
import { LogFiles } from './log-files.ts';
import type { LogHost } from './log-host.ts';
import { LogReader, type TimestampedOffset } from './log-reader.ts';
import { LogStart } from './log-start.ts';
import { reloadProducers } from './producer-reload.ts';
import { encodeProducerSnapshot } from './producer-snapshot.ts';
import type { ProducerState, ProducerStates } from './producer-state.ts';
import { epochCheckpointFile, type RecoveredLog } from './recovery.ts';
import { segmentsBeyondRetention } from './retention.ts';
import type { Segment } from './segment.ts';
import { SyncProgress } from './sync-progress.ts';
import type { PartitionTail } from './tail-cache.ts';
import type { AbortedTransaction } from './transaction-index.ts';

export interface PartitionLogOptions {
  host: LogHost;
  directory: string;
  topic: string;
  partition: number;
  topicId: string;
  config: LogConfig;
  /**
   * A flush also writes down, durably, how far it got, so that a recovery can tell every damage of flushed bytes from a torn tail. For the
   * metadata log; it costs a second sync.
   */
  strict: boolean;
  /** All below was cleaned; undefined when the log is not known to have been compacted. */
  cleanedOffset: bigint | undefined;
  /** Below it deletions may be missing that compaction has let go; 0n when none are. */
  forgottenDeletionsBefore: bigint;
}

/**
 * One partition's log: segments of batches with dense offsets, the last one open for more. What changes it happens at once, in memory
 * and in the page cache; {@link flush} waits for the disk. All files are Kafka's.
 */
export class PartitionLog implements SyncSource {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  readonly directory: string;
  readonly strict: boolean;
  readonly compaction: LogCompaction;
  readonly #host: LogHost;
  readonly #tail: PartitionTail;
  readonly #reader: LogReader;
  #config: LogConfig;
  readonly #files: LogFiles;
  readonly #epochs: EpochCache;
  readonly #producers: ProducerStates;
  readonly #start: LogStart;
  readonly #synced: SyncProgress;
  #logEndOffset: bigint;
  #highWatermark: bigint;
  #failure: KafkaError | undefined;
  #closed = false;

  constructor(options: PartitionLogOptions, recovered: RecoveredLog) {
    this.topic = options.topic;
    this.partition = options.partition;
    this.topicId = options.topicId;
    this.directory = options.directory;
    this.strict = options.strict;
    this.#host = options.host;
    this.#config = options.config;
    this.#epochs = recovered.epochs;
    this.#producers = recovered.producers;
    this.#logEndOffset = recovered.logEndOffset;
    this.#highWatermark = recovered.logStartOffset;
    this.#tail = this.#host.cache.tail();
    const snapshot = () => encodeProducerSnapshot(this.#producers.snapshot());
    this.#files = new LogFiles({ host: this.#host, directory: this.directory, config: () => this.#config, snapshot }, recovered);
    this.#start = new LogStart({
      files: this.#files,
      offset: recovered.logStartOffset,
      save: () => this.#host.saveLogStartOffsets(),
      raised: (offset) => {
        this.#epochs.truncateFromStart(offset);
        if (this.#highWatermark < offset) this.#highWatermark = offset;
      },
      isUsable: () => this.#failure === undefined,
    });
    this.#synced = new SyncProgress({
      files: this.#files,
      strict: this.strict,
      syncedOffset: recovered.syncedOffset,
      logEndOffset: () => this.#logEndOffset,
      saveRecoveryPoints: () => this.#host.saveRecoveryPoints(),
    });
    this.#reader = new LogReader({
      segments: () => this.#files.segments,
      epochOf: (offset) => this.#epochs.epochOf(offset),
      damaged: (error) => this.noteDamage(error),
      gaps: () => this.compaction.hasGaps,
    });
    this.compaction = new LogCompaction({
      host: this.#host,
      files: this.#files,
      cleanedOffset: options.cleanedOffset ?? (isCompacted(options.config) ? recovered.logStartOffset : undefined),
      forgottenDeletionsBefore: options.forgottenDeletionsBefore,
      logStartOffset: () => this.logStartOffset,
      assertUsable: () => this.#assertUsable(),
      replaced: (end) => {
        // Records of aborted transactions, of which nothing is known from now on, are given to nobody any more.
        this.#reader.invalidate();
        if (end !== undefined) this.#tail.forgetBefore(end);
      },
    });
  }

  /** `orders-3` */
  get name(): string {
    return `${this.topic}-${this.partition}`;
  }

  get config(): LogConfig {
    return this.#config;
  }

  get logStartOffset(): bigint {
    return this.#start.offset;
  }

  /** The offset that the next record gets. */
  get logEndOffset(): bigint {
    return this.#logEndOffset;
  }

  /** Below it every record is on disk; with flush=os, that of the log's end, as nobody waits for the disk then. */
  get flushedOffset(): bigint {
    return this.durability === 'os' ? this.#logEndOffset : this.#synced.syncedOffset;
  }

  /** Below it every record was synced, whatever flush= says: from here on a crash may lose records. */
  get recoveryPoint(): bigint {
    return this.#synced.recoveryPoint;
  }

  /** What {@link flush} promises: 'fsync' that all is on disk, 'os' nothing beyond the operating system's page cache. */
  get durability(): 'fsync' | 'os' {
    return this.#config.flush;
  }

  /** Told by replication. Retention does not go beyond it, and transactions count as decided below it. */
  get highWatermark(): bigint {
    return this.#highWatermark;
  }

  set highWatermark(offset: bigint) {
    assert(offset <= this.#logEndOffset, `the high watermark of ${this.name} cannot be ${offset}: the log ends at ${this.#logEndOffset}`);
    this.#highWatermark = offset;
  }

  /**
   * The first offset whose transaction is open or decided above the high watermark; undefined when there is none. After a start it may be any
   * while the high watermark is still below what the snapshot of producers covers.
   */
  get firstUnstableOffset(): bigint | undefined {
    if (this.#highWatermark < this.#producers.completeFrom) return this.logStartOffset;
    return this.#producers.firstUnstableOffset(this.#highWatermark);
  }

  /** Read-committed consumers read up to here. */
  get lastStableOffset(): bigint {
    const unstable = this.firstUnstableOffset;
    return unstable !== undefined && unstable < this.#highWatermark ? unstable : this.#highWatermark;
  }

  /** The leader epoch of the last batches; undefined in a log that has none. */
  get lastEpoch(): number | undefined {
    return this.#epochs.latestEpoch;
  }

  get epochEntries(): readonly EpochEntry[] {
    return this.#epochs.entries;
  }

  /** Bytes of batches in all segments. */
  get size(): number {
    return this.#files.segments.reduce((bytes, segment) => bytes + segment.size, 0);
  }

  /** Why nothing can be done with this log any more; undefined while all is well. */
  get failure(): KafkaError | undefined {
    return this.#failure;
  }

  /** The base offsets of the segments, rising. */
  get segmentOffsets(): bigint[] {
    return this.#files.segments.map((segment) => segment.baseOffset);
  }

  /**
   * Appends a client's batch (one, whose header was checked), or what a coordinator or the metadata log's leader made (one or more).
   * Assigns offsets and stamps them. The buffer is copied and not kept.
   * @throws KafkaError MESSAGE_TOO_LARGE, INVALID_TIMESTAMP, INVALID_RECORD, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH,
   * KAFKA_STORAGE_ERROR (a {@link NoSpaceError} when the disk is full), ...: nothing was appended then
   */
  append(records: Buffer, options: AppendOptions): AppendInfo {
    this.#assertUsable();
    const { origin, leaderEpoch } = options;
    const now = this.#host.clock.now();
    const given = splitBatches(records);
    const first = given[0];
    if (!first) throw new KafkaError('INVALID_RECORD', 'There is no record batch to append');
    if (origin === 'client') {
      if (given.length > 1)
        throw new KafkaError('INVALID_RECORD', `A producer sends one record batch for a partition, not ${given.length}`);
      const duplicate = first.producerId < 0n ? undefined : this.#producers.duplicateOf(first);
      if (duplicate) return this.#duplicateInfo(duplicate);
    }
    for (const batch of given) if (batch.producerId >= 0n) this.#producers.check(batch, origin, options.transactionVersion);
    if (options.requireOffsets) assertOffsets(given, this.#logEndOffset);
    const bytes =
      origin === 'raft-leader'
        ? records
        : origin === 'client'
          ? prepareBatch(first, this.#config, now)
          : checkSizes(records, given, this.#config);
    if (bytes.length > this.#config.segmentBytes) {
      throw new KafkaError('RECORD_LIST_TOO_LARGE', `${bytes.length} bytes do not fit into a segment of ${this.#config.segmentBytes}`);
    }
    assert(leaderEpoch >= (this.lastEpoch ?? -1), `${this.name} was written in epoch ${this.lastEpoch}; epoch ${leaderEpoch} is over`);
    const stampTime = this.#config.messageTimestampType === 'LogAppendTime' && origin !== 'raft-leader';
    const firstOffset = this.#logEndOffset;
    const staged = this.#tail.stage(bytes);
    const batches = splitBatches(staged);
    let offset = firstOffset;
    for (const batch of batches) {
      batch.stamp(offset, leaderEpoch);
      if (stampTime) batch.stampLogAppendTime(now);
      offset = batch.lastOffset + 1n;
    }
    this.#write(staged, batches, now);
    return {
      firstOffset,
      lastOffset: offset - 1n,
      logAppendTimeMs: stampTime ? now : -1,
      logStartOffset: this.logStartOffset,
      duplicate: false,
    };
  }

  /**
   * Appends what the leader sent, as it is. An incomplete batch at the end is left out.
   * @param leaderLogStartOffset nothing below it is there any more: what this log holds of it need not be what the leader had
   * @throws KafkaError CORRUPT_MESSAGE when a batch is damaged or does not follow on the log's end, nothing was appended then (for a log without anything above
   * the leader's start see {@link LogStartWithinBatchError}); KAFKA_STORAGE_ERROR, some may have been appended then
   */
  appendAsFollower(records: Buffer, leaderLogStartOffset = 0n): AppendInfo {
    this.#assertUsable();
    if (isCompacted(this.#config)) this.compaction.expect();
    const now = this.#host.clock.now();
    const isEmpty = this.logStartOffset === this.#logEndOffset || leaderLogStartOffset >= this.#logEndOffset;
    const batches = splitFetched(records, {
      logEndOffset: this.#logEndOffset,
      lastEpoch: this.lastEpoch ?? -1,
      gaps: this.compaction.hasGaps,
      isEmpty,
    });
    const firstOffset = batches[0]?.baseOffset ?? this.#logEndOffset;
    for (let next = 0; next < batches.length; ) {
      const from = next;
      let bytes = 0;
      // As many as go into one segment; each piece of the tail cache and each write is one run of batches.
      do bytes += batches[next++]!.sizeInBytes;
      while (next < batches.length && this.#files.active.size + bytes + batches[next]!.sizeInBytes <= this.#config.segmentBytes);
      const start = batches[from]!.position;
      const staged = this.#tail.stage(records.subarray(start, start + bytes));
      this.#write(staged, splitBatches(staged), now);
    }
    return {
      firstOffset,
      lastOffset: this.#logEndOffset - 1n,
      logAppendTimeMs: -1,
      logStartOffset: this.logStartOffset,
      duplicate: false,
    };
  }

  /**
   * Resolves when all that was appended before the call is on disk; with flush=os at once.
   * @throws KafkaError KAFKA_STORAGE_ERROR when it cannot be; the directory is offline then
   */
  flush(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.durability === 'os' || this.#synced.isClean) return Promise.resolve();
    return this.#host.flusher.flush(this);
  }

  /**
   * Whole batches, starting with the one that holds `fetchOffset`, without copying when they are in the tail cache; else from the file, with
   * every checksum verified. The first comes whole even beyond `maxBytes`, so that a consumer always moves on (KIP-74), unless
   * `atLeastOne` is false. The log end offset is a legal `fetchOffset` and reads nothing.
   * @param maxBytes bytes of batches, their headers included
   * @param upTo batches that hold this offset or a later one are left out
   * @throws KafkaError OFFSET_OUT_OF_RANGE outside logStartOffset..logEndOffset; KAFKA_STORAGE_ERROR when the file is damaged
   */
  read(fetchOffset: bigint, maxBytes: number, upTo: bigint, atLeastOne = true): Buffer | Promise<Buffer> {
    if (this.#failure) throw this.#failure;
    if (fetchOffset < this.logStartOffset || fetchOffset > this.#logEndOffset) {
      throw new KafkaError(
        'OFFSET_OUT_OF_RANGE',
        `${this.name} holds offsets ${this.logStartOffset} to ${this.#logEndOffset}, not ${fetchOffset}`,
      );
    }
    if (fetchOffset >= upTo || fetchOffset === this.#logEndOffset) return Buffer.alloc(0);
    return this.#tail.read(fetchOffset, maxBytes, upTo, atLeastOne) ?? this.#readFile(fetchOffset, maxBytes, upTo, atLeastOne);
  }

  /** Where a leader epoch ends: the largest known epoch not above it, and the offset after its last record. Undefined when it is unknown. */
  endOffsetForEpoch(epoch: number): { leaderEpoch: number; endOffset: bigint } | undefined {
    return this.#epochs.endOffsetFor(epoch, this.#logEndOffset);
  }

  /** The leader epoch that wrote an offset; undefined when that lies before the first known one. */
  epochOf(offset: bigint): number | undefined {
    return this.#epochs.epochOf(offset);
  }

  /** The first record whose timestamp is not below the given one; undefined when there is none. */
  offsetForTimestamp(timestamp: bigint): Promise<TimestampedOffset | undefined> {
    return this.#reader.offsetForTimestamp(timestamp, this.logStartOffset);
  }

  /** The first record that has the greatest timestamp; undefined in an empty log. */
  offsetOfMaxTimestamp(): Promise<TimestampedOffset | undefined> {
    return this.#reader.offsetOfMaxTimestamp(this.logStartOffset);
  }

  /** The idempotent and transactional producers that are remembered. */
  activeProducers(): ProducerState[] {
    return [...this.#producers.producers];
  }

  /** Has this producer a transaction open that began in this epoch? */
  hasOpenTransaction(producerId: bigint, producerEpoch: number): boolean {
    const state = this.#producers.get(producerId);
    return state !== undefined && state.producerEpoch === producerEpoch && state.currentTxnFirstOffset >= 0n;
  }

  /** Is this batch, of an idempotent producer, a repeat of one that is in the log? */
  holds(batch: RecordBatch): boolean {
    return this.#producers.duplicateOf(batch) !== undefined;
  }

  knowsProducer(producerId: bigint): boolean {
    return this.#producers.get(producerId) !== undefined;
  }

  /** Transactions that were aborted and have records between the two offsets, in order of their markers. */
  abortedTransactions(from: bigint, upTo: bigint): AbortedTransaction[] {
    const found: AbortedTransaction[] = [];
    for (const segment of this.#files.segments) {
      for (const one of segment.abortedTransactions) if (one.lastOffset >= from && one.firstOffset < upTo) found.push(one);
    }
    return found;
  }

  /**
   * Removes all records from `offset` on, at once for readers; a batch that holds `offset` goes whole. When the promise resolves the
   * truncation survives a crash: wait for it before anything else is appended, so that a crash in between is told from damage.
   */
  truncateTo(offset: bigint): Promise<void> {
    this.#assertUsable();
    if (offset >= this.#logEndOffset) {
      // An emptied log still knows the epoch of its last records, which the leader may not have.
      this.#epochs.truncateFromEnd(offset);
      // What one before it has begun may not be on disk yet.
      return this.#files.isSettled ? Promise.resolve() : this.#host.flusher.flush(this);
    }
    if (offset < this.logStartOffset) return this.truncateFullyAndStartAt(offset);
    this.#assertMayCut(offset);
    const index = this.#files.segments.findLastIndex((segment) => segment.baseOffset <= offset);
    const { position, baseOffset } = this.#reader.positionOf(this.#files.segments[index]!, offset);
    // The log may begin within a batch; when that goes, what is left of it goes too.
    if (baseOffset < this.logStartOffset) return this.truncateFullyAndStartAt(this.logStartOffset);
    this.#files.truncate(index, baseOffset, position);
    this.#logEndOffset = baseOffset;
    this.#epochs.truncateFromEnd(baseOffset);
    this.#tail.truncateTo(baseOffset);
    reloadProducers(this.#producers, this.#files, baseOffset, this.#host.clock.now());
    return this.#truncated();
  }

  /** Removes all records; the next one gets `offset`. See {@link truncateTo} for when to go on. */
  truncateFullyAndStartAt(offset: bigint): Promise<void> {
    this.#assertUsable();
    this.#assertMayCut(-1n);
    this.#files.startAgainAt(offset);
    this.#start.startAgainAt(offset);
    this.#logEndOffset = offset;
    this.#highWatermark = offset;
    this.#epochs.clear();
    this.#tail.clear();
    this.#files.dropSnapshotsAbove(undefined);
    this.#producers.reset(offset, this.#host.clock.now());
    return this.#truncated();
  }

  /**
   * Raises the log's start (DeleteRecords): records below are not read any more. When the promise resolves that survives a crash.
   * @throws KafkaError OFFSET_OUT_OF_RANGE above the high watermark
   */
  async incrementLogStartOffset(offset: bigint): Promise<void> {
    if (offset > this.#highWatermark) {
      throw new KafkaError(
        'OFFSET_OUT_OF_RANGE',
        `${this.name} cannot begin at ${offset}, above its high watermark ${this.#highWatermark}`,
      );
    }
    await this.#raiseLogStart(offset);
  }

  /** Lets go of all records below `offset`, which a snapshot holds; the metadata log's own way of retention. */
  deletePrefix(offset: bigint): Promise<void> {
    assert(offset <= this.#logEndOffset, `${this.name} ends at ${this.#logEndOffset}, before ${offset}`);
    return this.#raiseLogStart(offset);
  }

  updateConfig(config: LogConfig): void {
    this.#config = config;
    if (isCompacted(config)) this.compaction.expect();
  }

  /** Whether these segments are all still there and on disk. */
  holdsSegments(segments: readonly Segment[]): boolean {
    return this.#failure === undefined && this.#files.holds(segments);
  }

  /** Lets go of segments that are too old or too many, none of them above the high watermark. Answers with how many went. */
  async applyRetention(now: number): Promise<number> {
    if (this.#failure || this.#closed) return 0;
    this.#producers.expire(now, this.#config.producerIdExpirationMs);
    const scope = { config: this.#config, now, limit: this.#highWatermark, logEndOffset: this.#logEndOffset };
    let beyond = segmentsBeyondRetention(this.#files.segments, scope);
    if (beyond === this.#files.segments.length && !this.#rollForRetention(now)) beyond--;
    const start = this.#files.segments[beyond]!.baseOffset;
    if (beyond > 0 && start > this.logStartOffset) await this.#raiseLogStart(start, { evenIfFull: true });
    else this.#start.removeUnused();
    return beyond;
  }

  /** Starts another segment when the active one is older than segment.ms, so that retention can take it although nothing is appended. */
  rollIfDue(now: number): boolean {
    if (this.#failure || this.#closed) return false;
    const { active } = this.#files;
    if (active.size === 0 || active.age(BigInt(Math.trunc(now)), now) <= segmentMsOf(this.#config) - active.rollJitterMs) return false;
    this.#roll(now);
    return true;
  }

  /** Starts another segment, unless the active one is empty. */
  roll(): void {
    this.#assertUsable();
    this.#roll(this.#host.clock.now());
  }

  /** Puts everything on disk, derived files included, and closes all files. */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (!this.#failure) {
      const hasFiles = this.#files.prepareClose(this.#logEndOffset);
      if (hasFiles || !this.#synced.isClean) await this.#host.flusher.flush(this);
      await this.saveEpochs();
    }
    this.halt();
  }

  /** Closes all files as they are. */
  halt(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#files.close();
    this.#tail.clear();
    this.#failure ??= new KafkaError('KAFKA_STORAGE_ERROR', `The log ${this.name} is closed`);
  }

  /** Writes the epoch checkpoint when it differs from what is there. */
  async saveEpochs(): Promise<void> {
    if (!this.#epochs.dirty || this.#closed) return;
    const epochs = this.#epochs;
    epochs.dirty = false;
    try {
      await writeEpochCheckpoint(this.#host.disk, `${this.directory}/${epochCheckpointFile}`, epochs.entries);
    } catch (error) {
      epochs.dirty = true;
      // A closed log's directory may have got another name.
      if (!this.#closed) throw error;
    }
  }

  /** For the {@link Flusher}: all that has to be put on disk. */
  beginSync(): SyncWork {
    // Deleted or closed while its round was waiting for its turn: its directory may have got another name.
    if (this.#closed) return { prepare: undefined, files: [], mark: undefined, done: () => {} };
    return this.#synced.begin();
  }

  #write(staged: Buffer, batches: readonly RecordBatch[], now: number): void {
    const before = this.#files.active;
    let segment: Segment;
    try {
      segment = this.#files.append(staged, batches, now, this.#logEndOffset);
    } catch (error) {
      this.#tail.discard();
      throw error;
    }
    this.#tail.commit(batches);
    for (const batch of batches) {
      // Where compaction has taken away what was between, the epoch may have begun there: rather that than too late.
      this.#epochs.assign(batch.partitionLeaderEpoch, this.#logEndOffset);
      this.#logEndOffset = batch.lastOffset + 1n;
      const aborted = this.#producers.apply(batch, now);
      if (aborted) segment.abortedTransactions.push(aborted);
    }
    if (segment !== before) this.#syncRolled();
  }

  #roll(now: number): void {
    const before = this.#files.active;
    this.#files.roll(this.#logEndOffset, now);
    if (this.#files.active !== before) this.#syncRolled();
  }

  /** Nobody waits for it: it writes the closed segment's indexes and moves the recovery point on. */
  #syncRolled(): void {
    this.#host.flusher.flush(this).then(
      () => this.#host.saveRecoveryPoints().catch(() => {}),
      () => {},
    );
  }

  async #truncated(): Promise<void> {
    this.#reader.invalidate();
    this.compaction.truncatedTo(this.#logEndOffset);
    if (this.#highWatermark > this.#logEndOffset) {
      const { name: partition } = this;
      const offsets = { from: String(this.#highWatermark), to: String(this.#logEndOffset) };
      this.#host.log.warn({ partition, ...offsets }, 'the log was truncated below its high watermark');
      this.#highWatermark = this.#logEndOffset;
    }
    this.#synced.truncatedTo(this.#logEndOffset);
    await this.#host.flusher.flush(this);
  }

  /** On a full disk there may be no room for another file, while the old segments still can go. */
  #rollForRetention(now: number): boolean {
    try {
      this.#roll(now);
      return true;
    } catch (error) {
      if (error instanceof NoSpaceError) return false;
      throw error;
    }
  }

  async #raiseLogStart(offset: bigint, options?: { evenIfFull: boolean }): Promise<void> {
    this.#assertUsable();
    await this.#start.raise(offset, options);
  }

  async #readFile(fetchOffset: bigint, maxBytes: number, upTo: bigint, atLeastOne: boolean): Promise<Buffer> {
    const bytes = await this.#reader.read(fetchOffset, maxBytes, upTo, atLeastOne);
    // Undefined: the log was truncated meanwhile, and the offset may not be there any more.
    return bytes ?? this.read(fetchOffset, maxBytes, upTo, atLeastOne);
  }

  #duplicateInfo({ lastOffset, offsetDelta, timestamp }: { lastOffset: bigint; offsetDelta: number; timestamp: bigint }): AppendInfo {
    return {
      firstOffset: lastOffset - BigInt(offsetDelta),
      lastOffset,
      logAppendTimeMs: this.#config.messageTimestampType === 'LogAppendTime' ? Number(timestamp) : -1,
      logStartOffset: this.logStartOffset,
      duplicate: true,
    };
  }

  /**
   * To be called when a leadership is known: no record can be of a later epoch, and the epoch of a batch is not in its checksum. At the end of a log nothing
   * else shows that it is wrong (S3).
   * @throws DamagedLogError
   */
  checkEpoch(leaderEpoch: number): void {
    const { lastEpoch = -1 } = this;
    if (lastEpoch <= leaderEpoch) return;
    const path = `${this.directory}/${segmentFileName(this.#files.segments.at(-1)!.baseOffset, '.log')}`;
    const error = new DamagedLogError(
      path,
      `${path} is damaged: its last records are of leader epoch ${lastEpoch}, which has not begun; it is ${leaderEpoch}`,
    );
    this.noteDamage(error);
    throw error;
  }

  /** While a cleaner's copy takes its place on disk, nothing of it may go; that takes as long as three syncs of the directory. */
  #assertMayCut(offset: bigint): void {
    if (this.#files.isArrivingAbove(offset))
      throw new KafkaError('KAFKA_STORAGE_ERROR', `${this.name} cannot be truncated to ${offset} while a cleaned segment takes its place`);
  }

  #assertUsable(): void {
    if (this.#failure) throw this.#failure;
    this.#host.assertOnline();
  }

  /** Somebody has found the log damaged: nothing can be done with it any more. */
  noteDamage(error: DamagedLogError): void {
    this.#failure ??= error;
    this.#host.log.error({ partition: this.name, file: error.path }, error.message);
  }
}
