import assert from 'node:assert/strict';
import { FollowerProgress } from './follower-progress.ts';
import { type CommittedIsr, type InSyncReplica, type IsrProposal, IsrState } from './isr-state.ts';

/** What the metadata says of a partition that this broker leads. */
export interface Leadership extends CommittedIsr {
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
}

/** A fetch of a follower. */
export interface FollowerFetch {
  readonly replicaId: number;
  /** The epoch of the follower's incarnation; -1 when it does not say. */
  readonly brokerEpoch: bigint;
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: bigint;
  /** Of the record before that; -1 when there is none. */
  readonly lastFetchedEpoch: number;
  readonly logStartOffset: bigint;
}

/** What a leader has to know of the world to decide. */
export interface LeaderView {
  readonly nodeId: number;
  /** Of its own incarnation; -1 before it is registered. */
  brokerEpoch(): bigint;
  /** May this incarnation join the in-sync set: registered, in service, and not about to leave (KIP-841, KAFKA-14617)? */
  mayJoin(brokerId: number, brokerEpoch: bigint): boolean;
  /** min.insync.replicas in force. */
  minInsyncReplicas(): number;
  readonly replicaLagTimeMaxMs: number;
}

/** Where the leader's own log stands. */
export interface LogEnds {
  readonly logEndOffset: bigint;
  /** Below it all is on this disk. */
  readonly flushedOffset: bigint;
  readonly highWatermark: bigint;
}

/**
 * One leadership of a partition, in one epoch: who is in sync, how far each follower has come, and so what is committed. A core: it decides
 * and does nothing.
 */
export class Leader {
  readonly epoch: number;
  /** Where the log ended when it began. */
  readonly startOffset: bigint;
  readonly #view: LeaderView;
  readonly #isr: IsrState;
  readonly #followers = new Map<number, FollowerProgress>();

  constructor(leadership: Leadership, startOffset: bigint, view: LeaderView, now: number) {
    this.epoch = leadership.leaderEpoch;
    this.startOffset = startOffset;
    this.#view = view;
    this.#isr = new IsrState(leadership);
    this.#follow(leadership.replicas, now);
  }

  get isr(): readonly number[] {
    return this.#isr.isr;
  }

  get maximalIsr(): readonly number[] {
    return this.#isr.maximal;
  }

  get partitionEpoch(): number {
    return this.#isr.partitionEpoch;
  }

  get proposal(): IsrProposal | undefined {
    return this.#isr.proposal;
  }

  /** Are as many replicas in sync as min.insync.replicas demands? */
  get hasEnoughReplicas(): boolean {
    return this.#isr.isr.length >= this.#view.minInsyncReplicas();
  }

  /** The replicas on other brokers, by broker. */
  get followers(): ReadonlyMap<number, FollowerProgress> {
    return this.#followers;
  }

  /** By broker; the leader itself is not among them. */
  progressOf(brokerId: number): FollowerProgress | undefined {
    return this.#followers.get(brokerId);
  }

  /** The metadata have changed within the epoch: another in-sync set or, in a reassignment, other replicas. @returns whether the in-sync set did */
  update(leadership: Leadership, now: number): boolean {
    assert(leadership.leaderEpoch === this.epoch, 'another epoch is another leadership');
    this.#follow(leadership.replicas, now);
    return this.#isr.commit(leadership);
  }

  /** The controller's answer to a proposal. @returns whether the in-sync set has changed */
  accepted(committed: CommittedIsr): boolean {
    return this.#isr.commit(committed);
  }

  /** The controller will not do what was asked, for certain. */
  refused(): void {
    this.#isr.withdraw();
  }

  /** A follower asks for what follows on all that it has on its disk. */
  followerFetched(
    fetch: Pick<FollowerFetch, 'replicaId' | 'brokerEpoch' | 'fetchOffset' | 'logStartOffset'>,
    log: LogEnds,
    now: number,
  ): void {
    this.#followers.get(fetch.replicaId)?.fetched(fetch, log.logEndOffset, now);
  }

  /**
   * The in-sync set with the follower that has just fetched, when it belongs there: it has all that is committed, and all that was in
   * the log when this leadership began, which may be more (KAFKA-7128).
   */
  expansion(replicaId: number, log: LogEnds): IsrProposal | undefined {
    const progress = this.#followers.get(replicaId);
    if (progress === undefined || this.#isr.proposal !== undefined || this.#isr.maximal.includes(replicaId)) return undefined;
    if (progress.logEndOffset < log.highWatermark || progress.logEndOffset < this.startOffset) return undefined;
    if (!this.#view.mayJoin(replicaId, progress.brokerEpoch)) return undefined;
    return this.#propose([...this.#isr.isr, replicaId]);
  }

  /**
   * The in-sync set without the followers that have not had everything for replica.lag.time.max.ms, if there are such; and without one that asks for
   * what it had confirmed before: its disk has forgotten, and it must not be elected.
   */
  shrinkage(log: LogEnds, now: number): IsrProposal | undefined {
    if (this.#isr.proposal !== undefined) return undefined;
    const left = this.#isr.isr.filter((id) => {
      if (id === this.#view.nodeId) return true;
      const progress = this.#followers.get(id);
      if (progress === undefined) return false;
      const hasForgotten = progress.logEndOffset >= 0n && progress.logEndOffset < log.highWatermark;
      return !hasForgotten && progress.isCaughtUp(log.logEndOffset, now, this.#view.replicaLagTimeMaxMs);
    });
    return left.length === this.#isr.isr.length ? undefined : this.#propose(left);
  }

  /**
   * Up to where everything is on the disks of all who are in sync, or may be (P3). Undefined while too few are: what is there might
   * then be lost with them, and nobody may be told of it (P8, KIP-966).
   */
  committedOffset(log: LogEnds, now: number): bigint | undefined {
    if (!this.hasEnoughReplicas) return undefined;
    let offset = log.flushedOffset;
    const { maximal } = this.#isr;
    for (const [id, progress] of this.#followers) {
      if (progress.logEndOffset >= offset) continue;
      if (maximal.includes(id) || this.#isAboutToJoin(id, progress, log, now)) offset = progress.logEndOffset;
    }
    return offset;
  }

  /** How far back the log of the slowest replica that lives reaches; DeleteRecords waits for it. */
  lowWatermark(logStartOffset: bigint): bigint {
    let lowest = logStartOffset;
    for (const [id, progress] of this.#followers) {
      if (this.#isr.maximal.includes(id) && progress.logStartOffset < lowest) lowest = progress.logStartOffset;
    }
    return lowest;
  }

  /** One that has all but the newest records would never get there if the high watermark ran ahead of it. */
  #isAboutToJoin(id: number, progress: FollowerProgress, log: LogEnds, now: number): boolean {
    return (
      progress.logEndOffset >= log.highWatermark &&
      progress.logEndOffset >= this.startOffset &&
      progress.isCaughtUp(log.logEndOffset, now, this.#view.replicaLagTimeMaxMs) &&
      this.#view.mayJoin(id, progress.brokerEpoch)
    );
  }

  #propose(isr: readonly number[]): IsrProposal {
    const members = isr.map(
      (brokerId): InSyncReplica => ({
        brokerId,
        brokerEpoch: brokerId === this.#view.nodeId ? this.#view.brokerEpoch() : (this.#followers.get(brokerId)?.brokerEpoch ?? -1n),
      }),
    );
    return this.#isr.propose(this.epoch, members);
  }

  #follow(replicas: readonly number[], now: number): void {
    const others = new Set(replicas.filter((id) => id !== this.#view.nodeId));
    for (const id of this.#followers.keys()) if (!others.has(id)) this.#followers.delete(id);
    for (const id of others) if (!this.#followers.has(id)) this.#followers.set(id, new FollowerProgress(now));
  }
}
