import type { Address } from '#platform';
import { clusterIdOf } from './cluster-id.ts';
import type { Asker, RaftContext } from './context.ts';
import type { AskAnswer, FormationState, RaftAnswer, RaftRequest, ReplicaKey, Voter } from './types.ts';
import { majorityOf, sameReplica } from './voters.ts';

/** In its first moments a broker asks this often: brokers that start together find each other at once. */
const hurriedAskMs = 20;
/** And this soon again whom it has found, to see whether it was found in turn. */
const eagerAskMs = 4;
const hurriedForMs = 1000;
/** Who has not answered for so long does not count as alive. */
const aliveForMs = 1000;
/** When everybody is there the lowest id stands at once and the others, should it fail, after at least this time. */
const foundingElectionMs = 100;

/** One address of `--peers`, and who was found there. */
interface Seat {
  readonly address: Address;
  member: Voter | undefined;
  /** Has that broker found this one in turn? It would refuse a stranger's request for votes. */
  knowsUs: boolean;
  answeredAt: number;
  asking: boolean;
  askAt: number;
  asked: boolean;
  clusterId: string | undefined;
}

/**
 * Finds the cluster that this broker belongs to, or helps to found one, from nothing but the addresses it was given. The rules and
 * the argument for them stand in docs/internals/raft.md, "Forming a cluster". In short: until a node knows that the founding
 * record of its log is committed, every quorum it uses is a majority of the brokers *named*, present or not.
 */
export class Formation implements Asker {
  readonly #context: RaftContext;
  readonly #seats: readonly Seat[];
  readonly #startedAt: number;
  #remembered: FormationState | undefined;
  #newcomerAt: number;
  #everybodyAt = Number.POSITIVE_INFINITY;
  #elections = 0;
  #checkedForeign = false;
  #mostVoters = 0;

  constructor(context: RaftContext, remembered: FormationState | undefined, now: number) {
    this.#context = context;
    this.#remembered = remembered;
    this.#startedAt = now;
    this.#newcomerAt = now;
    const named = remembered?.founded === false ? remembered.named : context.peers;
    this.#seats = named.filter(isFirstOfItsKind).map((address) => ({
      address,
      member: undefined,
      knowsUs: false,
      answeredAt: Number.NEGATIVE_INFINITY,
      asking: false,
      askAt: now,
      asked: false,
      clusterId: undefined,
    }));
    if (this.namedCount === 1) this.#everybodyAt = now;
  }

  /** How many brokers were named, this one included. Two addresses that lead to one broker count once. */
  get namedCount(): number {
    const found: string[] = [this.#context.self.directoryId];
    let count = 1;
    for (const { member } of this.#seats) {
      if (member !== undefined && found.includes(member.directoryId)) continue;
      if (member !== undefined) found.push(member.directoryId);
      count++;
    }
    return count;
  }

  /** The other brokers' addresses, as the rules in force know them. */
  get addresses(): readonly Address[] {
    return this.#seats.map((seat) => seat.address);
  }

  /** While true, brokers that were named but absent at the founding become voters when they come. */
  get isOpen(): boolean {
    return this.#remembered?.founded === true;
  }

  /** This broker and those found alive at the named addresses: who would found the cluster. */
  founders(): readonly Voter[] {
    const founders: Voter[] = [this.#context.self];
    for (const seat of this.#seats) {
      if (seat.member === undefined || this.#context.now - seat.answeredAt > aliveForMs) continue;
      if (!founders.some(({ directoryId, id }) => directoryId === seat.member?.directoryId || id === seat.member?.id)) {
        founders.push(seat.member);
      }
    }
    return founders;
  }

  /** Was this replica found at one of the named addresses? */
  knows(replica: ReplicaKey): boolean {
    return this.#seats.some(({ member }) => member !== undefined && sameReplica(member, replica));
  }

  /** Whom this broker has found, for the answer to another one's question. */
  found(): readonly ReplicaKey[] {
    return this.founders().slice(1);
  }

  /** A broker that was not found yet has spoken: look again at once. */
  lookAgain(): void {
    for (const seat of this.#seats) seat.askAt = Math.min(seat.askAt, this.#context.now);
  }

  /** When a blank broker may stand for election; Infinity while it may not. */
  standAt(): number {
    const founders = this.founders();
    if (founders.length < majorityOf(this.namedCount)) return Number.POSITIVE_INFINITY;
    const { config, now, self } = this.#context;
    // The lowest id first: those that met at the same moment do not split their votes.
    const turn = founders.filter(({ id }) => id < self.id).length * foundingElectionMs;
    const mutual = this.#seats.every((seat) => seat.knowsUs || seat.member?.directoryId === self.directoryId);
    if (founders.length < this.namedCount || !mutual) return this.#newcomerAt + config.foundingGraceMs + turn;
    return Math.min(this.#everybodyAt, now) + turn;
  }

  /** Elections among brokers that just met may be quick; each that fails makes the next one more patient. */
  electionTimeoutMs(): number {
    return Math.min(this.#context.config.electionTimeoutMs, foundingElectionMs * 2 ** Math.min(this.#elections++, 10));
  }

  /** Must be durable before the first promise that counts by the named brokers. */
  rememberNamed(): void {
    if (this.#remembered !== undefined || this.#context.founded || this.#seats.length === 0) return;
    this.#remember({ named: this.addresses, founded: false });
  }

  /** The high watermark rose: the founding record is committed, and perhaps a later voter set is. */
  committed(): void {
    const context = this.#context;
    if (context.highWatermark === 0n) return;
    if (!context.founded) this.#foundingCommitted();
    const voters = context.voters.asOf(context.highWatermark).length;
    // When an operator has removed a voter, voters change only by operators from then on.
    if (this.isOpen && (voters < this.#mostVoters || !this.#mayGrow())) this.#remember(undefined);
    this.#mostVoters = Math.max(this.#mostVoters, voters);
  }

  tick(): void {
    const now = this.#context.now;
    for (const seat of this.#seats) {
      if (seat.asking || now < seat.askAt || !this.#stillAsks(seat)) continue;
      seat.asking = true;
      this.#context.send(this, seat.address, { type: 'ask' });
    }
  }

  deadline(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const seat of this.#seats) if (!seat.asking && this.#stillAsks(seat)) next = Math.min(next, seat.askAt);
    return next;
  }

  answered(_request: RaftRequest, answer: RaftAnswer, from: Address): void {
    const seat = this.#seats.find(({ address }) => isSameAddress(address, from));
    if (seat === undefined || answer.type !== 'ask') return;
    if (answer.clusterId === undefined) this.#metBlank(seat, answer);
    else this.#metFormed(seat, answer.clusterId);
    this.#rest(seat);
    this.#checkForeign();
  }

  failed(_request: RaftRequest, _refused: boolean, to: Address): void {
    const seat = this.#seats.find(({ address }) => isSameAddress(address, to));
    if (seat === undefined) return;
    this.#rest(seat);
    this.#checkForeign();
  }

  #rest(seat: Seat): void {
    const { now, config } = this.#context;
    seat.asking = false;
    seat.asked = true;
    const isEarly = now - Math.max(this.#startedAt, this.#newcomerAt) < hurriedForMs;
    const pause = !isEarly ? config.askIntervalMs : seat.member !== undefined && !seat.knowsUs ? eagerAskMs : hurriedAskMs;
    seat.askAt = now + Math.min(pause, config.askIntervalMs);
  }

  /** A broker of a cluster asks only to learn whether it was pointed at a foreign one. */
  #stillAsks(seat: Seat): boolean {
    return this.#context.clusterId === undefined || !seat.asked;
  }

  #metBlank(seat: Seat, answer: AskAnswer): void {
    const { now, self } = this.#context;
    if (answer.self?.id === self.id && answer.self.directoryId !== self.directoryId) {
      const { host, port } = seat.address;
      this.#context.emit({
        type: 'fatal',
        message: `The broker at ${host}:${port} has the id ${self.id} too. Give each broker its own --id.`,
      });
      return;
    }
    const newcomer = answer.self !== undefined && (seat.member === undefined || !sameReplica(seat.member, answer.self));
    if (newcomer || now - seat.answeredAt > aliveForMs) this.#newcomerAt = now;
    seat.member = answer.self;
    seat.answeredAt = now;
    seat.knowsUs = answer.knows.some((replica) => sameReplica(replica, self));
    const complete = this.founders().length === this.namedCount;
    if (!complete) this.#everybodyAt = Number.POSITIVE_INFINITY;
    else if (this.#everybodyAt === Number.POSITIVE_INFINITY) this.#everybodyAt = now;
  }

  #metFormed(seat: Seat, clusterId: string): void {
    const context = this.#context;
    seat.answeredAt = Number.NEGATIVE_INFINITY;
    seat.clusterId = clusterId;
    if (context.clusterId !== undefined) return;
    this.rememberNamed();
    context.clusterId = clusterId;
    context.emit({ type: 'persistClusterId', clusterId });
    if (!context.mayStand) context.become.unattached(context.election.epoch);
  }

  /** Once all addresses were tried: if only foreign clusters answered, this broker was pointed at the wrong one. */
  #checkForeign(): void {
    const own = this.#context.clusterId;
    if (own === undefined || this.#checkedForeign || this.#seats.some((seat) => !seat.asked)) return;
    this.#checkedForeign = true;
    const foreign = this.#seats.find((seat) => seat.clusterId !== undefined && seat.clusterId !== own);
    if (foreign === undefined || this.#seats.some((seat) => seat.clusterId === own)) return;
    const { host, port } = foreign.address;
    this.#context.emit({
      type: 'fatal',
      message: `The data directory belongs to cluster ${own}, but ${host}:${port} belongs to cluster ${foreign.clusterId}. Name the right peers, or start with an empty directory.`,
    });
  }

  #foundingCommitted(): void {
    const context = this.#context;
    context.founded = true;
    const { founding } = context.voters;
    // The id comes first: after a crash in between, a broker that knows the cluster as founded must know which one it is.
    if (context.clusterId === undefined && founding !== undefined) {
      context.clusterId = clusterIdOf(founding);
      context.emit({ type: 'persistClusterId', clusterId: context.clusterId });
    }
    if (this.#remembered !== undefined) {
      this.#remember(this.#mayGrow() ? { named: this.addresses, founded: true } : undefined);
    }
  }

  /** Are there brokers that were named and may yet become voters? */
  #mayGrow(): boolean {
    return this.#context.voters.latest.length < Math.min(this.namedCount, this.#context.config.maxVoters);
  }

  #remember(formation: FormationState | undefined): void {
    this.#remembered = formation;
    this.#context.emit({ type: 'persistFormation', formation });
  }
}

/** Do the two name the same place, letter by letter? */
export function isSameAddress(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}

function isFirstOfItsKind(address: Address, index: number, all: readonly Address[]): boolean {
  return all.findIndex((other) => isSameAddress(other, address)) === index;
}
