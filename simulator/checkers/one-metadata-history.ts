import { createHash } from 'node:crypto';
import type { Broker } from '#broker';
import type { ClusterObserver } from '../simulated-cluster.ts';
import { Violation } from '../violation.ts';

interface Applied {
  /** The offset after the last one that was handed to the state machine. */
  next: bigint;
}

/**
 * R6, R7: what any broker was once told is committed is the same for every broker and every later incarnation: batches at equal offsets are equal, in order
 * and without repeats. Nothing that was committed is ever lost, or another record would turn up at its offset.
 */
export class OneMetadataHistory implements ClusterObserver {
  readonly #batches = new Map<bigint, { lastOffset: bigint; digest: string; by: string }>();
  #end = 0n;

  /** The offset after the last that any broker has seen committed. */
  get committedEnd(): bigint {
    return this.#end;
  }

  brokerOpened(name: string, { raft }: Broker): void {
    const applied: Applied = { next: 0n };
    raft.addListener({
      handleCommit: ({ baseOffset, lastOffset, leaderEpoch, records }) => {
        if (baseOffset < applied.next)
          throw new Violation('R7', `${name} is handed offset ${baseOffset} again, after ${applied.next - 1n}`);
        applied.next = lastOffset + 1n;
        const hash = createHash('sha256').update(String(leaderEpoch));
        for (const { offset, value } of records) hash.update(`${offset}:${value.length}`).update(value);
        this.#check(name, baseOffset, lastOffset, hash.digest('base64'));
      },
      handleSnapshot: ({ endOffset }) => {
        if (endOffset > this.#end)
          throw new Violation('R11', `${name} loads a snapshot up to ${endOffset}, beyond all that was committed (${this.#end})`);
        applied.next = endOffset;
      },
      handleLeaderChange: () => {},
    });
  }

  #check(name: string, baseOffset: bigint, lastOffset: bigint, digest: string): void {
    const known = this.#batches.get(baseOffset);
    if (known === undefined) {
      this.#batches.set(baseOffset, { lastOffset, digest, by: name });
      if (lastOffset >= this.#end) this.#end = lastOffset + 1n;
    } else if (known.lastOffset !== lastOffset || known.digest !== digest) {
      throw new Violation('R7', `${name} and ${known.by} have different committed batches at offset ${baseOffset}`);
    }
  }
}
