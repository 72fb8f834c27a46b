import { AssertionError } from 'node:assert/strict';
import { type Clock, type Logger, NetworkError, type Timer } from '#platform';
import { asKafkaError, KafkaError } from '#protocol';
import type { FetchRequestInput, FetchResponse } from '#protocol/apis/fetch.ts';
import { DamagedLogError, LogStartWithinBatchError, NoSpaceError } from '#storage';
import { type FetchPosition, FetchSession } from './fetch-session.ts';
import { CommitsMissingError, type Follower } from './follower.ts';
import type { Partition } from './partition.ts';

export interface FetcherSettings {
  /** replica.fetch.wait.max.ms: how long the leader may wait for something to send. */
  readonly maxWaitMs: number;
  /** replica.fetch.max.bytes, of one partition. */
  readonly maxBytes: number;
  /** replica.fetch.response.max.bytes, of all together. */
  readonly maxResponseBytes: number;
  /** replica.fetch.backoff.ms: after a fetch, or the part of a partition in it, that has failed. */
  readonly backoffMs: number;
}

export interface FetcherOptions {
  readonly nodeId: number;
  /** Of this incarnation. */
  readonly brokerEpoch: () => bigint;
  /**
   * Sends to the leader. Requests on different lanes do not wait for each other.
   * @throws NetworkError, KafkaError
   */
  readonly send: (leaderId: number, request: FetchRequestInput, lane: number) => Promise<FetchResponse>;
  /** A replica cannot be used any more; it is not fetched for again. */
  readonly onFailed: (partition: Partition, error: KafkaError) => void;
  /** An invariant did not hold. */
  readonly onBroken: (error: unknown) => void;
  readonly settings: FetcherSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A partition that is asked for. */
interface Due {
  readonly partition: Partition;
  readonly follower: Follower;
  readonly position: FetchPosition;
}

type Answer = FetchResponse['responses'][number]['partitions'][number];

/** An abandoned fetch keeps its connection busy for as long as the leader waits, so its successor takes another one. */
const lanes = 4;
/** Partitions that are added together are fetched for together. */
const gatherMs = 2;
const noRecords = Buffer.alloc(0);
/** While the disk is full. */
const fullDiskPauseMs = 1000;

/**
 * Fetches from one leader for all replicas here that follow it: asks, appends, makes durable, asks again. A fetch offset says to the leader
 * that everything before it is on this disk, so the next fetch leaves only when that is so; one sync serves all partitions of an answer.
 */
export class ReplicaFetcher {
  readonly leaderId: number;
  readonly #options: FetcherOptions;
  readonly #session = new FetchSession();
  /** With the monotonic time before which each is left alone. */
  readonly #partitions = new Map<Partition, number>();
  #running = false;
  #lane = 0;
  /** Ends the wait for the answer, or for time to pass. */
  #interrupt: (() => void) | undefined;
  #gathering: Timer | undefined;
  #closed = false;

  constructor(leaderId: number, options: FetcherOptions) {
    this.leaderId = leaderId;
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#partitions.size === 0;
  }

  /** The partition follows this leader from now on. It is fetched for at once, whatever the fetch under way waits for. */
  add(partition: Partition): void {
    this.#partitions.set(partition, 0);
    if (!this.#running) {
      this.#running = true;
      this.#run().catch((error: unknown) => this.#options.onBroken(error));
    } else if (this.#gathering === undefined) {
      this.#gathering = this.#options.clock.after(gatherMs, () => {
        this.#gathering = undefined;
        this.#interrupt?.();
      });
    }
  }

  remove(partition: Partition): void {
    this.#partitions.delete(partition);
  }

  close(): void {
    this.#closed = true;
    this.#partitions.clear();
    this.#gathering?.cancel();
    this.#interrupt?.();
  }

  async #run(): Promise<void> {
    const { backoffMs, maxWaitMs } = this.#options.settings;
    try {
      while (!this.#closed && this.#partitions.size > 0) {
        const due = await this.#durable();
        if (this.#closed) return;
        if (due.length === 0) {
          await this.#pause(Math.min(this.#untilNextDue(), maxWaitMs));
          continue;
        }
        const response = await this.#fetch(due.map(({ position }) => position));
        if (response === 'interrupted') continue;
        if (response === undefined) await this.#pause(backoffMs);
        else await this.#takeOver(due, response);
      }
    } finally {
      this.#running = false;
    }
  }

  /** The partitions to ask for, each with all that it has on the disk. */
  async #durable(): Promise<Due[]> {
    const now = this.#options.clock.monotonic();
    const due = [...this.#partitions].filter(([, pausedUntil]) => pausedUntil <= now).map(([partition]) => partition);
    const dirty = due.filter(({ log }) => log.flushedOffset < log.logEndOffset);
    await Promise.all(dirty.map((partition) => this.#attempt(partition, () => partition.log.flush())));
    return due.flatMap((partition) => {
      const { following: follower, log } = partition;
      if (follower?.leaderId !== this.leaderId || !this.#partitions.has(partition) || log.flushedOffset < log.logEndOffset) return [];
      return [{ partition, follower, position: positionOf(partition, follower) }];
    });
  }

  /** Undefined when it failed. */
  #fetch(positions: readonly FetchPosition[]): Promise<FetchResponse | 'interrupted' | undefined> {
    const { nodeId, brokerEpoch, settings, send, logger } = this.#options;
    const request: FetchRequestInput = {
      replicaState: { replicaId: nodeId, replicaEpoch: brokerEpoch() },
      maxWaitMs: settings.maxWaitMs,
      minBytes: 1,
      maxBytes: settings.maxResponseBytes,
      isolationLevel: 0,
      ...this.#session.next(positions, settings.maxBytes),
    };
    return new Promise((resolve, reject) => {
      this.#interrupt = () => {
        this.#interrupt = undefined;
        this.#lane = (this.#lane + 1) % lanes;
        this.#session.reset();
        resolve('interrupted');
      };
      const interrupt = this.#interrupt;
      send(this.leaderId, request, this.#lane).then(
        (response) => {
          if (this.#interrupt !== interrupt) return;
          this.#interrupt = undefined;
          if (response.errorCode === 'NONE') this.#session.answered(response.sessionId);
          else this.#session.reset();
          resolve(response.errorCode === 'NONE' ? response : undefined);
        },
        (error: unknown) => {
          if (this.#interrupt !== interrupt) return;
          this.#interrupt = undefined;
          if (!(error instanceof NetworkError || error instanceof KafkaError)) return reject(error);
          logger.debug({ leader: this.leaderId, error: error.message }, 'a fetch from a leader has failed');
          this.#session.reset();
          resolve(undefined);
        },
      );
    });
  }

  /** All partitions of an answer: first in memory, then on the disk, side by side. */
  async #takeOver(due: readonly Due[], response: FetchResponse): Promise<void> {
    const asked = new Map(due.map((one) => [`${one.position.topicId}/${one.position.partition}`, one]));
    const work: Promise<void>[] = [];
    for (const { topicId, partitions } of response.responses) {
      for (const answer of partitions) {
        const found = asked.get(`${topicId}/${answer.partitionIndex}`);
        if (found === undefined || !this.#isCurrent(found)) continue;
        work.push(this.#attempt(found.partition, () => takeOver(found, answer)));
      }
    }
    await Promise.all(work);
  }

  /** The answer is to what the replica is and has now. */
  #isCurrent({ partition, follower, position }: Due): boolean {
    return this.#partitions.has(partition) && partition.following === follower && partition.log.logEndOffset === position.fetchOffset;
  }

  /** What goes wrong with one partition does not stop the others. */
  async #attempt(partition: Partition, act: () => Promise<void>): Promise<void> {
    const { clock, logger, onFailed, settings } = this.#options;
    try {
      await act();
    } catch (thrown) {
      if (thrown instanceof AssertionError) throw thrown;
      const error = asKafkaError(thrown);
      if (!this.#partitions.has(partition) || partition.isClosed) return;
      if (thrown instanceof DamagedLogError || thrown instanceof CommitsMissingError) {
        this.#partitions.delete(partition);
        onFailed(partition, thrown);
        return;
      }
      logger.debug({ partition: partition.name, leader: this.leaderId, error: error.message }, 'a partition could not be fetched');
      const pauseMs = thrown instanceof NoSpaceError ? fullDiskPauseMs : settings.backoffMs;
      this.#partitions.set(partition, clock.monotonic() + pauseMs);
    }
  }

  #untilNextDue(): number {
    const now = this.#options.clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const pausedUntil of this.#partitions.values()) next = Math.min(next, pausedUntil);
    return Math.max(next - now, this.#options.settings.backoffMs);
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(delayMs, () => {
        this.#interrupt = undefined;
        resolve();
      });
      this.#interrupt = () => {
        this.#interrupt = undefined;
        timer.cancel();
        resolve();
      };
    });
  }
}

function positionOf({ topicId, index, log }: Partition, { leaderEpoch }: Follower): FetchPosition {
  return {
    topicId,
    partition: index,
    currentLeaderEpoch: leaderEpoch,
    fetchOffset: log.logEndOffset,
    lastFetchedEpoch: log.lastEpoch ?? -1,
    logStartOffset: log.logStartOffset,
    highWatermark: log.highWatermark,
  };
}

/** Resolves when what the leader has answered is on this disk. */
async function takeOver({ partition, follower, position }: Due, answer: Answer): Promise<void> {
  if (answer.errorCode === 'OFFSET_OUT_OF_RANGE' && answer.logStartOffset > position.fetchOffset)
    return follower.startAgainAt(answer.logStartOffset);
  if (answer.errorCode !== 'NONE') throw new KafkaError(answer.errorCode);
  const { endOffset: forgottenBefore, epoch: time } = answer.snapshotId;
  if (answer.divergingEpoch.epoch >= 0)
    return follower.truncate(answer.divergingEpoch, { isInGap: time === 0, logStartOffset: answer.logStartOffset });
  if (time > 0) {
    const beginsAnew = await follower.lacksDeletions(time, forgottenBefore, answer.logStartOffset);
    if (beginsAnew || partition.following !== follower || partition.log.logEndOffset !== position.fetchOffset) return;
  }
  const sent = { records: answer.records ?? noRecords, highWatermark: answer.highWatermark, logStartOffset: answer.logStartOffset };
  try {
    follower.append(sent);
  } catch (error) {
    // Records were deleted up to the middle of a batch, and batches are copied whole: this log, which has nothing else, begins where the batch does.
    if (!(error instanceof LogStartWithinBatchError)) throw error;
    await follower.startAgainAt(error.baseOffset);
    if (partition.following !== follower) return;
    follower.append(sent);
  }
  partition.traffic.replicationBytesIn += sent.records.length;
  if (sent.records.length > 0) await partition.log.flush();
}
