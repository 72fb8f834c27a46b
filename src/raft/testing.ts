import { expect } from 'vitest';
import { type CrashMode, SeededRandom, SimulatedWorld, simulatedPlatform } from '#platform';
import { RaftNode } from './raft-node.ts';
import { RaftBroker } from './simulation/raft-broker.ts';
import { SimulatedLog } from './simulation/simulated-log.ts';
import {
  type BatchInfo,
  defaultRaftConfig,
  type ElectionState,
  type EpochEnd,
  type FormationState,
  type RaftEffect,
  type RaftRequest,
  type Voter,
} from './types.ts';
import { VoterHistory } from './voters.ts';

/** A voter of tests: broker `id` at port `id`. */
export function voter(id: number): Voter {
  return { id, directoryId: `directory-${id}`, address: { host: 'host', port: id } };
}

/** A batch for a test's log. */
export function batch(offset: bigint, epoch: number, voters?: readonly number[]): BatchInfo & { content: string } {
  const info = { baseOffset: offset, lastOffset: offset, epoch, content: `${offset}@${epoch}` };
  return voters === undefined ? info : { ...info, voters: { offset, voters: voters.map(voter) } };
}

export interface NodeOptions {
  readonly id?: number;
  readonly peers?: readonly number[];
  readonly batches?: readonly (BatchInfo & { content: string })[];
  readonly election?: Partial<ElectionState>;
  readonly formation?: FormationState;
  readonly clusterId?: string | undefined;
  readonly promised?: EpochEnd;
}

/** A RaftNode alone with a log in memory; by default broker 1 of a formed cluster of 1, 2, 3. */
export class LoneNode {
  readonly log: SimulatedLog;
  readonly core: RaftNode;
  now = 0;
  #nextRequestId = 1_000_000;
  #sent: readonly Extract<RaftEffect, { type: 'send' }>[] = [];

  constructor(options: NodeOptions = {}) {
    const {
      id = 1,
      batches = [batch(0n, 1, [1, 2, 3])],
      clusterId = 'cluster',
      election = {},
      formation,
      peers = [2, 3],
      promised,
    } = options;
    this.log = new SimulatedLog({ startOffset: 0n, batches, snapshot: undefined });
    const voters = new VoterHistory();
    for (const info of batches) if (info.voters !== undefined) voters.append(info.voters.offset, info.voters.voters);
    this.core = new RaftNode({
      self: voter(id),
      peers: peers.map((peer) => voter(peer).address),
      clusterId: 'clusterId' in options ? options.clusterId : clusterId,
      election: { epoch: 1, leaderId: -1, votedFor: undefined, ...election },
      formation,
      voters,
      log: this.log,
      config: defaultRaftConfig,
      random: new SeededRandom(1),
      now: 0,
      promised,
    });
  }

  /** The requests of that kind that were sent last, in one step. */
  sent(type: RaftRequest['type']): readonly Extract<RaftEffect, { type: 'send' }>[] {
    return this.#sent.filter(({ request }) => request.type === type);
  }

  /** Carries the effects on the log out, flushes included, and returns all effects. */
  step(event: Parameters<RaftNode['step']>[0], now = this.now): readonly RaftEffect[] {
    this.now = now;
    return this.#carryOut(this.core.step(event, now));
  }

  /** The answer to a request. */
  ask(request: RaftRequest, now = this.now): { readonly answer: unknown; readonly effects: readonly RaftEffect[] } {
    const requestId = this.#nextRequestId++;
    const effects = this.step({ type: 'request', requestId, request }, now);
    const respond = effects.find((effect) => effect.type === 'respond' && effect.requestId === requestId);
    return { answer: respond?.type === 'respond' ? respond.answer : undefined, effects };
  }

  /** Lets time pass up to the node's next deadline and a little over. */
  wait(): readonly RaftEffect[] {
    return this.step({ type: 'tick' }, this.core.deadline);
  }

  /** Lets it stand for election and win with the votes of these brokers. */
  lead(...granting: number[]): void {
    const granted = (effects: readonly RaftEffect[]): readonly RaftEffect[] =>
      effects.flatMap((effect) => {
        if (effect.type !== 'send' || effect.request.type !== 'vote' || !granting.includes(effect.to.port)) return [];
        const standing = { error: 'NONE' as const, epoch: effect.request.epoch, leaderId: -1, leaderAddress: undefined };
        return this.step({ type: 'answer', requestId: effect.requestId, answer: { type: 'vote', ...standing, granted: true } });
      });
    for (let attempt = 0; attempt < 200 && this.core.stateName !== 'leader'; attempt++) {
      for (let effects = this.wait(); effects.length > 0; ) effects = granted(effects);
    }
  }

  #carryOut(effects: readonly RaftEffect[]): readonly RaftEffect[] {
    let flushed = false;
    const sent = effects.filter((effect) => effect.type === 'send');
    if (sent.length > 0) this.#sent = sent;
    for (const effect of effects) {
      const baseOffset = this.log.endOffset;
      if (effect.type === 'appendControl') {
        const lastOffset = baseOffset + BigInt(effect.records.length) - 1n;
        this.log.append({ baseOffset, lastOffset, epoch: effect.epoch, content: 'control' });
      } else if (effect.type === 'appendFetched') {
        for (const info of effect.batches) this.log.append({ ...info, content: 'fetched' });
      } else if (effect.type === 'truncate') this.log.truncate(effect.offset);
      else if (effect.type === 'flush') {
        this.log.flush()();
        flushed = true;
      }
    }
    return flushed ? [...effects, ...this.step({ type: 'flushed' })] : effects;
  }
}

const port = 9092;
export const metadataDirectory = '/data/__cluster_metadata-0';

/** Some hosts of a simulated world, each with at most one RaftBroker. */
export class Hosts {
  readonly world: SimulatedWorld;
  /** Those that run. */
  readonly brokers = new Map<string, RaftBroker>();

  constructor(seed: number) {
    this.world = new SimulatedWorld({ seed });
  }

  /** Starts the broker of a host; by default it names all of b1..b3 but itself. @param peers hosts, or host:port */
  async start(name: string, peers: readonly string[] = ['b1', 'b2', 'b3'], ownPort = port): Promise<RaftBroker> {
    const broker = await this.world.finish(this.begin(name, peers, ownPort));
    this.brokers.set(name, broker);
    return broker;
  }

  /** The same without waiting for it: it starts as the world runs. */
  begin(name: string, peers: readonly string[] = ['b1', 'b2', 'b3'], ownPort = port): Promise<RaftBroker> {
    return RaftBroker.start({
      platform: simulatedPlatform(this.world, name),
      nodeId: Number(name.slice(1)),
      address: { host: name, port: ownPort },
      hosts: ['0.0.0.0'],
      peers: peers.map((peer) => addressOf(peer)).filter(({ host }) => host !== name),
      directory: '/data',
    });
  }

  async until(what: string, holds: () => boolean, withinMs = 20_000): Promise<void> {
    await this.world.run({ forMs: withinMs, until: holds });
    expect(holds(), `${what} within ${withinMs} ms`).toBe(true);
  }

  get leader(): RaftBroker | undefined {
    return [...this.brokers.values()].find((broker) => broker.leads);
  }

  /** The names of those that run and do not lead. */
  get followers(): string[] {
    return [...this.brokers.keys()].filter((name) => !this.brokers.get(name)!.leads);
  }

  /** Waits for a leader and gives its name. */
  async leaderName(): Promise<string> {
    await this.until('a leader', () => this.leader !== undefined);
    return `b${this.leader!.raft.nodeId}`;
  }

  /** Waits for a leader and commits one record on all. */
  async commit(value: string): Promise<void> {
    await this.until('a leader', () => this.leader !== undefined);
    this.leader?.append(value);
    await this.until(`${value} on all`, () => [...this.brokers.values()].every(({ committed }) => committed.at(-1) === value));
  }

  lose(name: string): void {
    this.brokers.delete(name);
  }

  kill(name: string): void {
    this.world.node(name).kill();
    this.lose(name);
  }

  cutPower(name: string, mode: CrashMode = 'hostile'): void {
    this.world.node(name).cutPower(mode);
    this.lose(name);
  }

  async stop(name: string): Promise<void> {
    await this.world.finish(this.brokers.get(name)!.stop());
    this.lose(name);
  }

  /** Flips a bit in a file of a host's metadata directory, at that part of its length. */
  rot(name: string, file: string, at: number): void {
    const { disk } = this.world.node(name);
    const path = `${metadataDirectory}/${file}`;
    disk.flipBit(path, Math.floor(disk.stat(path)!.size * at));
  }
}

function addressOf(peer: string): { host: string; port: number } {
  const [host = '', own] = peer.split(':');
  return { host, port: own === undefined ? port : Number(own) };
}

/** b1, b2 and b3, with a leader. */
export async function threeBrokers(seed: number): Promise<Hosts> {
  const hosts = new Hosts(seed);
  for (const name of ['b1', 'b2', 'b3']) await hosts.start(name);
  await hosts.leaderName();
  return hosts;
}
