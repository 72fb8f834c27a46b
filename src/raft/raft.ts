import {
  type Address,
  type Clock,
  type Disk,
  DurationHistogram,
  type Logger,
  NetworkError,
  type Platform,
  sleep,
  type Timer,
} from '#platform';
import { buildRecordBatch, KafkaError } from '#protocol';
import type { AddRaftVoterRequest, AddRaftVoterResponseInput } from '#protocol/apis/add-raft-voter.ts';
import type { BeginQuorumEpochRequest, BeginQuorumEpochResponseInput } from '#protocol/apis/begin-quorum-epoch.ts';
import type { DescribeQuorumRequest, DescribeQuorumResponseInput } from '#protocol/apis/describe-quorum.ts';
import type { EndQuorumEpochRequest, EndQuorumEpochResponseInput } from '#protocol/apis/end-quorum-epoch.ts';
import type { FetchRequest, FetchResponseInput } from '#protocol/apis/fetch.ts';
import type { FetchSnapshotRequest, FetchSnapshotResponseInput } from '#protocol/apis/fetch-snapshot.ts';
import type { RemoveRaftVoterRequest, RemoveRaftVoterResponseInput } from '#protocol/apis/remove-raft-voter.ts';
import type { UpdateRaftVoterRequest, UpdateRaftVoterResponseInput } from '#protocol/apis/update-raft-voter.ts';
import type { VoteRequest, VoteResponseInput } from '#protocol/apis/vote.ts';
import { type LogDirectory, NoSpaceError, type PartitionLog } from '#storage';
import type { BrokerClient } from '#transport';
import { CommitFeed, type RaftListener } from './commit-feed.ts';
import { buildRaftBatch, encodeControlRecord } from './control-records.ts';
import { isSameAddress } from './formation.ts';
import { writeFormation } from './formation-file.ts';
import { fullDiskPauseMs, isFullDisk, untilThereIsRoom } from './full-disk.ts';
import { PartitionLogView } from './log-view.ts';
import { MisfitError } from './misfit-error.ts';
import { type OpenedLog, openLog } from './open-log.ts';
import { PeerRequests } from './peer-requests.ts';
import { PendingRequests } from './pending-requests.ts';
import { describeQuorum } from './quorum-description.ts';
import { writeElection } from './quorum-state.ts';
import { RaftNode } from './raft-node.ts';
import { writeRepair } from './repair-file.ts';
import * as served from './served-requests.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import {
  defaultRaftConfig,
  type RaftAnswer,
  type RaftConfig,
  type RaftEffect,
  type RaftEvent,
  type RaftRequest,
  type SnapshotId,
  type Voter,
} from './types.ts';
import { memberOf } from './voters.ts';

/** A clean shutdown waits at most so long until the other voters have heard of it. */
const handOverMs = 1000;

export interface RaftOptions {
  readonly platform: Platform;
  readonly nodeId: number;
  readonly directoryId: string;
  readonly clusterId: string | undefined;
  /** `.../__cluster_metadata-0` */
  readonly directory: string;
  readonly logDirectory: LogDirectory;
  readonly advertised: Address;
  /** The other brokers that --peers names. */
  readonly peers: readonly Address[];
  readonly client: BrokerClient;
  readonly config?: Partial<RaftConfig>;
  /** Must be durable in meta.properties before it resolves. */
  onClusterId(id: string): Promise<void>;
  /** This node cannot go on: its disk failed, an invariant is broken, or its data belongs to another cluster. It takes part no more. */
  readonly onFatal?: (error: Error) => void;
}

/**
 * The metadata log of one broker: the core that decides (RaftNode), with its disk, its network and its clock. Events go to the core
 * one after another; the effects of one are carried out before the next.
 */
export class Raft {
  readonly nodeId: number;
  readonly #clock: Clock;
  readonly #disk: Disk;
  readonly #logger: Logger;
  readonly #options: RaftOptions;
  readonly #config: RaftConfig;
  readonly #self: Voter;
  readonly #log: PartitionLog;
  readonly #view: PartitionLogView;
  readonly #snapshots: SnapshotStore;
  readonly #node: RaftNode;
  readonly #peers: PeerRequests;
  readonly #feed: CommitFeed;
  readonly #events: RaftEvent[] = [];
  /** Of the step in hand, not carried out yet. */
  #effects: RaftEffect[] = [];
  readonly #requests: PendingRequests;
  /** Addresses that did not answer their last request, and why. */
  readonly #silentPeers = new Map<string, string>();
  #working = false;
  #started = false;
  #closed = false;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #flushing = false;
  #flushAgain = false;
  #snapshotting: Promise<void> = Promise.resolve();
  /** A batch whose commit is waited for, to know how long it takes: one at a time. */
  #sample: { readonly offset: bigint; readonly appendedAt: number } | undefined;
  /** How long batches of this leader took until they were committed. */
  readonly commitTimes = new DurationHistogram();

  /**
   * Opens the metadata log, or makes it, and reads what this node has promised.
   * @throws KafkaError, Error naming the file, when something that must not be guessed at is damaged
   */
  static async open(options: RaftOptions): Promise<Raft> {
    const { clusterId, directory, directoryId, logDirectory, nodeId: id, peers } = options;
    const { disk } = options.platform;
    const logger = options.platform.log.child({ part: 'raft' });
    const opened = await openLog({ disk, directory, logDirectory, self: { id, directoryId }, clusterId, peers, logger });
    const { formation } = opened;
    if (formation?.founded === false && !formation.named.every((one) => options.peers.some((peer) => isSameAddress(one, peer)))) {
      logger.warn({ remembered: formation.named, given: options.peers }, 'the cluster is being formed by the peers that were named first');
    }
    return new Raft(options, { logger, ...opened });
  }

  private constructor(options: RaftOptions, parts: OpenedLog & { logger: Logger }) {
    const { clock, disk, random } = options.platform;
    this.#options = options;
    this.nodeId = options.nodeId;
    this.#clock = clock;
    this.#disk = disk;
    this.#logger = parts.logger;
    this.#config = { ...defaultRaftConfig, ...options.config };
    this.#self = { id: options.nodeId, directoryId: options.directoryId, address: options.advertised };
    this.#log = parts.log;
    this.#snapshots = parts.snapshots;
    this.#view = new PartitionLogView(parts.log, parts.snapshots);
    this.#node = new RaftNode({
      self: this.#self,
      peers: options.peers,
      clusterId: options.clusterId,
      election: parts.election,
      formation: parts.formation,
      voters: parts.voters,
      log: this.#view,
      config: this.#config,
      random: random.fork('raft'),
      now: clock.monotonic(),
      promised: parts.promised,
    });
    this.#requests = new PendingRequests({
      log: parts.log,
      snapshots: parts.snapshots,
      leads: (epoch) => this.#node.leading !== undefined && this.#node.epoch === epoch,
      damaged: (error) => this.#fail(error),
    });
    this.#peers = new PeerRequests(options.client, options.advertised);
    const position = parts.loaded?.id.endOffset ?? 0n;
    this.#feed = new CommitFeed({ log: parts.log, position, logger: parts.logger, failed: (error) => this.#fail(error) });
    if (parts.loaded !== undefined) this.#feed.push({ type: 'snapshot', snapshot: parts.loaded });
  }

  /** Who leads the metadata log, as far as this node knows; -1 and no address when it does not. */
  get leader(): { readonly leaderId: number; readonly leaderEpoch: number; readonly address: Address | undefined } {
    const { epoch: leaderEpoch, leader } = this.#node;
    return { leaderId: leader?.id ?? -1, leaderEpoch, address: leader?.address };
  }

  /** Of the disk that this node stands on: with its id it is the replica that votes. */
  get directoryId(): string {
    return this.#self.directoryId;
  }

  /** Undefined until the cluster is formed. */
  get clusterId(): string | undefined {
    return this.#node.clusterId;
  }

  /** Addresses of other brokers that did not answer their last request, each with the reason. */
  get silentPeers(): ReadonlyMap<string, string> {
    return this.#silentPeers;
  }

  /** In Kafka's words: leader, follower, observer, candidate, prospective, unattached, resigned. */
  get state(): string {
    const { stateName, voters } = this.#node;
    return stateName === 'follower' && memberOf(voters, this.#self) === undefined ? 'observer' : stateName;
  }

  /** The id of the broker that this node has voted for in its epoch; -1 when it has not voted. */
  get votedFor(): number {
    return this.#node.votedFor?.id ?? -1;
  }

  /** How many brokers fetch the log without a vote; undefined where only the leader knows. */
  get observerCount(): number | undefined {
    return this.#node.leading?.progress.observers(this.#node.voters, this.#clock.monotonic()).length;
  }

  get isFormed(): boolean {
    return this.#node.clusterId !== undefined;
  }

  /** The metadata log was damaged and is copied again from the leader; this node does not vote until that is done. */
  get isRepairing(): boolean {
    return this.#node.promised !== undefined;
  }

  get highWatermark(): bigint {
    return this.#node.highWatermark;
  }

  get logEndOffset(): bigint {
    return this.#log.logEndOffset;
  }

  /** The voter set in force here. */
  get voters(): readonly Voter[] {
    return this.#node.voters;
  }

  /** Listeners are called synchronously and in order; add them before {@link start}. */
  addListener(listener: RaftListener): void {
    this.#feed.add(listener);
  }

  /** Begins to take part. */
  start(): void {
    this.#started = true;
    this.#feed.run();
    this.#dispatch({ type: 'tick' });
  }

  /** Hands the leadership over, if this node has it, and takes part no more. The log stays open: it is the log directory's. */
  async shutdown(): Promise<void> {
    if (this.#closed) return;
    this.#dispatch({ type: 'resign', epoch: undefined, shutdown: true });
    const deadline = this.#clock.monotonic() + handOverMs;
    while (!this.#closed && this.#node.isHandingOver && this.#clock.monotonic() < deadline) await sleep(this.#clock, 5);
    this.#close();
    await this.#snapshotting;
  }

  /**
   * One atomic batch on the metadata log. Returns the offset of its last record.
   * @throws KafkaError NOT_CONTROLLER when this node is not leader of exactly that epoch
   */
  append(leaderEpoch: number, records: readonly Buffer[]): bigint {
    if (records.length === 0) throw new KafkaError('INVALID_RECORD', 'A batch of the metadata log has records.');
    if (this.#closed || this.#effects.length > 0) throw new KafkaError('NOT_CONTROLLER');
    const { effects, lastOffset } = this.#node.append(leaderEpoch, records, this.#clock.monotonic());
    const failure = this.#carryOutAppend(effects);
    if (failure !== undefined) {
      // On a full disk nothing was appended and nothing is broken; the caller may try again.
      if (!(failure instanceof NoSpaceError)) this.#fail(failure);
      throw failure;
    }
    if (lastOffset >= this.#node.highWatermark) this.#sample ??= { offset: lastOffset, appendedAt: this.#clock.monotonic() };
    this.#setTimer();
    return lastOffset;
  }

  /** Gives the leadership of that epoch up. */
  resign(leaderEpoch: number): void {
    this.#dispatch({ type: 'resign', epoch: leaderEpoch, shutdown: false });
  }

  /**
   * Writes a snapshot of all up to and including `lastContainedOffset`, which must be committed. When it is durable the older
   * snapshots but one, and the log before that one, are let go.
   */
  createSnapshot(
    lastContainedOffset: bigint,
    lastContainedEpoch: number,
    lastContainedTimestamp: number,
    records: Iterable<Buffer>,
  ): Promise<void> {
    const endOffset = lastContainedOffset + 1n;
    if (endOffset > this.#node.highWatermark) {
      return Promise.reject(new KafkaError('INVALID_REQUEST', `Offset ${lastContainedOffset} is not committed.`));
    }
    const voters = this.#node.votersAsOf(endOffset);
    const contents = [...records];
    const written = this.#snapshotting.then(() =>
      this.#writeSnapshot({ endOffset, epoch: lastContainedEpoch }, lastContainedTimestamp, voters, contents),
    );
    this.#snapshotting = written.catch(() => {});
    return written;
  }

  async vote(request: VoteRequest): Promise<VoteResponseInput> {
    return served.writeVote(await this.#ask(served.readVote(request), 'vote'));
  }

  async beginQuorumEpoch(request: BeginQuorumEpochRequest): Promise<BeginQuorumEpochResponseInput> {
    return served.writeQuorumEpoch(await this.#ask(served.readBegin(request), 'beginQuorumEpoch'));
  }

  async endQuorumEpoch(request: EndQuorumEpochRequest): Promise<EndQuorumEpochResponseInput> {
    return served.writeQuorumEpoch(await this.#ask(served.readEnd(request), 'endQuorumEpoch'));
  }

  async fetch(request: FetchRequest): Promise<FetchResponseInput> {
    return served.writeFetch(await this.#ask(served.readFetch(request), 'fetch'));
  }

  async fetchSnapshot(request: FetchSnapshotRequest): Promise<FetchSnapshotResponseInput> {
    return served.writeFetchSnapshot(await this.#ask(served.readFetchSnapshot(request), 'fetchSnapshot'));
  }

  async describeQuorum(request: DescribeQuorumRequest): Promise<DescribeQuorumResponseInput> {
    const now = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
    return describeQuorum(request, this.#node, this.#view, this.#self, now);
  }

  async addRaftVoter(request: AddRaftVoterRequest): Promise<AddRaftVoterResponseInput> {
    return served.writeChangeVoters(await this.#ask(served.readAddVoter(request), 'addVoter'));
  }

  async removeRaftVoter(request: RemoveRaftVoterRequest): Promise<RemoveRaftVoterResponseInput> {
    return served.writeChangeVoters(await this.#ask(served.readRemoveVoter(request), 'removeVoter'));
  }

  async updateRaftVoter(request: UpdateRaftVoterRequest): Promise<UpdateRaftVoterResponseInput> {
    return served.writeUpdateVoter(await this.#ask(served.readUpdateVoter(request), 'updateVoter'));
  }

  /** The data directory. */
  get #root(): string {
    return this.#options.logDirectory.path;
  }

  /** All effects of an append happen at once. The error of the append itself does not keep the others from it: fetches are to be answered. */
  #carryOutAppend(effects: readonly RaftEffect[]): unknown {
    let failure: unknown;
    for (const effect of effects) {
      try {
        void this.#carryOut(effect);
      } catch (error) {
        failure ??= error;
      }
    }
    return failure;
  }

  #ask<T extends RaftAnswer['type']>(request: RaftRequest, _type: T): Promise<Extract<RaftAnswer, { type: T }>> {
    if (this.#closed || !this.#started)
      return Promise.reject(new KafkaError('BROKER_NOT_AVAILABLE', 'This broker takes no part in the metadata quorum.'));
    return this.#requests.open((requestId) => this.#dispatch({ type: 'request', requestId, request }));
  }

  #dispatch(event: RaftEvent): void {
    if (this.#closed) return;
    this.#events.push(event);
    if (!this.#working) this.#work();
  }

  /** Takes event after event, at once as long as nothing has to be waited for. */
  #work(): void {
    this.#working = true;
    try {
      while (!this.#closed) {
        const effect = this.#effects.shift();
        if (effect !== undefined) {
          const pending = this.#carryOut(effect);
          if (pending === undefined) continue;
          pending.then(
            () => this.#work(),
            (error: unknown) => this.#fail(error),
          );
          return;
        }
        // Between two steps nothing is half done: only then may listeners append.
        this.#feed.run();
        const event = this.#events.shift();
        if (event === undefined) break;
        this.#effects = [...this.#node.step(event, this.#clock.monotonic())];
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#working = false;
    this.#setTimer();
  }

  #setTimer(): void {
    const at = this.#closed || !this.#started ? Number.POSITIVE_INFINITY : this.#node.deadline;
    if (at === this.#timerAt) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.after(Math.max(0, at - this.#clock.monotonic()), () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#dispatch({ type: 'tick' });
    });
  }

  /** A promise when the next effect has to wait. */
  #carryOut(effect: RaftEffect): Promise<void> | undefined {
    switch (effect.type) {
      case 'persistElection':
        return this.#untilThereIsRoom(() =>
          writeElection({ disk: this.#disk, directory: this.#options.directory, root: this.#root }, effect.election),
        );
      case 'persistFormation': {
        const written = this.#untilThereIsRoom(() => writeFormation(this.#disk, this.#options.directory, effect.formation));
        if (effect.formation?.founded === false) return written;
        // No promise hangs on this one, and an established leader must not be held up in the middle of a step.
        written.catch((error: unknown) => this.#fail(error));
        return undefined;
      }
      case 'persistClusterId':
        this.#logger.info({ clusterId: effect.clusterId }, 'this broker belongs to a cluster');
        return this.#untilThereIsRoom(() => this.#options.onClusterId(effect.clusterId));
      case 'appendControl': {
        const batch = buildRaftBatch(effect.records.map(encodeControlRecord), this.#clock.now(), effect.epoch);
        const append = () => void this.#log.append(batch, { leaderEpoch: effect.epoch, origin: 'raft-leader' });
        try {
          append();
          return undefined;
        } catch (error) {
          if (!isFullDisk(error)) throw error;
          return this.#untilThereIsRoom(async () => append());
        }
      }
      case 'appendData': {
        const records = effect.records.map((value) => ({ value }));
        this.#log.append(buildRecordBatch({ records, timestamp: this.#clock.now() }), { leaderEpoch: effect.epoch, origin: 'raft-leader' });
        return undefined;
      }
      case 'appendFetched':
        return this.#appendFetched(effect);
      case 'truncate':
        this.#logger.info({ offset: effect.offset }, 'the metadata log parts from the leader and is cut back');
        return this.#untilThereIsRoom(() => this.#log.truncateTo(effect.offset));
      case 'flush':
        this.#flush();
        return undefined;
      case 'send':
        this.#send(effect.requestId, effect.to, effect.request);
        return undefined;
      case 'respond':
        this.#requests.respond(effect.requestId, effect.answer);
        return undefined;
      case 'highWatermark':
        this.#log.highWatermark = effect.offset;
        this.#noteCommit(effect.offset);
        this.#feed.push({ type: 'commit', upTo: effect.offset });
        return undefined;
      case 'leaderChange':
        if (effect.leaderId === -1) this.#logger.info({ epoch: effect.epoch }, 'the metadata log has no leader');
        else this.#logger.info({ leader: effect.leaderId, epoch: effect.epoch }, 'the metadata log has another leader');
        this.#sample = undefined;
        this.#feed.push({ type: 'leader', leaderId: effect.leaderId, leaderEpoch: effect.epoch });
        return undefined;
      case 'writeSnapshot':
        this.#snapshots.writePart(effect.snapshot, effect.position, effect.bytes);
        return undefined;
      case 'finishSnapshot':
        void this.#finishSnapshot(effect.snapshot);
        return undefined;
      case 'repaired':
        this.#logger.info({}, 'the metadata log is whole again; this broker votes from now on');
        return this.#untilThereIsRoom(() => writeRepair(this.#disk, this.#root, undefined));
      case 'installSnapshot':
        return this.#installSnapshot(effect.snapshot);
      case 'fatal':
        this.#fail(new MisfitError(effect.message));
        return undefined;
    }
  }

  #noteCommit(highWatermark: bigint): void {
    if (this.#sample === undefined || highWatermark <= this.#sample.offset) return;
    this.commitTimes.observe(this.#clock.monotonic() - this.#sample.appendedAt);
    this.#sample = undefined;
  }

  #untilThereIsRoom(write: () => Promise<void>): Promise<void> {
    return untilThereIsRoom(write, { clock: this.#clock, logger: this.#logger, goesOn: () => !this.#closed });
  }

  /** On a full disk what was fetched is left out, to be fetched again after a while, unless the core counts on it already. */
  #appendFetched(effect: Extract<RaftEffect, { type: 'appendFetched' }>): Promise<void> | undefined {
    try {
      this.#log.appendAsFollower(effect.bytes);
      return undefined;
    } catch (error) {
      if (!(error instanceof NoSpaceError) || effect.batches.some(({ voters }) => voters !== undefined)) throw error;
      this.#logger.warn({ error: error.message }, 'no room for the metadata log, trying again');
      return sleep(this.#clock, fullDiskPauseMs);
    }
  }

  #flush(): void {
    if (this.#flushing) {
      this.#flushAgain = true;
      return;
    }
    this.#flushing = true;
    this.#flushAgain = false;
    this.#log.flush().then(
      () => {
        this.#flushing = false;
        if (this.#flushAgain) this.#flush();
        this.#dispatch({ type: 'flushed' });
      },
      (error: unknown) => {
        if (!isFullDisk(error)) return this.#fail(error);
        this.#clock.after(fullDiskPauseMs, () => {
          this.#flushing = false;
          if (!this.#closed) this.#flush();
        });
      },
    );
  }

  #send(requestId: number, to: Address, request: RaftRequest): void {
    const waitMs = request.type === 'fetch' ? request.maxWaitMs : 0;
    this.#peers.send(to, request, waitMs + this.#config.requestTimeoutMs).then(
      (answer) => {
        this.#silentPeers.delete(`${to.host}:${to.port}`);
        this.#dispatch({ type: 'answer', requestId, answer });
      },
      (error: unknown) => {
        this.#silentPeers.set(`${to.host}:${to.port}`, (error as Error).message);
        const refused = error instanceof NetworkError && error.code === 'ECONNREFUSED';
        this.#logger.debug({ to, type: request.type, error: (error as Error).message }, 'a raft request got no answer');
        this.#dispatch({ type: 'failed', requestId, refused });
      },
    );
  }

  async #finishSnapshot(snapshot: { endOffset: bigint; epoch: number }): Promise<void> {
    try {
      const content = await this.#snapshots.finishPart(snapshot);
      if (content === undefined) this.#dispatch({ type: 'snapshotDamaged', snapshot });
      else this.#dispatch({ type: 'snapshotReady', snapshot, voters: content.voters });
    } catch (error) {
      this.#fail(error);
    }
  }

  async #installSnapshot(id: { endOffset: bigint; epoch: number }): Promise<void> {
    const snapshot = await this.#snapshots.read(id);
    await this.#log.truncateFullyAndStartAt(id.endOffset);
    this.#log.highWatermark = id.endOffset;
    this.#feed.push({ type: 'snapshot', snapshot });
    await this.#snapshots.clean();
  }

  async #writeSnapshot(
    id: SnapshotId,
    lastContainedTimestamp: number,
    voters: readonly Voter[],
    records: readonly Buffer[],
  ): Promise<void> {
    if (this.#closed || (this.#snapshots.latest?.endOffset ?? -1n) >= id.endOffset) return;
    try {
      await this.#snapshots.create(id, lastContainedTimestamp, voters, records);
      const oldest = await this.#snapshots.clean();
      if (oldest !== undefined && oldest.endOffset > this.#log.logStartOffset) await this.#log.deletePrefix(oldest.endOffset);
    } catch (error) {
      // The log still tells everything; a later snapshot may find room.
      if (!isFullDisk(error)) this.#fail(error);
      throw error;
    }
  }

  /** Nothing is retried on a disk that failed, and nothing goes on after a broken invariant. */
  #fail(error: unknown): void {
    if (this.#closed) return;
    const isDefect = error instanceof Error && !(error instanceof MisfitError);
    this.#logger.error({ error: isDefect ? (error.stack ?? error.message) : String(error) }, 'this broker leaves the metadata quorum');
    this.#close();
    this.#options.onFatal?.(error instanceof Error ? error : new Error(String(error)));
  }

  #close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#feed.close();
    this.#events.length = 0;
    this.#effects.length = 0;
    this.#requests.rejectAll();
  }
}
