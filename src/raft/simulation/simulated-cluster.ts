import assert from 'node:assert/strict';
import { type Random, SeededRandom } from '#platform';
import { defaultRaftConfig, type RaftAnswer, type RaftRequest, type SnapshotId, type Voter } from '../types.ts';
import { majorityOf } from '../voters.ts';
import { Oracle } from './oracle.ts';
import type { SimulatedSnapshot } from './simulated-log.ts';
import { blankDisk, type Mutation, type SimulatedDisk, SimulatedNode, type World } from './simulated-node.ts';

/** A heap of actions by time; those of equal time keep their order. */
class Agenda {
  readonly #items: { readonly at: number; readonly order: number; readonly action: () => void }[] = [];
  #order = 0;

  get size(): number {
    return this.#items.length;
  }

  push(at: number, action: () => void): void {
    const items = this.#items;
    let index = items.push({ at, order: this.#order++, action }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(index, parent)) break;
      [items[index], items[parent]] = [items[parent]!, items[index]!];
      index = parent;
    }
  }

  pop(): { readonly at: number; readonly action: () => void } | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    items[0] = last;
    for (let index = 0; ; ) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) if (child < items.length && this.#before(child, least)) least = child;
      if (least === index) return first;
      [items[index], items[least]] = [items[least]!, items[index]!];
      index = least;
    }
  }

  #before(a: number, b: number): boolean {
    const [first, second] = [this.#items[a]!, this.#items[b]!];
    return first.at < second.at || (first.at === second.at && first.order < second.order);
  }
}

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
  readonly #pending = new Map<number, { readonly from: SimulatedNode; readonly requestId: number; readonly to: number }>();
  #nextPending = 1;
  #content = 0;
  #lossPercent = 0;
  steps = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.random = new SeededRandom(options.seed);
    this.nodes = Array.from({ length: options.nodes }, () => undefined);
    this.#disks = Array.from({ length: options.nodes }, blankDisk);
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
    const peers = this.#addresses().filter((address) => address.port !== index);
    this.nodes[index] = new SimulatedNode(this, this.#voter(index), peers, this.#disks[index]!, this.#options.mutation ?? {});
  }

  crash(index: number): void {
    const node = this.nodes[index];
    if (node?.alive !== true) return;
    this.#disks[index] = node.crash();
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
      if (other === undefined) return false;
      const log = other.alive ? other.log : this.#disks[voter.address.port]!.log;
      if (log.startOffset > last.lastOffset) return true;
      const flushed = other.alive ? other.log.flushedOffset : (this.#disks[voter.address.port]!.log.batches.at(-1)?.lastOffset ?? -1n) + 1n;
      return flushed > last.lastOffset && log.batches.some(({ content }) => content === last.content);
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
      if (what < 25) this.crash(index);
      else if (what < 60) this.start(index);
      else if (what < 70) this.#cutOff(index);
      else if (what < 80) this.#cut.clear();
      else if (what < 88) this.snapshot(index);
      else if (what < 91 && this.#options.changes === true) this.#changeVoters(index);
      else for (const node of this.nodes) node?.append(this.contentOf());
      this.after(random.below(what < 60 ? 800 : 300), act);
    };
    this.after(200, act);
    this.run(faultsMs);
  }

  /** No faults any more, everybody up. */
  heal(options: { absent?: number } = {}): void {
    this.#lossPercent = 0;
    this.#cut.clear();
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
        return `${index}: ${core.stateName} epoch ${core.epoch} log ${log.startOffset}..${log.endOffset} hw ${core.highWatermark} voters ${core.voters.map(({ id }) => id)} cluster ${core.clusterId}`;
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
    for (let other = 0; other < this.nodes.length; other++) {
      if (other === index || this.random.below(3) === 0) continue;
      this.#cut.add(`${index}>${other}`);
      if (this.random.below(4) > 0) this.#cut.add(`${other}>${index}`);
    }
  }

  /** An operator asks whoever leads to remove a voter, or to add one. */
  #changeVoters(index: number): void {
    const voter = this.#voter(index);
    const { leader } = this;
    if (leader === undefined) return;
    const isVoter = leader.core.voters.some(({ id }) => id === voter.id);
    const request: RaftRequest = isVoter
      ? { type: 'removeVoter', clusterId: null, voter }
      : { type: 'addVoter', clusterId: null, voter, timeoutMs: 3000, ackWhenCommitted: true };
    leader.handle({ type: 'request', requestId: this.#nextPending++, request });
  }

  #voter(index: number): Voter {
    return { id: index + 1, directoryId: `directory-of-${index + 1}`, address: { host: 'node', port: index } };
  }

  #addresses(): readonly { host: string; port: number }[] {
    return this.nodes.map((_, port) => ({ host: 'node', port }));
  }
}
