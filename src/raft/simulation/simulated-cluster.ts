import assert from 'node:assert/strict';
import { type Random, SeededRandom } from '#platform';
import { defaultRaftConfig, type RaftAnswer, type RaftRequest, type SnapshotId, type Voter } from '../types.ts';
import { majorityOf } from '../voters.ts';
import { Agenda } from './agenda.ts';
import { Oracle } from './oracle.ts';
import type { SimulatedBatch, SimulatedSnapshot } from './simulated-log.ts';
import { blankDisk, type Mutation, type SimulatedDisk, SimulatedNode, type World } from './simulated-node.ts';
import { VoterSets } from './voter-sets.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly nodes: number;
  /** How long faults go on, in simulated milliseconds. */
  readonly faultsMs?: number;
  /** Brokers that never start while there are faults. */
  readonly absent?: number;
  readonly mutation?: Mutation;
  /** Do operators add and remove voters? */
  readonly changes?: boolean;
  /** Do logs get damaged, and disks replaced by empty ones, as far as a majority stays sound? */
  readonly damage?: boolean;
  /** Hears what happens, a line each. */
  readonly trace?: ((line: string) => void) | undefined;
}

/** Some RaftNodes, a network that loses, delays and doubles, disks that forget, and an oracle. One seed decides everything. */
export class SimulatedCluster implements World {
  now = 0;
  readonly random: Random;
  readonly oracle = new Oracle();
  readonly config = defaultRaftConfig;
  readonly nodes: (SimulatedNode | undefined)[];
  readonly #disks: SimulatedDisk[];
  readonly #agenda = new Agenda();
  readonly #options: SimulationOptions;
  readonly #snapshots = new Map<string, SimulatedSnapshot>();
  readonly #cut = new Set<string>();
  /** What was on disks and in logs that are gone, by directory id. */
  readonly #gone = new Map<string, SimulatedBatch[]>();
  readonly #pending = new Map<number, { readonly from: SimulatedNode; readonly requestId: number; readonly to: number }>();
  #nextPending = 1;
  #replaced = 0;
  #content = 0;
  #lossPercent = 0;
  #isPeace = false;
  steps = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.random = new SeededRandom(options.seed);
    this.nodes = Array.from({ length: options.nodes }, () => undefined);
    this.#disks = Array.from({ length: options.nodes }, (_, index) => blankDisk(`directory-of-${index + 1}`));
  }

  after(delayMs: number, action: () => void): void {
    this.#agenda.push(this.now + delayMs, action);
  }

  contentOf(): string {
    return `#${this.#content++}`;
  }

  snapshotOf(id: SnapshotId): SimulatedSnapshot {
    const snapshot = this.#snapshots.get(`${id.endOffset}-${id.epoch}`);
    assert(snapshot !== undefined, 'a snapshot that nobody made');
    return snapshot;
  }

  start(index: number): void {
    if (this.nodes[index]?.alive === true) return;
    const disk = this.#disks[index]!;
    this.trace(() => `${index + 1} starts on ${disk.directoryId}${disk.promised === undefined ? '' : ', with a log to repair'}`);
    const others = this.#addresses().filter((address) => address.port !== index);
    // In the middle of a formation somebody may name other peers; what was named first has to count.
    const isForming = disk.clusterId === undefined && disk.election.epoch > 0;
    const peers = isForming && this.random.below(2) === 0 ? others.filter(() => this.random.below(2) === 0) : others;
    this.nodes[index] = new SimulatedNode(this, this.#voter(index), peers, disk, this.#options.mutation ?? {});
  }

  crash(index: number): void {
    const node = this.nodes[index];
    if (node?.alive !== true) return;
    this.trace(() => `${index + 1} crashes as ${node.core.stateName} of epoch ${node.core.epoch}`);
    this.#disks[index] = node.crash();
  }

  /** A crash that leaves a log with a hole: what a start makes of it is an empty one, and the memory of what was promised. */
  damage(index: number): void {
    this.crash(index);
    const disk = this.#disks[index]!;
    const { epoch } = disk.election;
    const before = disk.promised?.endOffset ?? 0n;
    // Sometimes nothing is left at all, and nobody knows how much it was.
    const endOffset = this.random.below(4) === 0 ? 2n ** 63n - 1n : disk.flushedOffset > before ? disk.flushedOffset : before;
    this.trace(() => `the log of ${index + 1} is damaged; it had promised epoch ${epoch}, offset ${endOffset}`);
    this.#noteGone(index);
    const lost = [...disk.lost, ...disk.log.batches];
    this.#disks[index] = { ...disk, log: blankDisk('').log, flushedOffset: 0n, promised: { epoch, endOffset }, lost };
  }

  /** Another disk, empty, under the same broker id. */
  replaceDisk(index: number): void {
    this.crash(index);
    this.#noteGone(index);
    this.trace(() => `the disk of ${index + 1} is replaced`);
    this.#disks[index] = blankDisk(`directory-of-${index + 1}-${++this.#replaced}`);
  }

  /** What was flushed and acknowledged before it went counts for what is committed by it. */
  #noteGone(index: number): void {
    const { directoryId, log } = this.#disks[index]!;
    this.#gone.set(directoryId, [...(this.#gone.get(directoryId) ?? []), ...log.batches]);
  }

  trace(line: () => string): void {
    this.#options.trace?.(`${this.now.toFixed(1).padStart(9)}  ${line()}`);
  }

  send(from: SimulatedNode, requestId: number, to: { port: number }, request: RaftRequest): void {
    const copies = this.#lossPercent > 0 && this.random.below(20) === 0 ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#isLost(from.self.address.port, to.port)) continue;
      this.after(this.#delay(), () => this.#deliver(from, requestId, to.port, request));
    }
  }

  respond(from: SimulatedNode, requestId: number, answer: RaftAnswer): void {
    const pending = this.#pending.get(requestId);
    this.#pending.delete(requestId);
    if (pending === undefined || this.#isLost(from.self.address.port, pending.from.self.address.port)) return;
    this.after(this.#delay(), () => pending.from.handle({ type: 'answer', requestId: pending.requestId, answer }));
  }

  /** R8: what a leader calls committed is flushed on a quorum: of those named until the founding record is committed, of the voters then. */
  leaderCommits(node: SimulatedNode): void {
    const highWatermark = node.core.highWatermark;
    const last = node.log.batches.findLast((batch) => batch.lastOffset < highWatermark);
    if (last === undefined) return;
    assert(last.epoch === node.core.epoch, `R8: ${node.self.id} commits a batch of epoch ${last.epoch} in epoch ${node.core.epoch}`);
    const holders = node.core.voters.filter((voter) => {
      const other = this.nodes[voter.address.port];
      const disk = this.#disks[voter.address.port]!;
      if (this.#gone.get(voter.directoryId)?.some(({ content }) => content === last.content)) return true;
      if (other === undefined || disk.directoryId !== voter.directoryId) return false;
      if ((other.alive ? other.log : disk.log).startOffset > last.lastOffset) return true;
      return other.alive ? other.log.isDurable(last) : disk.log.batches.some(({ content }) => content === last.content);
    }).length;
    const needed = !this.oracle.founded ? majorityOf(this.#options.nodes) : majorityOf(node.core.voters.length);
    assert(holders >= needed, `R8: ${node.self.id} commits ${highWatermark}, flushed on ${holders} of the ${needed} needed`);
  }

  /** Lets time pass. */
  run(untilMs: number, until: () => boolean = () => false): void {
    for (;;) {
      const next = this.#agenda.pop();
      if (next === undefined) break;
      if (next.at > untilMs || until()) {
        this.#agenda.push(next.at, next.action);
        break;
      }
      this.now = Math.max(this.now, next.at);
      this.steps++;
      next.action();
    }
    if (!until()) this.now = Math.max(this.now, untilMs);
  }

  /** Faults of every kind at random moments, with a client that appends. */
  runWithFaults(): void {
    const { absent = 0, faultsMs = 20_000, nodes } = this.#options;
    const { random } = this;
    this.#lossPercent = random.below(3) === 0 ? 0 : random.below(15);
    const present = nodes - absent;
    for (let index = 0; index < present; index++) this.after(random.below(random.below(2) === 0 ? 50 : 3000), () => this.start(index));
    const act = () => {
      if (this.now > faultsMs) return;
      const index = random.below(present);
      const what = random.below(100);
      if (what < 6 && this.#options.damage === true) this.#harm(index);
      else if (what < 25) this.crash(index);
      else if (what < 60) this.start(index);
      else if (what < 70) this.#cutOff(index);
      else if (what < 80) this.#healCuts();
      else if (what < 88) this.snapshot(index);
      else if (what < 95 && this.#options.changes === true) this.#changeInTrouble(index);
      else this.#append();
      this.after(random.below(what < 60 ? 800 : 300), act);
    };
    const write = () => {
      if (this.now > faultsMs) return;
      this.#append();
      this.after(random.below(400), write);
    };
    this.after(200, act);
    this.after(200, write);
    this.run(faultsMs);
  }

  /** A change of the voters, and often a crash on its heels. */
  #changeInTrouble(index: number): void {
    this.changeVoters(index);
    const crashSoon = (victim: number) => this.after(this.random.below(30), () => this.#isPeace || this.crash(victim));
    if (this.random.below(2) === 0) crashSoon(index);
    if (this.random.below(4) === 0) crashSoon(this.random.below(this.nodes.length));
  }

  /** A client writes to whoever believes to lead. */
  #append(): void {
    for (const node of this.nodes) node?.append(this.contentOf());
  }

  /** No faults any more, everybody up. */
  heal(options: { absent?: number } = {}): void {
    this.#isPeace = true;
    this.#lossPercent = 0;
    this.#healCuts();
    for (let index = 0; index < this.nodes.length - (options.absent ?? 0); index++) this.start(index);
  }

  get alive(): readonly SimulatedNode[] {
    return this.nodes.filter((node) => node?.alive === true) as SimulatedNode[];
  }

  get leader(): SimulatedNode | undefined {
    return this.alive.filter((node) => node.core.isEstablishedLeader).sort((a, b) => b.core.epoch - a.core.epoch)[0];
  }

  /** Do all that run hold the same log, all of it committed, in one formed cluster? */
  get hasConverged(): boolean {
    const { leader } = this;
    if (leader === undefined) return false;
    return this.alive.every(
      ({ core, log }) =>
        core.clusterId !== undefined &&
        core.promised === undefined &&
        core.epoch === leader.core.epoch &&
        core.highWatermark === leader.log.endOffset &&
        log.endOffset === leader.log.endOffset,
    );
  }

  /** Who knows what, for the message of a run that does not end. */
  describe(): string {
    return this.nodes
      .map((node, index) => {
        if (node?.alive !== true) return `${index}: down`;
        const { core, log } = node;
        return `${index}: ${core.stateName} epoch ${core.epoch} log ${log.startOffset}..${log.endOffset} hw ${core.highWatermark} voters ${core.voters.map(({ id }) => id)} cluster ${core.clusterId}${core.promised === undefined ? '' : ' repairing'}`;
      })
      .join('\n');
  }

  snapshot(index: number): void {
    const node = this.nodes[index];
    if (node?.alive !== true) return;
    node.snapshot();
    const { snapshot } = node.log;
    if (snapshot !== undefined) this.#snapshots.set(`${snapshot.endOffset}-${snapshot.epoch}`, snapshot);
  }

  #deliver(from: SimulatedNode, requestId: number, to: number, request: RaftRequest): void {
    const node = this.nodes[to];
    if (node?.alive !== true) {
      this.after(this.#delay(), () => from.handle({ type: 'failed', requestId, refused: true }));
      return;
    }
    const id = this.#nextPending++;
    this.#pending.set(id, { from, requestId, to });
    node.requests.set(id, request);
    node.handle({ type: 'request', requestId: id, request });
  }

  #delay(): number {
    const { random } = this;
    return random.below(30) === 0 && this.#lossPercent > 0 ? random.below(1500) : 0.1 + random.below(4);
  }

  #isLost(from: number, to: number): boolean {
    return this.#cut.has(`${from}>${to}`) || (this.#lossPercent > 0 && this.random.below(100) < this.#lossPercent);
  }

  /** Cuts one node from some others, in one direction or both. */
  #cutOff(index: number): void {
    this.trace(() => `${index + 1} is cut off from others`);
    for (let other = 0; other < this.nodes.length; other++) {
      if (other === index || this.random.below(3) === 0) continue;
      this.#cut.add(`${index}>${other}`);
      if (this.random.below(4) > 0) this.#cut.add(`${other}>${index}`);
    }
  }

  #healCuts(): void {
    if (this.#cut.size > 0) this.trace(() => 'all cuts are healed');
    this.#cut.clear();
  }

  /** Damages a log or replaces a disk, where the rest can still tell everything. */
  #harm(index: number): void {
    const sets = new VoterSets(this.nodes, this.#disks);
    if (!this.oracle.founded || !sets.canLose(index)) this.crash(index);
    else if (this.random.below(2) === 0) this.damage(index);
    // A majority of blank disks would found another cluster: docs/internals/raft.md says so.
    else if (sets.blank + 1 < majorityOf(this.nodes.length)) this.replaceDisk(index);
    else this.crash(index);
  }

  /** An operator asks whoever leads to remove a voter, to add one, or to take a replaced disk out first. */
  changeVoters(index: number): void {
    const voter = this.#voter(index);
    const { leader } = this;
    if (leader === undefined || this.#disks.some(({ promised }) => promised !== undefined)) return;
    const member = leader.core.voters.find(({ id }) => id === voter.id);
    const rest = leader.core.voters.filter(({ id }) => id !== voter.id);
    if (!new VoterSets(this.nodes, this.#disks).isSound(member === undefined ? [...rest, voter] : rest)) return;
    const request: RaftRequest =
      member === undefined
        ? { type: 'addVoter', clusterId: null, voter, timeoutMs: 3000, ackWhenCommitted: true }
        : { type: 'removeVoter', clusterId: null, voter: member };
    this.trace(() => `${leader.self.id} is asked: ${request.type} ${voter.id}`);
    leader.handle({ type: 'request', requestId: this.#nextPending++, request });
  }

  /** Brokers whose disk was replaced and whose old one still counts as a voter. */
  get exchanged(): readonly number[] {
    const voters = this.leader?.core.voters ?? [];
    return this.#disks.flatMap(({ directoryId }, index) =>
      voters.some(({ id, directoryId: known }) => id === index + 1 && known !== directoryId) ? [index] : [],
    );
  }

  #voter(index: number): Voter {
    return { id: index + 1, directoryId: this.#disks[index]!.directoryId, address: { host: 'node', port: index } };
  }

  #addresses(): readonly { host: string; port: number }[] {
    return this.nodes.map((_, port) => ({ host: 'node', port }));
  }
}
