import assert from 'node:assert/strict';
import type { ElectionState, ReplicaKey } from '../types.ts';
import { keyOf } from '../voters.ts';
import type { SimulatedBatch, SimulatedLog } from './simulated-log.ts';
import type { SimulatedDisk } from './simulated-node.ts';

/** Sees everything, and fails the run when a promise is broken. Ids are those of the invariants. */
export class Oracle {
  readonly #leaders = new Map<number, number>();
  readonly #votes = new Map<string, string>();
  readonly committed: SimulatedBatch[] = [];
  readonly #committedAt = new Map<bigint, SimulatedBatch>();
  /** In which epoch it was committed first. */
  readonly #committedIn = new Map<SimulatedBatch, number>();
  clusterId: string | undefined;
  /** Has anybody seen the founding record committed? */
  founded = false;

  /** How many epochs had a leader. */
  get elections(): number {
    return this.#leaders.size;
  }

  /** R1, R6, R13. */
  leads({ id }: ReplicaKey, epoch: number, log: readonly SimulatedBatch[], startOffset: bigint, disk: SimulatedDisk): void {
    const other = this.#leaders.get(epoch);
    assert(other === undefined || other === id, `R1: ${other} and ${id} both lead epoch ${epoch}`);
    assert(disk.promised === undefined, `R13: ${id} leads epoch ${epoch}, and its log was damaged`);
    if (other === id) return;
    this.#leaders.set(epoch, id);
    const held = new Set(log.map((batch) => batch.content));
    for (const batch of this.committed) {
      // Votes may come late: a leader of an older epoch than the one that committed is none of the later leaders, and can do nothing.
      if (batch.lastOffset < startOffset || this.#committedIn.get(batch)! >= epoch) continue;
      assert(held.has(batch.content), `R6: leader ${id} of epoch ${epoch} lacks committed batch ${batch.content} at ${batch.baseOffset}`);
    }
  }

  /** R2, R13: an answer that grants a vote leaves. */
  grants(voter: ReplicaKey, epoch: number, candidate: ReplicaKey, { election, promised }: SimulatedDisk): void {
    const key = `${keyOf(voter)}@${epoch}`;
    const before = this.#votes.get(key);
    assert(promised === undefined, `R13: ${voter.id} votes in epoch ${epoch}, and its log was damaged`);
    assert(before === undefined || before === keyOf(candidate), `R2: ${voter.id} votes twice in epoch ${epoch}`);
    assert(
      election.epoch === epoch && election.votedFor?.id === candidate.id,
      `R2: the vote of ${voter.id} in epoch ${epoch} leaves before it is durable`,
    );
    this.#votes.set(key, keyOf(candidate));
  }

  /** R13: a repair ends. All that was committed, and flushed here before, is here again. */
  repaired(id: number, lost: readonly SimulatedBatch[], log: SimulatedLog): void {
    const held = new Set(log.batches.map((batch) => batch.content));
    for (const { baseOffset, content } of lost) {
      const isCommitted = this.#committedAt.get(baseOffset)?.content === content;
      assert(
        !isCommitted || baseOffset < log.startOffset || held.has(content),
        `R13: ${id} ends its repair without committed batch ${content} at ${baseOffset}`,
      );
    }
  }

  /** R3: a message that names the epoch of its sender leaves it. */
  speaks(id: number, epoch: number, onDisk: ElectionState): void {
    assert(epoch <= onDisk.epoch, `R3: ${id} speaks in epoch ${epoch} with ${onDisk.epoch} on disk`);
  }

  /** R7, R5 below the high watermark: one history for all. @param epoch the one that the node is in */
  commits(id: number, epoch: number, batches: readonly SimulatedBatch[]): void {
    for (const batch of batches) {
      const known = this.#committedAt.get(batch.baseOffset);
      if (known !== undefined) {
        assert(known.content === batch.content, `R7: ${id} commits ${batch.content} at ${batch.baseOffset}, another one ${known.content}`);
        continue;
      }
      const end = (this.committed.at(-1)?.lastOffset ?? -1n) + 1n;
      assert(batch.baseOffset === end, `R7: ${id} commits a batch at ${batch.baseOffset}, the history ends at ${end}`);
      this.committed.push(batch);
      this.#committedAt.set(batch.baseOffset, batch);
      this.#committedIn.set(batch, epoch);
    }
  }

  /** Two clusters never come from one list. */
  joins(id: number, clusterId: string): void {
    assert(
      this.clusterId === undefined || this.clusterId === clusterId,
      `${id} belongs to cluster ${clusterId}, others to ${this.clusterId}`,
    );
    this.clusterId = clusterId;
  }
}
