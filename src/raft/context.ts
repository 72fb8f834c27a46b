import assert from 'node:assert/strict';
import type { Address, Random } from '#platform';
import type { ErrorName } from '#protocol';
import type { Formation } from './formation.ts';
import { isRepaired } from './repair.ts';
import type {
  ElectionState,
  EpochEnd,
  LogView,
  RaftAnswer,
  RaftConfig,
  RaftEffect,
  RaftRequest,
  ReplicaKey,
  SnapshotId,
  Standing,
  Voter,
} from './types.ts';
import { majorityOf, memberOf, type VoterHistory, zeroDirectoryId } from './voters.ts';

/** A leader that this node believes in, in its present epoch. */
export interface KnownLeader {
  readonly id: number;
  readonly address: Address | undefined;
}

export type StateName = 'unattached' | 'follower' | 'prospective' | 'candidate' | 'leader' | 'resigned';

/** What a node is at the moment. Each state decides in its own file; raft-node.ts holds the one that counts. */
export interface RaftState {
  readonly name: StateName;
  readonly leader: KnownLeader | undefined;
  readonly votedFor: ReplicaKey | undefined;
  /** The state itself may do something again at this time. */
  deadline(): number;
  tick(): void;
  /** May this node help another into a pre-vote's majority? The logs are compared elsewhere. */
  readonly admitsPreVote: boolean;
  /** The answer to a request that this state sent, while the state still holds. */
  answered(request: RaftRequest, answer: RaftAnswer, from: Address): void;
  /** The request got no answer. */
  failed(request: RaftRequest, refused: boolean, to: Address): void;
  /** The log has become durable up to its view's `flushedOffset`. */
  flushed(): void;
  /** Called when another state takes over. */
  leave(): void;
}

/** Moves between states. */
export interface Transitions {
  /** @param standAt when to stand for election, when this node may */
  unattached(epoch: number, standAt?: number): void;
  follower(epoch: number, leader: { readonly id: number; readonly address: Address }): void;
  prospective(): void;
  candidate(): void;
  leader(granting: readonly Voter[]): void;
  resigned(): void;
}

/** Whoever may send requests and wants their answers: a state or the formation. */
export interface Asker {
  answered(request: RaftRequest, answer: RaftAnswer, from: Address): void;
  failed(request: RaftRequest, refused: boolean, to: Address): void;
}

interface Outstanding {
  readonly asker: Asker;
  readonly request: RaftRequest;
  readonly to: Address;
  readonly deadline: number;
}

/** What all states of one node share: identity, log, voters, epoch, and the effects of the step in hand. */
export class RaftContext {
  readonly self: Voter;
  readonly config: RaftConfig;
  readonly random: Random;
  readonly log: LogView;
  readonly voters: VoterHistory;
  readonly peers: readonly Address[];
  now = 0;
  clusterId: string | undefined;
  highWatermark: bigint;
  /** The log holds a founding record that is committed, as far as this node knows, or came from such a log. */
  founded: boolean;
  /** The log was damaged and is copied again: until it holds all up to here, this node neither votes nor stands (R13). See repair.ts. */
  promised: EpochEnd | undefined;
  become!: Transitions;
  current!: RaftState;
  formation!: Formation;
  #saved: ElectionState;
  #effects: RaftEffect[] = [];
  #nextRequestId = 1;
  readonly #outstanding = new Map<number, Outstanding>();

  constructor(options: {
    self: Voter;
    config: RaftConfig;
    random: Random;
    log: LogView;
    voters: VoterHistory;
    peers: readonly Address[];
    clusterId: string | undefined;
    founded: boolean;
    election: ElectionState;
    promised?: EpochEnd | undefined;
  }) {
    this.self = options.self;
    this.config = options.config;
    this.random = options.random;
    this.log = options.log;
    this.voters = options.voters;
    this.peers = options.peers;
    this.clusterId = options.clusterId;
    this.founded = options.founded;
    this.promised = options.promised;
    this.#saved = options.election;
    this.highWatermark = options.log.latestSnapshot?.endOffset ?? options.log.startOffset;
  }

  /** The election state as it will be on disk when the effects so far are carried out. */
  get election(): ElectionState {
    return this.#saved;
  }

  emit(effect: RaftEffect): void {
    this.#effects.push(effect);
  }

  /** Gives away what was emitted since the last call. */
  takeEffects(): readonly RaftEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Keeps an election state, before anything that follows in this step leaves the node (R2, R3). */
  save(election: ElectionState): void {
    const saved = this.#saved;
    assert(election.epoch >= saved.epoch, `R3: the epoch on disk would fall from ${saved.epoch} to ${election.epoch}`);
    const sameVote = election.votedFor?.id === saved.votedFor?.id && election.votedFor?.directoryId === saved.votedFor?.directoryId;
    if (election.epoch === saved.epoch && election.leaderId === saved.leaderId && sameVote) return;
    if (election.epoch === saved.epoch && saved.votedFor !== undefined) assert(sameVote, `R2: a second vote in epoch ${election.epoch}`);
    this.formation.rememberNamed();
    this.#saved = election;
    this.emit({ type: 'persistElection', election });
  }

  /** How many members of the electorate must agree to elect or commit. See docs/internals/raft.md, "Forming a cluster". */
  quorumSize(): number {
    const voters = this.voters.latest.length;
    if (this.founded || this.voters.hasChanged) return majorityOf(voters);
    return Math.max(majorityOf(this.formation.namedCount), majorityOf(voters));
  }

  /** Whose votes this node would ask for, itself included. */
  electors(): readonly Voter[] {
    return this.voters.latest.length > 0 ? this.voters.latest : this.formation.founders();
  }

  /**
   * May this node stand for election? Only voters may, and those that would found a cluster. One whose removal is in its log and not
   * known to be committed may too: nobody else may hold the record that removes it, and then nobody else could win (Raft thesis, 4.2.2).
   */
  get mayStand(): boolean {
    if (this.promised !== undefined) return false;
    const { latest, latestOffset, previous } = this.voters;
    if (latest.length > 0) {
      return (
        memberOf(latest, this.self) !== undefined || (latestOffset >= this.highWatermark && memberOf(previous, this.self) !== undefined)
      );
    }
    return this.clusterId === undefined && this.log.endOffset === 0n;
  }

  /** Is this node the replica that a request is meant for? */
  isMe(replica: ReplicaKey): boolean {
    if (replica.id !== -1 && replica.id !== this.self.id) return false;
    return replica.directoryId === zeroDirectoryId || replica.directoryId === this.self.directoryId;
  }

  /** Is this node an empty one that belongs to no cluster? Then the formation decides when it stands. */
  get isBlank(): boolean {
    return this.clusterId === undefined && this.voters.latest.length === 0;
  }

  /** Before formation a node deals only with those that it knows by name; afterwards the voter set and the log decide. */
  isStranger(replica: ReplicaKey): boolean {
    if (this.clusterId !== undefined || this.founded) return false;
    return memberOf(this.voters.latest, replica) === undefined && !this.formation.knows(replica);
  }

  /** The same for a leader, of whom messages name only the id. */
  isStrangeLeader(id: number): boolean {
    if (this.clusterId !== undefined || this.founded) return false;
    return ![...this.voters.latest, ...this.formation.founders()].some((member) => member.id === id);
  }

  send(asker: Asker, to: Address, request: RaftRequest, timeoutMs = this.config.requestTimeoutMs): void {
    const requestId = this.#nextRequestId++;
    this.#outstanding.set(requestId, { asker, request, to, deadline: this.now + timeoutMs });
    this.emit({ type: 'send', requestId, to, request });
  }

  /** Takes a request off the list of those that wait; undefined when it was given up before, or answered twice. */
  settle(requestId: number): Outstanding | undefined {
    const outstanding = this.#outstanding.get(requestId);
    this.#outstanding.delete(requestId);
    return outstanding;
  }

  /** Gives up requests that waited too long. */
  expireRequests(): void {
    for (const [requestId, outstanding] of this.#outstanding) {
      if (outstanding.deadline > this.now) continue;
      this.#outstanding.delete(requestId);
      outstanding.asker.failed(outstanding.request, false, outstanding.to);
    }
  }

  nextExpiry(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const outstanding of this.#outstanding.values()) next = Math.min(next, outstanding.deadline);
    return next;
  }

  standing(error: ErrorName, leader: KnownLeader | undefined): Standing {
    return { error, epoch: this.#saved.epoch, leaderId: leader?.id ?? -1, leaderAddress: leader?.address };
  }

  /** A time between once and twice `ms` from now. */
  randomly(ms: number): number {
    return this.now + ms + this.random.below(Math.max(1, Math.ceil(ms)));
  }

  electionDeadline(): number {
    return this.randomly(this.clusterId === undefined ? this.formation.electionTimeoutMs() : this.config.electionTimeoutMs);
  }

  /** Moves the high watermark up; the first move tells that the founding record is committed. */
  raiseHighWatermark(offset: bigint): boolean {
    if (offset <= this.highWatermark) return false;
    assert(offset <= this.log.endOffset, `R9: high watermark ${offset} beyond the log end ${this.log.endOffset}`);
    this.highWatermark = offset;
    this.formation.committed();
    this.emit({ type: 'highWatermark', offset });
    return true;
  }

  /** The log has grown, and the leader has told how much is committed: perhaps that ends a repair. */
  copied(leaderHighWatermark: bigint, leaderHadNoMore: boolean): void {
    if (this.promised === undefined) return;
    const leader = { epoch: this.election.epoch, highWatermark: leaderHighWatermark, hadNoMore: leaderHadNoMore };
    if (!isRepaired(this.promised, this.log, this.highWatermark, leader)) return;
    this.promised = undefined;
    this.emit({ type: 'repaired' });
  }

  /** R10: what is committed is never cut off. */
  truncate(offset: bigint): void {
    assert(offset >= this.highWatermark, `R10: the log would be cut at ${offset}, below the high watermark ${this.highWatermark}`);
    this.voters.truncateTo(offset);
    this.emit({ type: 'truncate', offset });
  }

  /** The snapshot becomes all that this node has. */
  installSnapshot(snapshot: SnapshotId, voters: readonly Voter[]): void {
    assert(
      snapshot.endOffset > this.highWatermark,
      `R10: snapshot ${snapshot.endOffset} is below the high watermark ${this.highWatermark}`,
    );
    this.voters.reset(voters);
    this.highWatermark = snapshot.endOffset;
    this.emit({ type: 'installSnapshot', snapshot });
    this.formation.committed();
  }
}
