import assert from 'node:assert/strict';
import type { Clock, Logger } from '#platform';
import { KafkaError, RecordBatch } from '#protocol';
import type { AppendInfo, AppendOptions, PartitionLog } from '#storage';
import { CommitWaiters } from './commit-waiters.ts';
import { FlushLoop } from './flush-loop.ts';
import { Follower } from './follower.ts';
import type { CommittedIsr, IsrProposal } from './isr-state.ts';
import { type FollowerFetch, Leader, type Leadership, type LeaderView, type LogEnds } from './leader.ts';
import { type Fetched, readLog, type Wanted } from './read-log.ts';
import type { TopicTraffic } from './topic-traffic.ts';
import { TransactionalAppends, type TransactionalProducer, type Verification } from './transactional-appends.ts';
import type { EpochEnd } from './truncation.ts';

/** What a leader answers to a produce that it has appended. */
export interface Appended {
  readonly info: AppendInfo;
  /** Resolves when the records may be acknowledged under acks=all; rejects when that will not happen here. */
  readonly committed: Promise<void> | undefined;
}

/** Whom a replica follows. */
export interface Following {
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

/** What a partition needs of its broker. */
export interface PartitionHost extends LeaderView {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where what goes in and out is counted, together with the topic's other partitions. */
  readonly traffic: TopicTraffic;
  /** Asks the controller for another in-sync set; its answer comes through {@link Partition.isrAccepted} or {@link Partition.isrRefused}. */
  proposeIsr(partition: Partition, proposal: IsrProposal): void;
  /** unclean.leader.election.enable of the topic. */
  allowsUncleanLeaders(): boolean;
  /** A leadership of this broker has begun, goes on in another epoch, or has ended: `leaderEpoch` is undefined then. */
  leadershipChanged?(partition: Partition, leaderEpoch: number | undefined): void;
}

/**
 * This broker's replica of one partition: leading it, following its leader, or neither. Nothing at or beyond the high watermark is acknowledged
 * under acks=all nor shown to a reader.
 */
export class Partition {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
  readonly log: PartitionLog;
  readonly #host: PartitionHost;
  readonly #waiters = new CommitWaiters();
  readonly #deletions = new CommitWaiters(
    (offset) => `records up to offset ${offset} are deleted here, but not yet by every replica in sync`,
  );
  readonly #flushLoop: FlushLoop;
  readonly #transactional: TransactionalAppends;
  readonly #readers = new Set<() => void>();
  readonly #followers = new Set<() => void>();
  #leader: Leader | undefined;
  #following: Follower | undefined;
  /** Counts what was decided about the leadership: a leader that was still preparing when it was called off does not begin. */
  #decisions = 0;
  #closed = false;

  constructor(options: { topic: string; topicId: string; index: number; log: PartitionLog; host: PartitionHost }) {
    this.topic = options.topic;
    this.topicId = options.topicId;
    this.index = options.index;
    this.log = options.log;
    this.#host = options.host;
    this.#transactional = new TransactionalAppends(this.log);
    this.#flushLoop = new FlushLoop(this.log, this.#host.clock, {
      flushed: () => this.#raiseHighWatermark(),
      failed: (error) => this.#flushFailed(error),
    });
  }

  get name(): string {
    return `${this.topic}-${this.index}`;
  }

  /** The leadership, while this broker leads. */
  get leader(): Leader | undefined {
    return this.#leader;
  }

  /** The epoch in which this broker leads, or undefined when it does not. */
  get leaderEpoch(): number | undefined {
    return this.#leader?.epoch;
  }

  /** Whom this replica follows; undefined when it leads, or when nobody does. */
  get following(): Follower | undefined {
    return this.#following;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** What went in and out of the topic on this broker. */
  get traffic(): TopicTraffic {
    return this.#host.traffic;
  }

  get highWatermark(): bigint {
    return this.log.highWatermark;
  }

  /** Below it no transaction is open and all is committed; a read_committed reader stops here. */
  get lastStableOffset(): bigint {
    return this.log.lastStableOffset;
  }

  /**
   * Whether the high watermark may lie below what a former leader has told its readers: a new leader learns what is committed only when
   * its followers have fetched (KIP-207).
   */
  get isCatchingUpWithCommits(): boolean {
    return this.#leader !== undefined && this.highWatermark < this.#leader.startOffset;
  }

  /** Whether producers wait for an acknowledgement here. */
  get hasWaiters(): boolean {
    return this.#waiters.size > 0;
  }

  /**
   * Starts a leadership, or goes on with it. All of the log is first made durable: what recovery found in the page cache may not be on the
   * disk, and it counts as this replica's vote for the high watermark. Another decision about the leadership meanwhile calls it off.
   */
  async becomeLeader(leadership: Leadership): Promise<void> {
    const { leaderEpoch } = leadership;
    const known = this.#leader?.epoch ?? this.#following?.leaderEpoch ?? -1;
    assert(leaderEpoch >= known, `${this.name}: leader epoch falls from ${known} to ${leaderEpoch}`);
    if (this.#leader?.epoch === leaderEpoch) {
      if (this.#leader.update(leadership, this.#now)) this.#isrChanged();
      return;
    }
    const decision = ++this.#decisions;
    this.#endFollowing();
    if (this.#leader === undefined) {
      await this.log.flush();
      if (decision !== this.#decisions || this.#closed) return;
    }
    this.#leader = new Leader(leadership, this.log.logEndOffset, this.#host, this.#now);
    this.#raiseHighWatermark();
    this.#host.leadershipChanged?.(this, leaderEpoch);
    this.#wakeAll();
  }

  /** Follows another broker from here on. */
  becomeFollower({ leaderId, leaderEpoch }: Following): void {
    this.resign();
    const { logger, allowsUncleanLeaders } = this.#host;
    const onHighWatermark = () => this.#wake(this.#readers);
    this.#following = new Follower({ leaderId, leaderEpoch, log: this.log, logger, allowsUncleanLeaders, onHighWatermark });
  }

  /** Neither leads nor follows. */
  resign(): void {
    this.#decisions++;
    this.#endFollowing();
    if (this.#leader === undefined) return;
    this.#leader = undefined;
    this.#host.leadershipChanged?.(this, undefined);
    const over = new KafkaError('NOT_LEADER_OR_FOLLOWER', `${this.name} is no longer led by this broker`);
    this.#transactional.clear(over);
    this.#failWaiters(over);
    this.#wakeAll();
  }

  /**
   * Compares what a client believes of the leadership with what is so (KIP-320).
   * @param currentLeaderEpoch -1 for a client that does not say
   * @throws KafkaError NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH
   */
  checkLeader(currentLeaderEpoch = -1): void {
    if (this.#leader === undefined || this.#closed) {
      throw new KafkaError('NOT_LEADER_OR_FOLLOWER', `${this.name} is not led by this broker`);
    }
    this.#checkEpoch(currentLeaderEpoch, this.#leader.epoch);
  }

  /**
   * The same for a reader that takes a follower, too (KIP-392).
   * @throws KafkaError NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH
   */
  checkReplica(currentLeaderEpoch = -1): void {
    const following = this.#closed ? undefined : this.#following;
    if (following === undefined) this.checkLeader(currentLeaderEpoch);
    else this.#checkEpoch(currentLeaderEpoch, following.leaderEpoch);
  }

  /**
   * Appends a client's batch at once; durability follows.
   * @param acks -1: `committed` tells when the answer may leave; 0 and 1 do not wait
   * @param timeoutMs after which a waiting producer is told REQUEST_TIMED_OUT (the outcome is then unknown)
   * @throws KafkaError whatever the batch or the disk is refused for, and NOT_ENOUGH_REPLICAS; then nothing was appended
   */
  append(records: Buffer, acks: number, timeoutMs: number): Appended {
    return this.#append(records, acks, timeoutMs, { origin: 'client' });
  }

  /**
   * The same for a batch of a transaction, when it is certain that this partition takes part in that transaction: at once while the transaction
   * is open here, else after its coordinator has been asked. Batches of one producer keep their order.
   * @throws KafkaError the same, also as a rejection, and what the coordinator refuses
   */
  appendTransactional(records: Buffer, acks: number, timeoutMs: number, verification: Verification): Appended | Promise<Appended> {
    this.checkLeader();
    return this.#transactional.append(new RecordBatch(records, 0), verification, this.#now, () => this.append(records, acks, timeoutMs));
  }

  /**
   * The same for what a coordinator appends within a transaction: calls `append` as soon as that is certain.
   * @throws KafkaError as {@link appendTransactional}
   */
  async whenVerified<T>(
    producer: Omit<TransactionalProducer, 'baseSequence'>,
    verification: Verification,
    append: () => Promise<T>,
  ): Promise<T> {
    this.checkLeader();
    return this.#transactional.verified({ ...producer, baseSequence: -1 }, verification, this.#now, append);
  }

  /**
   * Appends what a coordinator made, records or a marker, under the conditions of acks=all.
   * @param timeoutMs after which `committed` rejects with REQUEST_TIMED_OUT; without it nobody waits, and `committed` is undefined
   * @throws KafkaError as {@link append}
   */
  appendAsCoordinator(records: Buffer, options: { timeoutMs?: number; transactionVersion?: number } = {}): Appended {
    const { timeoutMs, transactionVersion } = options;
    const appended = this.#append(records, -1, timeoutMs, {
      origin: 'coordinator',
      ...(transactionVersion === undefined ? {} : { transactionVersion }),
    });
    const batch = new RecordBatch(records, 0);
    if (batch.isControl) this.#transactional.ended(batch, transactionVersion ?? 0);
    return appended;
  }

  /**
   * What a reader finds; see {@link readLog}.
   * @throws KafkaError OFFSET_OUT_OF_RANGE; OFFSET_NOT_AVAILABLE beyond the end of a follower, as its leader may have more; that of {@link checkReplica}
   *   when the log was closed
   */
  async read(wanted: Wanted): Promise<Fetched> {
    if (this.#following !== undefined && wanted.fetchOffset > this.log.logEndOffset)
      throw new KafkaError('OFFSET_NOT_AVAILABLE', `this follower of ${this.name} has not fetched offset ${wanted.fetchOffset} yet`);
    try {
      return await readLog(this.log, wanted);
    } catch (error) {
      if (this.#closed) this.checkReplica();
      throw error;
    }
  }

  /**
   * A follower has asked for what follows on `fetchOffset`, which says that it has all before it on its disk, unless its log has parted from this
   * one. To be called once for each fetch that came, before it waits for anything.
   * @throws KafkaError those of {@link checkLeader}; NOT_LEADER_OR_FOLLOWER when it is no replica, or an incarnation that is over
   */
  followerFetched(fetch: FollowerFetch): void {
    this.checkLeader(fetch.currentLeaderEpoch);
    const leader = this.#leader!;
    const progress = leader.progressOf(fetch.replicaId);
    if (progress === undefined) throw new KafkaError('NOT_LEADER_OR_FOLLOWER', `broker ${fetch.replicaId} has no replica of ${this.name}`);
    if (fetch.brokerEpoch !== -1n && fetch.brokerEpoch < progress.brokerEpoch)
      throw new KafkaError('NOT_LEADER_OR_FOLLOWER', `a fetch of an incarnation of broker ${fetch.replicaId} that is over`);
    const { fetchOffset, lastFetchedEpoch } = fetch;
    if (fetchOffset < this.log.logStartOffset || fetchOffset > this.log.logEndOffset) return;
    if (this.divergence(lastFetchedEpoch, fetchOffset) !== undefined) return;
    leader.followerFetched(fetch, this.#ends, this.#now);
    const expansion = leader.expansion(fetch.replicaId, this.#ends);
    if (expansion !== undefined) this.#propose(expansion, 'a follower has caught up');
    this.#raiseHighWatermark();
    this.#releaseDeletions();
  }

  /**
   * Where a leader epoch ends in this log: the largest epoch not above it, and the offset after its last record. This broker's own
   * epoch counts from where it began, also when nothing was written in it yet. Undefined for an epoch after this one.
   */
  endOffsetForEpoch(epoch: number): { leaderEpoch: number; endOffset: bigint } | undefined {
    const { log } = this;
    const found = log.endOffsetForEpoch(epoch);
    if (found !== undefined) return found;
    const own = this.#leader?.epoch ?? -1;
    if (epoch < 0 || epoch > own) return undefined;
    return { leaderEpoch: epoch === own ? own : (log.lastEpoch ?? epoch), endOffset: log.logEndOffset };
  }

  /**
   * Where the history of a reader, whose last record is of `lastFetchedEpoch`, has parted from this log; undefined when it has not (KIP-320, KIP-595).
   * @throws KafkaError OFFSET_OUT_OF_RANGE when nothing is known of that epoch; OFFSET_NOT_AVAILABLE when a follower has nothing of it yet
   */
  divergence(lastFetchedEpoch: number, fetchOffset: bigint): EpochEnd | undefined {
    if (lastFetchedEpoch < 0 || fetchOffset < this.log.logStartOffset) return undefined; // what is below the start is out of range, whatever its epoch
    const found = this.endOffsetForEpoch(lastFetchedEpoch);
    if (found === undefined) {
      const errorName = this.#following === undefined ? 'OFFSET_OUT_OF_RANGE' : 'OFFSET_NOT_AVAILABLE';
      throw new KafkaError(errorName, `nothing is known here of leader epoch ${lastFetchedEpoch}`);
    }
    const { leaderEpoch: epoch, endOffset } = found;
    return epoch < lastFetchedEpoch || endOffset < fetchOffset ? { epoch, endOffset } : undefined;
  }

  /** Calls `callback` whenever a reader may find more or something else than before. Returns how to stop that. */
  watch(callback: () => void): () => void {
    this.#readers.add(callback);
    return () => this.#readers.delete(callback);
  }

  /** The same for a follower, which also sees what is not committed. */
  watchAppends(callback: () => void): () => void {
    this.#readers.add(callback);
    this.#followers.add(callback);
    return () => {
      this.#readers.delete(callback);
      this.#followers.delete(callback);
    };
  }

  /**
   * DeleteRecords: moves the log start, durably, here and on all replicas in sync.
   * @param offset -1 for all that is committed
   * @returns the log start offset
   * @throws KafkaError OFFSET_OUT_OF_RANGE; POLICY_VIOLATION for a topic whose records only compaction may remove; REQUEST_TIMED_OUT when
   *   followers have not followed after `timeoutMs` (they will)
   */
  async deleteRecordsBefore(offset: bigint, timeoutMs: number): Promise<bigint> {
    this.checkLeader();
    if (!this.log.config.cleanupPolicy.includes('delete'))
      throw new KafkaError('POLICY_VIOLATION', `${this.name}: records cannot be deleted where cleanup.policy lacks "delete"`);
    const target = offset === -1n ? this.highWatermark : offset;
    if (target < 0n || target > this.highWatermark) {
      throw new KafkaError(
        'OFFSET_OUT_OF_RANGE',
        `${this.name}: records can be deleted up to the high watermark ${this.highWatermark}, not ${target}`,
      );
    }
    await this.log.incrementLogStartOffset(target);
    this.#wakeAll();
    if (this.#lowWatermark < target) await this.#deletions.add(target - 1n, this.#now + timeoutMs);
    return this.log.logStartOffset;
  }

  /** The controller has put the proposed in-sync set, or another one, in force. */
  isrAccepted(leaderEpoch: number, committed: CommittedIsr): void {
    if (this.#leader?.epoch === leaderEpoch && this.#leader.accepted(committed)) this.#isrChanged();
  }

  /** The controller has refused the proposal for certain. */
  isrRefused(proposal: IsrProposal): void {
    if (this.#leader?.proposal === proposal) this.#leader.refused();
    this.#raiseHighWatermark();
  }

  /** Time has passed: producers that have waited too long are told so, followers that lag leave the in-sync set. Called now and then. */
  tick(): void {
    this.#waiters.expire(this.#now);
    this.#deletions.expire(this.#now);
    this.#transactional.expire(this.#now);
    const shrinkage = this.#leader?.shrinkage(this.#ends, this.#now);
    if (shrinkage !== undefined) this.#propose(shrinkage, 'a follower lags behind');
  }

  /** Ends it: the log is being closed or deleted. */
  close(error: KafkaError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#decisions++;
    const hasLed = this.#leader !== undefined;
    this.#leader = undefined;
    if (hasLed) this.#host.leadershipChanged?.(this, undefined);
    this.#endFollowing();
    this.#flushLoop.stop();
    this.#transactional.clear(error);
    this.#failWaiters(error);
    this.#wakeAll();
  }

  #append(
    records: Buffer,
    acks: number,
    timeoutMs: number | undefined,
    how: Pick<AppendOptions, 'origin' | 'transactionVersion'>,
  ): Appended {
    this.checkLeader();
    const leader = this.#leader!;
    if (acks === -1 && !leader.hasEnoughReplicas) throw new KafkaError('NOT_ENOUGH_REPLICAS', this.#tooFew(leader));
    const info = this.log.append(records, { leaderEpoch: leader.epoch, ...how });
    if (!info.duplicate) this.#count(info, records.length);
    const waits = acks === -1 && timeoutMs !== undefined && info.lastOffset >= this.highWatermark;
    const committed = waits ? this.#waiters.add(info.lastOffset, this.#now + timeoutMs) : undefined;
    this.#flushLoop.run();
    this.#wake(this.#followers);
    return { info, committed };
  }

  #count({ firstOffset, lastOffset }: AppendInfo, bytes: number): void {
    const { traffic } = this.#host;
    traffic.messagesIn += Number(lastOffset - firstOffset) + 1;
    traffic.bytesIn += bytes;
  }

  get #now(): number {
    return this.#host.clock.monotonic();
  }

  get #ends(): LogEnds {
    return this.log;
  }

  /** Where the log of the replica in sync that reaches back furthest begins. */
  get #lowWatermark(): bigint {
    return this.#leader?.lowWatermark(this.log.logStartOffset) ?? this.log.logStartOffset;
  }

  #releaseDeletions(): void {
    if (this.#deletions.size > 0) this.#deletions.release(this.#lowWatermark);
  }

  #failWaiters(error: KafkaError): void {
    this.#waiters.fail(error);
    this.#deletions.fail(error);
  }

  #checkEpoch(given: number, own: number): void {
    if (given === -1 || given === own) return;
    if (given < own) throw new KafkaError('FENCED_LEADER_EPOCH', `${this.name} is in leader epoch ${own}, the request in ${given}`);
    throw new KafkaError('UNKNOWN_LEADER_EPOCH', `${this.name} is in leader epoch ${own}, the request already in ${given}`);
  }

  #tooFew({ isr }: Leader): string {
    return `${this.name} has ${isr.length} in-sync replicas (${isr.join(', ')}), and min.insync.replicas is ${this.#host.minInsyncReplicas()}`;
  }

  #propose(proposal: IsrProposal, why: string): void {
    this.#host.logger.info(
      { partition: this.name, isr: proposal.isr.map(({ brokerId }) => brokerId) },
      `another in-sync set is asked for: ${why}`,
    );
    this.#host.proposeIsr(this, proposal);
  }

  /** Who waits for an acknowledgement is not left waiting when it cannot come for now: the records stay, and may be committed later. */
  #isrChanged(): void {
    const leader = this.#leader!;
    if (!leader.hasEnoughReplicas) {
      this.#waiters.fail(new KafkaError('NOT_ENOUGH_REPLICAS_AFTER_APPEND', this.#tooFew(leader)));
    }
    this.#raiseHighWatermark();
    this.#releaseDeletions();
  }

  #flushFailed(error: unknown): void {
    this.#host.logger.error({ partition: this.name, error: String(error) }, 'flush failed: the partition goes offline');
    this.close(new KafkaError('KAFKA_STORAGE_ERROR', `${this.name}: the disk refused to make records durable`, { cause: error }));
  }

  #endFollowing(): void {
    this.#following?.end();
    this.#following = undefined;
  }

  #raiseHighWatermark(): void {
    const { log } = this;
    assert(log.flushedOffset <= log.logEndOffset, `${this.name}: flushed ${log.flushedOffset} beyond the end ${log.logEndOffset}`);
    const offset = this.#leader?.committedOffset(this.#ends, this.#now);
    if (offset === undefined || offset <= this.highWatermark) return;
    log.highWatermark = offset;
    this.#waiters.release(offset);
    this.#wake(this.#readers);
  }

  #wakeAll(): void {
    this.#wake(this.#readers);
    this.#wake(this.#followers);
  }

  #wake(callbacks: ReadonlySet<() => void>): void {
    for (const callback of callbacks) callback();
  }
}
