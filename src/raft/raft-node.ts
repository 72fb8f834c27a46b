import type { Address, Random } from '#platform';
import { KafkaError } from '#protocol';
import { Candidate } from './candidate.ts';
import { type KnownLeader, RaftContext, type RaftState, type StateName } from './context.ts';
import { Follower } from './follower.ts';
import { Formation } from './formation.ts';
import { Leader } from './leader.ts';
import { Prospective } from './prospective.ts';
import { answerRequest } from './requests.ts';
import { Resigned } from './resigned.ts';
import type {
  ElectionState,
  EpochEnd,
  FormationState,
  LogView,
  RaftAnswer,
  RaftConfig,
  RaftEffect,
  RaftEvent,
  ReplicaKey,
  Standing,
  Voter,
} from './types.ts';
import { Unattached } from './unattached.ts';
import { sameReplica, type VoterHistory } from './voters.ts';

/** What a node starts from: what its disk says, and what it was told. */
export interface RaftNodeOptions {
  readonly self: Voter;
  /** The other brokers' addresses, as given by --peers. */
  readonly peers: readonly Address[];
  readonly clusterId: string | undefined;
  readonly election: ElectionState;
  readonly formation: FormationState | undefined;
  /** The voter sets that the log and its snapshot hold. */
  readonly voters: VoterHistory;
  readonly log: LogView;
  readonly config: RaftConfig;
  readonly random: Random;
  readonly now: number;
  /** The log was damaged, and what is there of it was copied since: what this node may have promised before. */
  readonly promised?: EpochEnd | undefined;
}

/**
 * One replica of the metadata log (KIP-595, 630, 853, 996): events in, effects out. Give it every event in order, and carry out the
 * effects it returns, in order, before giving it the next. It keeps no clock: `now` is monotonic milliseconds.
 */
export class RaftNode {
  readonly #context: RaftContext;
  #state: RaftState;
  #shuttingDown = false;

  constructor(options: RaftNodeOptions) {
    const { clusterId, election, formation, log, now } = options;
    const isEmpty = log.endOffset === 0n && log.startOffset === 0n && options.voters.latest.length === 0;
    // Without a cluster id the founding has not come to its end here, whatever the log holds.
    const founded = formation?.founded ?? (clusterId !== undefined && (!isEmpty || options.promised !== undefined));
    const context = new RaftContext({ ...options, founded });
    this.#context = context;
    context.now = now;
    context.formation = new Formation(context, formation, now);
    context.become = {
      unattached: (epoch, standAt) => this.#unattached(epoch, standAt),
      follower: (epoch, leader) => this.#follower(epoch, leader),
      prospective: () => this.#prospective(),
      candidate: () => this.#candidate(),
      leader: (granting) => this.#leader(granting),
      resigned: () => this.#resigned(),
    };
    // Whatever it was before: it knows its epoch and its vote, and finds out the rest. A leader of old leads no more.
    const votedFor = election.leaderId === context.self.id ? context.self : election.votedFor;
    const alone = context.electors().length === 1 && context.quorumSize() === 1;
    const soon = now + 100 + context.random.below(Math.max(1, Math.ceil(context.config.electionTimeoutMs / 2)));
    this.#state = new Unattached(context, votedFor, alone || (clusterId === undefined && isEmpty) ? now : soon);
    context.current = this.#state;
  }

  get stateName(): StateName {
    return this.#state.name;
  }

  get epoch(): number {
    return this.#context.election.epoch;
  }

  /** For whom this node has voted in its epoch. */
  get votedFor(): ReplicaKey | undefined {
    return this.#voteIn(this.epoch);
  }

  get leader(): KnownLeader | undefined {
    return this.#state.leader;
  }

  get highWatermark(): bigint {
    return this.#context.highWatermark;
  }

  /** What this node must hold again before it votes, as its log was damaged; undefined when all is well. */
  get promised(): EpochEnd | undefined {
    return this.#context.promised;
  }

  get clusterId(): string | undefined {
    return this.#context.clusterId;
  }

  /** The voter set in force here, committed or not. */
  get voters(): readonly Voter[] {
    return this.#context.voters.latest;
  }

  /** The voter set that counts for a log that ends at `endOffset`; for snapshots. */
  votersAsOf(endOffset: bigint): readonly Voter[] {
    return this.#context.voters.asOf(endOffset);
  }

  /** While this node leads: the leader's view of its replicas. */
  get leading(): Leader | undefined {
    return this.#state instanceof Leader ? this.#state : undefined;
  }

  /** Has its leadership been announced: may others act on it? */
  get isEstablishedLeader(): boolean {
    return this.leading?.isEstablished === true && !this.#shuttingDown;
  }

  /** Has this node resigned, and not all voters have answered to that yet? */
  get isHandingOver(): boolean {
    return this.#state instanceof Resigned && this.#state.unanswered > 0;
  }

  /** When a `tick` event is due, if nothing else happens before. */
  get deadline(): number {
    return Math.min(this.#state.deadline(), this.#context.nextExpiry(), this.#context.formation.deadline());
  }

  /** Before formation: the brokers found, for the answer to another blank broker. */
  get found(): readonly ReplicaKey[] {
    return this.#context.formation.found();
  }

  step(event: RaftEvent, now: number): readonly RaftEffect[] {
    const context = this.#context;
    context.now = Math.max(context.now, now);
    if (event.type === 'tick') this.#tick();
    else if (event.type === 'request') answerRequest(context, this.#state, event.requestId, event.request);
    else if (event.type === 'answer') this.#answered(event.requestId, event.answer);
    else if (event.type === 'failed') this.#failed(event.requestId, event.refused);
    else if (event.type === 'flushed') this.#state.flushed();
    else if (event.type === 'resign') this.#resign(event.epoch, event.shutdown);
    else if (this.#state instanceof Follower) {
      if (event.type === 'snapshotReady') this.#state.snapshotReady(event.snapshot, event.voters);
      else this.#state.snapshotDamaged();
    }
    return context.takeEffects();
  }

  /**
   * Appends one batch of data as the leader of `epoch`. Carry the effects out at once: the returned offset is that of its last record.
   * @throws KafkaError NOT_CONTROLLER when this node is not the announced leader of exactly that epoch
   */
  append(epoch: number, records: readonly Buffer[], now: number): { readonly lastOffset: bigint; readonly effects: readonly RaftEffect[] } {
    const context = this.#context;
    context.now = Math.max(context.now, now);
    const leading = this.leading;
    if (leading === undefined || !this.isEstablishedLeader || epoch !== this.epoch) {
      throw new KafkaError('NOT_CONTROLLER', `Broker ${context.self.id} does not lead the metadata log in epoch ${epoch}.`);
    }
    const lastOffset = context.log.endOffset + BigInt(records.length) - 1n;
    context.emit({ type: 'appendData', epoch, records });
    leading.appended();
    return { lastOffset, effects: context.takeEffects() };
  }

  #tick(): void {
    const context = this.#context;
    context.expireRequests();
    context.formation.tick();
    if (context.now >= this.#state.deadline()) this.#state.tick();
  }

  #answered(requestId: number, answer: RaftAnswer): void {
    const outstanding = this.#context.settle(requestId);
    if (outstanding === undefined) return;
    const { asker, request, to } = outstanding;
    if ('epoch' in answer) this.#heard(answer);
    if (asker === this.#state || asker === this.#context.formation) asker.answered(request, answer, to);
  }

  #failed(requestId: number, refused: boolean): void {
    const outstanding = this.#context.settle(requestId);
    if (outstanding === undefined) return;
    const { asker, request, to } = outstanding;
    if (asker === this.#state || asker === this.#context.formation) asker.failed(request, refused, to);
  }

  /** Every answer tells of an epoch and perhaps of its leader. */
  #heard({ epoch, error, leaderAddress, leaderId }: Standing): void {
    const context = this.#context;
    const own = context.election.epoch;
    if (error === 'INCONSISTENT_CLUSTER_ID' || epoch < own || this.#shuttingDown) return;
    const leader =
      leaderId >= 0 && leaderId !== context.self.id && leaderAddress !== undefined ? { id: leaderId, address: leaderAddress } : undefined;
    if (leader !== undefined && context.isStrangeLeader(leader.id)) return;
    if (epoch > own) {
      if (leader !== undefined) this.#follower(epoch, leader);
      else this.#unattached(epoch);
    } else if (leader !== undefined && this.#state.leader === undefined && this.#state.name !== 'resigned') {
      this.#follower(epoch, leader);
    }
  }

  #resign(epoch: number | undefined, shutdown: boolean): void {
    const context = this.#context;
    if (shutdown) this.#shuttingDown = true;
    const leading = this.leading;
    if (leading !== undefined && (epoch === undefined || epoch === this.epoch)) {
      this.#resigned();
    } else if (shutdown) {
      this.#enter(new Resigned(context, true));
    }
  }

  #enter(state: RaftState): void {
    const before = this.#state;
    const context = this.#context;
    before.leave();
    this.#state = state;
    context.current = state;
    const known = state.leader?.id ?? -1;
    const wasKnown = before.leader?.id ?? -1;
    // A leader announces itself when it has committed; everyone else at once.
    if (state.name !== 'leader' && (known !== wasKnown || (known >= 0 && before.name === 'leader'))) {
      context.emit({ type: 'leaderChange', leaderId: known, epoch: this.epoch });
    }
  }

  /** The vote that stands in this epoch, if the epoch is the present one. */
  #voteIn(epoch: number): ReplicaKey | undefined {
    return epoch === this.epoch ? (this.#state.votedFor ?? this.#context.election.votedFor) : undefined;
  }

  #unattached(epoch: number, standAt = this.#context.electionDeadline()): void {
    const votedFor = this.#voteIn(epoch);
    // A leader that is known on disk stays there: it was the leader of that epoch, whether it answers or not.
    const leaderId = epoch === this.epoch ? this.#context.election.leaderId : -1;
    this.#context.save({ epoch, leaderId, votedFor });
    if (this.#shuttingDown) {
      this.#enter(new Resigned(this.#context, true));
      return;
    }
    this.#enter(new Unattached(this.#context, votedFor, standAt));
  }

  #follower(epoch: number, leader: { readonly id: number; readonly address: Address }): void {
    if (this.#shuttingDown) {
      this.#unattached(epoch);
      return;
    }
    const votedFor = this.#voteIn(epoch);
    this.#context.save({ epoch, leaderId: leader.id, votedFor });
    const follower = new Follower(this.#context, leader, votedFor);
    this.#enter(follower);
    follower.start();
  }

  #prospective(): void {
    const prospective = new Prospective(this.#context, this.#state.leader, this.#voteIn(this.epoch));
    this.#enter(prospective);
    prospective.start();
  }

  #candidate(): void {
    const context = this.#context;
    const self = { id: context.self.id, directoryId: context.self.directoryId };
    context.save({ epoch: this.epoch + 1, leaderId: -1, votedFor: self });
    const candidate = new Candidate(context);
    this.#enter(candidate);
    candidate.start();
  }

  #leader(granting: readonly Voter[]): void {
    const context = this.#context;
    context.save({
      epoch: this.epoch,
      leaderId: context.self.id,
      votedFor: { id: context.self.id, directoryId: context.self.directoryId },
    });
    const leader = new Leader(context);
    this.#enter(leader);
    leader.start(granting);
  }

  /** Leads no more, and tells the voters, so that they need not find out by waiting. */
  #resigned(): void {
    const context = this.#context;
    const message = {
      type: 'endQuorumEpoch' as const,
      clusterId: context.clusterId ?? null,
      epoch: this.epoch,
      leaderId: context.self.id,
      preferred: this.leading?.successors() ?? [],
    };
    const others = this.voters.filter((voter) => !sameReplica(voter, context.self));
    const resigned = new Resigned(context, this.#shuttingDown);
    this.#enter(resigned);
    resigned.handOver(others, message);
  }
}
