import assert from 'node:assert/strict';
import type { Random } from '#platform';
import { RaftNode } from '../raft-node.ts';
import type {
  ElectionState,
  EpochEnd,
  FormationState,
  RaftAnswer,
  RaftConfig,
  RaftEffect,
  RaftEvent,
  RaftRequest,
  SnapshotId,
  Voter,
} from '../types.ts';
import { VoterHistory } from '../voters.ts';
import type { Oracle } from './oracle.ts';
import { type DurableLog, type SimulatedBatch, SimulatedLog, type SimulatedSnapshot } from './simulated-log.ts';

/** All of a node that a crash leaves. */
export interface SimulatedDisk {
  readonly directoryId: string;
  election: ElectionState;
  formation: FormationState | undefined;
  clusterId: string | undefined;
  log: DurableLog;
  /** How far the log was flushed, as far as others may know. */
  flushedOffset: bigint;
  /** The log was damaged: what this node must hold again before it votes. */
  promised: EpochEnd | undefined;
  /** What was in damaged logs. */
  lost: readonly SimulatedBatch[];
}

export function blankDisk(directoryId: string): SimulatedDisk {
  return {
    directoryId,
    election: { epoch: 0, leaderId: -1, votedFor: undefined },
    formation: undefined,
    clusterId: undefined,
    log: { startOffset: 0n, batches: [], snapshot: undefined },
    flushedOffset: 0n,
    promised: undefined,
    lost: [],
  };
}

/** What a node may do to the world around it. */
export interface World {
  readonly now: number;
  readonly random: Random;
  readonly oracle: Oracle;
  readonly config: RaftConfig;
  after(delayMs: number, action: () => void): void;
  send(from: SimulatedNode, requestId: number, to: { port: number }, request: RaftRequest): void;
  respond(from: SimulatedNode, requestId: number, answer: RaftAnswer): void;
  snapshotOf(id: SnapshotId): SimulatedSnapshot;
  contentOf(): string;
  /** Checks of a leader's new high watermark against all disks. */
  leaderCommits(node: SimulatedNode): void;
  trace(line: () => string): void;
}

/** Wrong ways of carrying effects out, to prove that the checks see them. */
export interface Mutation {
  readonly speakBeforePersist?: boolean;
  readonly forgetFormation?: boolean;
  /** A flush ends at once and keeps nothing; of those that are no voters, or of all. */
  readonly flushKeepsNothing?: 'observers' | 'all';
}

const snapshotSize = 3;

/** A RaftNode on a simulated disk: a shell like the real one, without bytes. */
export class SimulatedNode {
  readonly self: Voter;
  readonly disk: SimulatedDisk;
  readonly core: RaftNode;
  readonly log: SimulatedLog;
  alive = true;
  applied = 0n;
  readonly requests = new Map<number, RaftRequest>();
  readonly #world: World;
  readonly #mutation: Mutation;
  readonly #work: (RaftEvent | RaftEffect[])[] = [];
  #busy = false;
  #timer = 0;
  #ledEpoch = -1;

  constructor(world: World, self: Voter, peers: readonly { host: string; port: number }[], disk: SimulatedDisk, mutation: Mutation) {
    this.#world = world;
    this.#mutation = mutation;
    this.self = self;
    this.disk = disk;
    this.log = new SimulatedLog(disk.log);
    const voters = new VoterHistory();
    if (this.log.snapshot !== undefined) voters.reset(this.log.snapshot.voters);
    for (const batch of this.log.batches) if (batch.voters !== undefined) voters.append(batch.voters.offset, batch.voters.voters);
    this.applied = this.log.snapshot?.endOffset ?? 0n;
    this.core = new RaftNode({
      self,
      peers,
      clusterId: disk.clusterId,
      election: disk.election,
      formation: disk.formation,
      voters,
      log: this.log,
      config: world.config,
      random: world.random.fork(`node ${self.id} at ${world.now}`),
      now: world.now,
      promised: disk.promised,
    });
    this.#wake();
  }

  handle(event: RaftEvent): void {
    if (!this.alive) return;
    this.#work.push(event);
    this.#drain();
  }

  append(content: string): void {
    if (!this.alive || !this.core.isEstablishedLeader || this.#busy) return;
    const { effects } = this.core.append(this.core.epoch, [Buffer.from(content)], this.#world.now);
    this.#work.unshift([...effects]);
    this.#drain();
  }

  /** Cuts the log at the high watermark, as a snapshot allows. */
  snapshot(): void {
    const batch = this.log.batches.findLast(({ lastOffset }) => lastOffset < this.core.highWatermark);
    if (!this.alive || batch === undefined || this.#busy || this.log.flushedOffset < this.core.highWatermark) return;
    const endOffset = batch.lastOffset + 1n;
    this.log.cutPrefix({ endOffset, epoch: batch.epoch, voters: this.core.votersAsOf(endOffset) });
  }

  crash(): SimulatedDisk {
    this.alive = false;
    return { ...this.disk, flushedOffset: this.log.flushedOffset, log: this.log.crash((bound) => this.#world.random.below(bound)) };
  }

  #drain(): void {
    while (!this.#busy && this.alive) {
      const work = this.#work.shift();
      if (work === undefined) break;
      if (!Array.isArray(work)) {
        this.#work.unshift([...this.core.step(work, this.#world.now)]);
        if (this.core.leading !== undefined) this.#leads();
        continue;
      }
      const effect = work.shift();
      if (effect === undefined) continue;
      this.#work.unshift(work);
      this.#carryOut(effect);
    }
    if (this.alive && !this.#busy) this.#wake();
  }

  #leads(): void {
    const { epoch } = this.core;
    if (this.#ledEpoch === epoch) return;
    this.#ledEpoch = epoch;
    this.#world.trace(() => `${this.self.id} leads epoch ${epoch} from offset ${this.core.leading!.epochStartOffset}`);
    this.#world.oracle.leads(this.self, epoch, this.log.batches, this.log.startOffset, this.disk);
  }

  #wake(): void {
    const turn = ++this.#timer;
    const { deadline } = this.core;
    if (deadline === Number.POSITIVE_INFINITY) return;
    this.#world.after(Math.max(0, deadline - this.#world.now), () => {
      if (this.alive && turn === this.#timer) this.handle({ type: 'tick' });
    });
  }

  /** A write that is durable only after a while; what follows waits for it. */
  #persist(write: () => void): void {
    const { random } = this.#world;
    const delay = random.below(10) === 0 ? random.below(40) : random.below(3);
    if (this.#mutation.speakBeforePersist === true) {
      this.#world.after(delay, () => this.alive && write());
      return;
    }
    this.#busy = true;
    this.#world.after(delay, () => {
      if (!this.alive) return;
      write();
      this.#busy = false;
      this.#drain();
    });
  }

  #carryOut(effect: RaftEffect): void {
    const world = this.#world;
    if (effect.type === 'persistElection') this.#persist(() => void (this.disk.election = effect.election));
    else if (effect.type === 'persistFormation') {
      if (effect.formation?.founded === true) this.#sawFounding();
      if (this.#mutation.forgetFormation !== true) this.#persist(() => void (this.disk.formation = effect.formation));
    } else if (effect.type === 'persistClusterId') {
      world.oracle.joins(this.self.id, effect.clusterId);
      this.#sawFounding();
      this.#persist(() => void (this.disk.clusterId = effect.clusterId));
    } else if (effect.type === 'appendControl') {
      const baseOffset = this.log.endOffset;
      const lastOffset = baseOffset + BigInt(effect.records.length) - 1n;
      const index = effect.records.findIndex((record) => record.type === 'voters');
      const record = effect.records[index];
      const voters = record?.type === 'voters' ? { offset: baseOffset + BigInt(index), voters: record.voters } : undefined;
      this.log.append({ baseOffset, lastOffset, epoch: effect.epoch, content: world.contentOf(), ...(voters && { voters }) });
    } else if (effect.type === 'appendData') {
      const baseOffset = this.log.endOffset;
      const lastOffset = baseOffset + BigInt(effect.records.length) - 1n;
      this.log.append({ baseOffset, lastOffset, epoch: effect.epoch, content: String(effect.records[0]) });
    } else if (effect.type === 'appendFetched') {
      for (const batch of effect.batches) this.log.append(batch as SimulatedBatch);
    } else if (effect.type === 'truncate') {
      assert(this.core.leading === undefined, 'R4: a leader cuts its own log');
      this.log.truncate(effect.offset);
    } else if (effect.type === 'flush') {
      const isVoter = this.core.voters.some(({ id, directoryId }) => id === this.self.id && directoryId === this.self.directoryId);
      const lazy = this.#mutation.flushKeepsNothing;
      const done = this.log.flush(lazy === 'all' || (lazy === 'observers' && !isVoter));
      world.after(world.random.below(10) === 0 ? world.random.below(40) : world.random.below(3), () => {
        if (!this.alive) return;
        done();
        this.handle({ type: 'flushed' });
      });
    } else if (effect.type === 'send') {
      if ('epoch' in effect.request) world.oracle.speaks(this.self.id, effect.request.epoch, this.disk.election);
      world.send(this, effect.requestId, effect.to, effect.request);
    } else if (effect.type === 'respond') this.#respond(effect.requestId, effect.answer);
    else if (effect.type === 'highWatermark') this.#commit(effect.offset);
    else if (effect.type === 'writeSnapshot') {
      const key = `${effect.snapshot.endOffset}-${effect.snapshot.epoch}`;
      this.log.partial.set(key, effect.position + effect.bytes.length);
    } else if (effect.type === 'finishSnapshot') {
      const { voters } = world.snapshotOf(effect.snapshot);
      world.after(1, () => this.handle({ type: 'snapshotReady', snapshot: effect.snapshot, voters }));
    } else if (effect.type === 'repaired') {
      world.trace(() => `the log of ${this.self.id} is repaired up to offset ${this.log.endOffset}`);
      world.oracle.repaired(this.self.id, this.disk.lost, this.log);
      this.#persist(() => void (this.disk.promised = undefined));
    } else if (effect.type === 'installSnapshot') {
      assert(this.core.leading === undefined, 'R11: a leader loads a snapshot');
      this.log.startAt(world.snapshotOf(effect.snapshot));
      this.applied = effect.snapshot.endOffset;
    } else if (effect.type === 'fatal') assert.fail(effect.message);
  }

  #respond(requestId: number, answer: RaftAnswer): void {
    const world = this.#world;
    const request = this.requests.get(requestId);
    this.requests.delete(requestId);
    if ('epoch' in answer) world.oracle.speaks(this.self.id, answer.epoch, this.disk.election);
    if (request?.type === 'vote' && !request.preVote && answer.type === 'vote' && answer.granted) {
      const { directoryId } = request.voter;
      assert(directoryId === this.self.directoryId, `R2: ${this.self.id} votes as ${directoryId}, and is ${this.self.directoryId}`);
      world.oracle.grants(this.self, request.epoch, request.candidate, this.disk);
      world.trace(() => `${this.self.id} votes for ${request.candidate.id} in epoch ${request.epoch}`);
    }
    let filled = answer;
    if (answer.type === 'fetch' && answer.readFrom !== undefined) {
      const { readFrom } = answer;
      filled = { ...answer, batches: this.log.from(readFrom, 5) };
    } else if (answer.type === 'fetchSnapshot' && answer.read === true) {
      const has = this.log.snapshot?.endOffset === answer.snapshot.endOffset && this.log.snapshot.epoch === answer.snapshot.epoch;
      filled = has
        ? { ...answer, size: snapshotSize, bytes: Buffer.alloc(Math.min(2, snapshotSize - answer.position)) }
        : { ...answer, error: 'SNAPSHOT_NOT_FOUND' };
    }
    world.respond(this, requestId, filled);
  }

  #sawFounding(): void {
    if (this.core.leading !== undefined && this.core.highWatermark > 0n) this.#world.leaderCommits(this);
    this.#world.oracle.founded = true;
  }

  #commit(highWatermark: bigint): void {
    const newly = this.log.from(this.applied).filter((batch) => batch.lastOffset < highWatermark);
    assert(newly.length === 0 || newly[0]!.baseOffset === this.applied, `R7: ${this.self.id} leaves a gap at ${this.applied}`);
    if (this.core.leading !== undefined) this.#world.leaderCommits(this);
    this.#world.oracle.commits(this.self.id, this.core.epoch, newly);
    assert(highWatermark >= this.applied, `R9: the high watermark of ${this.self.id} falls`);
    this.applied = highWatermark;
  }
}
