import assert from 'node:assert/strict';
import type { Address } from '#platform';
import type { RaftContext, RaftState } from './context.ts';
import { isSameAddress } from './formation.ts';
import { SnapshotFetch } from './snapshot-fetch.ts';
import type { BatchInfo, FetchAnswer, RaftAnswer, RaftRequest, ReplicaKey, SnapshotId, Voter } from './types.ts';
import { memberOf } from './voters.ts';

/** Copies the log of a leader: fetches, flushes, and by its next fetch tells the leader how much is safe here. */
export class Follower implements RaftState {
  readonly name = 'follower';
  readonly leader: { readonly id: number; readonly address: Address };
  readonly votedFor: ReplicaKey | undefined;
  readonly #context: RaftContext;
  #giveUpAt: number;
  #hasFetched = false;
  #fetching = false;
  #fetchAt: number;
  #snapshot: SnapshotFetch | undefined;
  /** What the leader last said; ours follows as our own log becomes durable. */
  #leaderHighWatermark = 0n;
  #updateVoterAt: number;

  constructor(context: RaftContext, leader: { readonly id: number; readonly address: Address }, votedFor: ReplicaKey | undefined) {
    this.#context = context;
    this.leader = leader;
    this.votedFor = votedFor;
    this.#giveUpAt = context.now + context.config.fetchTimeoutMs;
    this.#fetchAt = context.now;
    this.#updateVoterAt = context.now;
  }

  /** While its leader serves it, it helps nobody to unseat that leader (KIP-996). */
  get admitsPreVote(): boolean {
    return !this.#hasFetched;
  }

  start(): void {
    const { log } = this.#context;
    // What recovery found may never have been synced, when the disk was full at that time.
    if (log.flushedOffset < log.endOffset) this.#flushFirst();
    else this.#fetch();
  }

  deadline(): number {
    const fetchAt = this.#canFetch() ? this.#fetchAt : Number.POSITIVE_INFINITY;
    return Math.min(this.#giveUpAt, fetchAt);
  }

  tick(): void {
    const { become, election, mayStand, now } = this.#context;
    if (now >= this.#giveUpAt) {
      if (mayStand) become.prospective();
      else become.unattached(election.epoch);
    } else if (now >= this.#fetchAt) {
      this.#fetch();
    }
  }

  answered(request: RaftRequest, answer: RaftAnswer): void {
    if (request.type === 'updateVoter') return;
    this.#fetching = false;
    this.#fetchAt = this.#context.now;
    if (!('error' in answer) || answer.error !== 'NONE') {
      this.#snapshot = undefined;
      this.#retryLater();
      return;
    }
    this.#heardOfLeader();
    if (answer.type === 'fetch') this.#fetched(answer);
    else if (answer.type === 'fetchSnapshot' && this.#snapshot?.take(answer) === false) this.#dropSnapshot();
    if (this.#context.now >= this.#fetchAt) this.#fetch();
  }

  failed(request: RaftRequest, refused: boolean): void {
    if (request.type === 'updateVoter') return;
    this.#fetching = false;
    this.#retryLater();
    if (!refused) return;
    // Nobody listens there any more. A pre-vote finds out whether the others have lost the leader too.
    const { config, now, random } = this.#context;
    const soon = now + config.electionTimeoutMs / 4 + random.below(Math.max(1, Math.ceil(config.electionTimeoutMs / 4)));
    this.#giveUpAt = Math.min(this.#giveUpAt, soon);
    this.#hasFetched = false;
  }

  flushed(): void {
    this.#raiseHighWatermark();
    if (this.#context.now >= this.#fetchAt) this.#fetch();
  }

  leave(): void {}

  /** A fetched snapshot has passed its checks. */
  snapshotReady(snapshot: SnapshotId, voters: readonly Voter[]): void {
    if (this.#snapshot?.id.endOffset !== snapshot.endOffset || this.#snapshot.id.epoch !== snapshot.epoch) return;
    this.#snapshot = undefined;
    this.#context.installSnapshot(snapshot, voters);
    this.#heardOfLeader();
    this.#flushFirst();
  }

  /** A fetched snapshot did not pass its checks: from its first byte again. */
  snapshotDamaged(): void {
    this.#dropSnapshot();
  }

  #dropSnapshot(): void {
    this.#snapshot = undefined;
    this.#retryLater();
  }

  #heardOfLeader(): void {
    this.#hasFetched = true;
    this.#giveUpAt = this.#context.now + this.#context.config.fetchTimeoutMs;
  }

  #retryLater(): void {
    this.#fetchAt = this.#context.now + this.#context.config.retryBackoffMs;
  }

  /** Only a log that is flushed to its end may be named in a fetch: the leader counts it as safe (R8). */
  #canFetch(): boolean {
    const { log } = this.#context;
    if (this.#fetching || this.#snapshot?.isWhole === true) return false;
    return log.flushedOffset >= log.endOffset;
  }

  #fetch(): void {
    if (!this.#canFetch()) return;
    const context = this.#context;
    const { config, log, self } = context;
    this.#fetching = true;
    const replica = { id: self.id, directoryId: self.directoryId };
    const clusterId = context.clusterId ?? null;
    const epoch = context.election.epoch;
    if (this.#snapshot !== undefined) {
      const { id: snapshot, position } = this.#snapshot;
      context.send(this, this.leader.address, { type: 'fetchSnapshot', clusterId, replica, epoch, snapshot, position });
      return;
    }
    context.send(
      this,
      this.leader.address,
      {
        type: 'fetch',
        clusterId,
        replica,
        epoch,
        fetchOffset: log.endOffset,
        lastFetchedEpoch: log.lastEpoch,
        highWatermark: context.highWatermark,
        maxWaitMs: config.fetchMaxWaitMs,
      },
      config.fetchMaxWaitMs + config.requestTimeoutMs,
    );
    this.#updateOwnAddress();
  }

  #fetched(answer: FetchAnswer): void {
    const context = this.#context;
    if (answer.snapshot !== undefined) {
      const position = context.log.partialSnapshotSize(answer.snapshot);
      this.#snapshot = new SnapshotFetch(context, answer.snapshot, position);
      return;
    }
    if (answer.diverging !== undefined) {
      this.#diverged(answer.diverging);
      return;
    }
    this.#leaderHighWatermark = answer.highWatermark;
    if (answer.batches !== undefined && answer.batches.length > 0) this.#append(answer.batches, answer.bytes ?? Buffer.alloc(0));
    else this.#raiseHighWatermark(true);
  }

  /** Cuts the log back to the largest common point that the leader's answer allows; the next fetch may cut further (KIP-279). */
  #diverged(theirs: { epoch: number; endOffset: bigint }): void {
    const context = this.#context;
    const ours = context.log.endOffsetForEpoch(theirs.epoch);
    const common = ours.epoch === theirs.epoch && theirs.endOffset < ours.endOffset ? theirs.endOffset : ours.endOffset;
    const offset = common < context.log.endOffset ? common : context.log.endOffset;
    context.truncate(offset);
    this.#flushFirst();
  }

  #append(batches: readonly BatchInfo[], bytes: Buffer): void {
    const context = this.#context;
    let { endOffset, lastEpoch } = context.log;
    for (const batch of batches) {
      assert(batch.baseOffset === endOffset, `R5: batch ${batch.baseOffset} fetched for offset ${endOffset}`);
      assert(batch.epoch >= lastEpoch, `R5: epoch ${batch.epoch} after epoch ${lastEpoch}`);
      assert(batch.epoch <= context.election.epoch, `R5: epoch ${batch.epoch} fetched in epoch ${context.election.epoch}`);
      endOffset = batch.lastOffset + 1n;
      lastEpoch = batch.epoch;
      if (batch.voters !== undefined) context.voters.append(batch.voters.offset, batch.voters.voters);
    }
    context.emit({ type: 'appendFetched', batches, bytes });
    this.#flushFirst();
  }

  /** The next fetch waits for a flush; until it ends, the log view is older than what this step did to the log. */
  #flushFirst(): void {
    this.#context.emit({ type: 'flush' });
    this.#fetchAt = Number.POSITIVE_INFINITY;
  }

  /** @param leaderHadNoMore its answer brought no record: our log, flushed to the end when this was asked, is as long as its own */
  #raiseHighWatermark(leaderHadNoMore = false): void {
    const context = this.#context;
    this.#fetchAt = Math.min(this.#fetchAt, context.now);
    const { flushedOffset } = context.log;
    context.raiseHighWatermark(this.#leaderHighWatermark < flushedOffset ? this.#leaderHighWatermark : flushedOffset);
    context.copied(this.#leaderHighWatermark, leaderHadNoMore);
  }

  /** A voter that is reached elsewhere than its record says tells the leader (KIP-853). */
  #updateOwnAddress(): void {
    const context = this.#context;
    const { config, now, self } = context;
    const recorded = memberOf(context.voters.latest, self)?.address;
    if (recorded === undefined || now < this.#updateVoterAt) return;
    if (isSameAddress(recorded, self.address)) return;
    this.#updateVoterAt = now + config.requestTimeoutMs;
    context.send(this, this.leader.address, {
      type: 'updateVoter',
      clusterId: context.clusterId ?? null,
      epoch: context.election.epoch,
      voter: self,
    });
  }
}
