import assert from 'node:assert/strict';
import type { Address } from '#platform';
import { AutoJoin } from './auto-join.ts';
import type { KnownLeader, RaftContext, RaftState } from './context.ts';
import { ReplicaProgress } from './replica-progress.ts';
import type {
  ControlRecord,
  EpochEnd,
  FetchMessage,
  FetchSnapshotMessage,
  RaftAnswer,
  RaftRequest,
  ReplicaKey,
  SnapshotId,
  Voter,
} from './types.ts';
import { VoterChanges } from './voter-changes.ts';
import { inIdOrder, keyOf, memberOf, sameReplica } from './voters.ts';

/** How often a voter that does not fetch is told who leads: often at first, when all are waiting for it. */
const announceMs = 100;

interface WaitingFetch {
  readonly requestId: number;
  readonly request: FetchMessage;
  readonly deadline: number;
}

/** Leads an epoch: appends, serves fetches, and decides what is committed. */
export class Leader implements RaftState {
  readonly name = 'leader';
  readonly leader: KnownLeader;
  readonly votedFor: ReplicaKey;
  readonly admitsPreVote = false;
  /** Offset of this epoch's LeaderChange record. */
  readonly epochStartOffset: bigint;
  readonly progress = new ReplicaProgress();
  readonly #context: RaftContext;
  readonly #changes: VoterChanges;
  readonly #autoJoin: AutoJoin;
  readonly #since: number;
  readonly #waiting = new Map<number, WaitingFetch>();
  readonly #announceAt = new Map<string, number>();
  readonly #announcing = new Set<string>();

  constructor(context: RaftContext) {
    this.#context = context;
    const { address, directoryId, id } = context.self;
    this.leader = { id, address };
    this.votedFor = { id, directoryId };
    this.epochStartOffset = context.log.endOffset;
    this.#since = context.now;
    this.#changes = new VoterChanges(context, this);
    this.#autoJoin = new AutoJoin(context, this, this.#changes);
  }

  /** Called once this is the node's state: writes the epoch's first records and tells the voters. */
  start(granting: readonly Voter[]): void {
    const context = this.#context;
    const founders = context.voters.latest.length === 0 ? this.#founders(granting) : undefined;
    const voters = founders ?? context.voters.latest;
    const records: ControlRecord[] = [
      {
        type: 'leaderChange',
        leaderId: context.self.id,
        voterIds: voters.map(({ id }) => id),
        grantingIds: granting.map(({ id }) => id).sort((a, b) => a - b),
      },
    ];
    if (founders !== undefined) {
      records.push({ type: 'kRaftVersion', version: 1 }, { type: 'voters', voters: founders });
      context.voters.append(this.epochStartOffset + 2n, founders);
    }
    context.emit({ type: 'appendControl', epoch: context.election.epoch, records });
    context.emit({ type: 'flush' });
    this.#announce();
  }

  /** Has this leader committed a record of its own epoch, and with it all before it? */
  get isEstablished(): boolean {
    return this.#context.highWatermark > this.epochStartOffset;
  }

  deadline(): number {
    let next = Math.min(this.#resignAt(), this.#changes.deadline(), this.#autoJoin.deadline());
    for (const { deadline } of this.#waiting.values()) next = Math.min(next, deadline);
    for (const voter of this.#silentVoters()) next = Math.min(next, this.#announceAt.get(keyOf(voter)) ?? this.#since);
    return next;
  }

  tick(): void {
    const context = this.#context;
    // Check-quorum: cut off from a majority it can commit nothing, and somebody else may lead already (R14).
    if (context.now >= this.#resignAt()) {
      context.become.resigned();
      return;
    }
    for (const waiting of [...this.#waiting.values()]) if (context.now >= waiting.deadline) this.#serve(waiting);
    this.#announce();
    this.#changes.tick();
    this.#autoJoin.tick();
  }

  answered(request: RaftRequest, answer: RaftAnswer, from: Address): void {
    if (request.type === 'vote') this.#autoJoin.answered(request, answer, from);
    else if (request.type === 'beginQuorumEpoch') this.#announcing.delete(keyOf(request.voter));
  }

  failed(request: RaftRequest): void {
    if (request.type === 'beginQuorumEpoch') this.#announcing.delete(keyOf(request.voter));
  }

  flushed(): void {
    this.#raiseHighWatermark();
  }

  leave(): void {
    for (const { requestId } of this.#waiting.values()) this.#refuse(requestId);
    this.#waiting.clear();
    this.#changes.leave();
  }

  /** New records were appended in this step: whoever waits for data gets it. */
  appended(): void {
    this.#context.emit({ type: 'flush' });
    for (const waiting of [...this.#waiting.values()]) this.#serve(waiting);
  }

  fetch(requestId: number, request: FetchMessage): void {
    const context = this.#context;
    const { log } = context;
    const standing = context.standing('NONE', this.leader);
    this.progress.heardOf(request.replica, context.voters.latest, context.now);
    const base = { type: 'fetch' as const, ...standing, highWatermark: context.highWatermark, logStartOffset: log.startOffset };
    const snapshot = this.#snapshotFor(request);
    if (snapshot !== undefined) {
      context.emit({ type: 'respond', requestId, answer: { ...base, snapshot } });
      return;
    }
    const diverging = this.#divergence(request);
    if (diverging !== undefined) {
      context.emit({ type: 'respond', requestId, answer: { ...base, diverging } });
      return;
    }

    if (request.replica.id >= 0) {
      this.progress.fetched(request.replica, request.fetchOffset, log.endOffset, context.now);
      this.#raiseHighWatermark();
      // Raising it may have ended this leadership: a removed leader steps down when its removal is committed.
      if (context.election.epoch !== standing.epoch || this.#hasLeft) {
        this.#refuse(requestId);
        return;
      }
      this.#changes.progressed();
    }
    const waiting = { requestId, request, deadline: context.now + request.maxWaitMs };
    const hasNews = request.fetchOffset < log.endOffset || request.highWatermark < context.highWatermark;
    if (hasNews || request.maxWaitMs <= 0) this.#serve(waiting);
    else this.#wait(waiting);
  }

  fetchSnapshot(requestId: number, request: FetchSnapshotMessage): void {
    const { snapshot, position } = request;
    this.progress.heardOf(request.replica, this.#context.voters.latest, this.#context.now);
    const standing = this.#context.standing('NONE', this.leader);
    this.#context.emit({
      type: 'respond',
      requestId,
      answer: { type: 'fetchSnapshot', ...standing, snapshot, position, size: 0, read: true },
    });
  }

  changeVoters(requestId: number, request: RaftRequest): void {
    this.#changes.request(requestId, request);
  }

  /** Those who had better stand when this leader goes, the furthest first. */
  successors(): readonly ReplicaKey[] {
    const { self, voters } = this.#context;
    const endOffset = (voter: Voter) => this.progress.of(voter)?.endOffset ?? -1n;
    return voters.latest
      .filter((voter) => !sameReplica(voter, self))
      .sort((a, b) => (endOffset(a) === endOffset(b) ? a.id - b.id : endOffset(a) > endOffset(b) ? -1 : 1))
      .map(({ id, directoryId }) => ({ id, directoryId }));
  }

  /** Who founds the cluster: all that are alive, and at least those who elected this leader. */
  #founders(granting: readonly Voter[]): readonly Voter[] {
    const alive = this.#context.electors().filter((elector) => granting.every(({ id }) => id !== elector.id));
    const founders = inIdOrder([...granting, ...alive]);
    assert(founders.length >= this.#context.quorumSize(), 'a cluster is founded by a majority of those named');
    return founders;
  }

  get #hasLeft(): boolean {
    return this.#context.current !== this;
  }

  #resignAt(): number {
    const { config, self, voters } = this.#context;
    const needed = this.#context.quorumSize() - (memberOf(voters.latest, self) === undefined ? 0 : 1);
    return this.progress.quorumFetchedAt(voters.latest, self, needed, this.#since) + config.fetchTimeoutMs * 1.5;
  }

  /** R8: the highest offset that is flushed on a quorum of the newest voter set, if it is one of this leader's own epoch. */
  #raiseHighWatermark(): void {
    const context = this.#context;
    const { log, self, voters } = context;
    const offsets: bigint[] = [];
    for (const voter of voters.latest) {
      const endOffset = sameReplica(voter, self) ? log.flushedOffset : this.progress.of(voter)?.endOffset;
      if (endOffset !== undefined) offsets.push(endOffset);
    }
    offsets.sort((a, b) => (a > b ? -1 : a < b ? 1 : 0));
    const offset = offsets[context.quorumSize() - 1];
    if (offset === undefined || offset <= this.epochStartOffset) return;
    const wasEstablished = this.isEstablished;
    if (!context.raiseHighWatermark(offset)) return;
    if (!wasEstablished) context.emit({ type: 'leaderChange', leaderId: self.id, epoch: context.election.epoch });
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.request.highWatermark < offset) this.#serve(waiting);
    }
    this.#changes.committed();
    // A leader that was removed has led until its removal was committed; it leads no longer.
    if (voters.latestOffset < offset && memberOf(voters.latest, self) === undefined) context.become.resigned();
  }

  #snapshotFor(request: FetchMessage): SnapshotId | undefined {
    const { log } = this.#context;
    const { latestSnapshot } = log;
    if (latestSnapshot === undefined || log.startOffset === 0n) return undefined;
    const startsElsewhere = request.fetchOffset === log.startOffset && request.lastFetchedEpoch !== log.epochBeforeStart;
    const isBehind = request.fetchOffset < log.startOffset || request.lastFetchedEpoch < log.epochBeforeStart;
    return isBehind || startsElsewhere ? latestSnapshot : undefined;
  }

  /** Where the follower's log parts from this one, as far as its last record tells; undefined when it is a prefix. */
  #divergence(request: FetchMessage): EpochEnd | undefined {
    const { log } = this.#context;
    if (request.fetchOffset === log.startOffset) return undefined;
    const end = log.endOffsetForEpoch(request.lastFetchedEpoch);
    return end.epoch === request.lastFetchedEpoch && request.fetchOffset <= end.endOffset ? undefined : end;
  }

  /** A replica has one fetch waiting; a newer one of the same replica ends the older. */
  #wait(waiting: WaitingFetch): void {
    for (const other of [...this.#waiting.values()]) {
      if (other.request.replica.id >= 0 && sameReplica(other.request.replica, waiting.request.replica)) this.#serve(other);
    }
    this.#waiting.set(waiting.requestId, waiting);
  }

  #serve({ requestId, request }: WaitingFetch): void {
    const context = this.#context;
    this.#waiting.delete(requestId);
    context.emit({
      type: 'respond',
      requestId,
      answer: {
        type: 'fetch',
        ...context.standing('NONE', this.leader),
        highWatermark: context.highWatermark,
        logStartOffset: context.log.startOffset,
        readFrom: request.fetchOffset,
      },
    });
  }

  #refuse(requestId: number): void {
    const context = this.#context;
    context.emit({
      type: 'respond',
      requestId,
      answer: {
        type: 'fetch',
        ...context.standing('NOT_LEADER_OR_FOLLOWER', undefined),
        highWatermark: -1n,
        logStartOffset: -1n,
      },
    });
  }

  #silentVoters(): readonly Voter[] {
    const { now, self, voters, config } = this.#context;
    return voters.latest.filter((voter) => {
      const lastFetchMs = this.progress.of(voter)?.lastFetchMs;
      return (
        !sameReplica(voter, self) &&
        !this.#announcing.has(keyOf(voter)) &&
        (lastFetchMs === undefined || now - lastFetchMs > config.fetchTimeoutMs / 2)
      );
    });
  }

  #announce(): void {
    const context = this.#context;
    for (const voter of this.#silentVoters()) {
      if (context.now < (this.#announceAt.get(keyOf(voter)) ?? this.#since)) continue;
      const recent = context.now - this.#since < context.config.fetchTimeoutMs;
      this.#announcing.add(keyOf(voter));
      this.#announceAt.set(keyOf(voter), context.now + (recent ? announceMs : context.config.fetchTimeoutMs / 2));
      context.send(this, voter.address, {
        type: 'beginQuorumEpoch',
        clusterId: context.clusterId ?? null,
        epoch: context.election.epoch,
        leaderId: context.self.id,
        leaderAddress: context.self.address,
        voter: { id: voter.id, directoryId: voter.directoryId },
      });
    }
  }
}
