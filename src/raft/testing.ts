import { SeededRandom } from '#platform';
import { RaftNode } from './raft-node.ts';
import { SimulatedLog } from './simulation/simulated-log.ts';
import {
  type BatchInfo,
  defaultRaftConfig,
  type ElectionState,
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
}

/** A RaftNode alone with a log in memory; by default broker 1 of a formed cluster of 1, 2, 3. */
export class LoneNode {
  readonly log: SimulatedLog;
  readonly core: RaftNode;
  now = 0;
  #nextRequestId = 1_000_000;

  constructor(options: NodeOptions = {}) {
    const { id = 1, batches = [batch(0n, 1, [1, 2, 3])], clusterId = 'cluster', election = {}, formation, peers = [2, 3] } = options;
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
    });
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
