import type { Cluster } from '../cluster.ts';
import { firstCommitted } from '../first-committed.ts';
import { earliest, latest, offsetsFor } from '../list-offsets.ts';
import type { TopicPartition } from '../metadata.ts';

/** How far behind the end of a partition a reader is. What cannot be told, as while nobody leads the partition, is null. */
export interface Lag extends TopicPartition {
  /** The first offset that is not committed to all replicas in sync, as Kafka's tools show it. */
  readonly logEndOffset: bigint | null;
  /** How many offsets lie between the committed one and that end. */
  readonly lag: bigint | null;
  /**
   * How long ago the first record was written that the reader has not had; 0 when there is none for it. It is the record itself that is read, not a guess from
   * offsets: the first one that is given to readers of committed records, so that neither markers, nor aborted transactions, nor those that are still open count.
   */
  readonly lagMs: number | null;
}

/** @param committed how far the reader has come; null where it has committed nothing, whose lag nobody knows */
export async function lagOf(cluster: Cluster, committed: readonly (TopicPartition & { readonly offset: bigint | null })[]): Promise<Lag[]> {
  const asked = (timestamp: bigint) => committed.map(({ topic, partition }) => ({ topic, partition, timestamp }));
  const [ends, stableEnds, starts] = await Promise.all([
    offsetsFor(cluster, asked(latest)),
    offsetsFor(cluster, asked(latest), 'read_committed'),
    offsetsFor(cluster, asked(earliest)),
  ]);
  const offsetOf = (answers: typeof ends, index: number) => {
    const answer = answers[index]!;
    return 'value' in answer ? answer.value.offset : null;
  };
  const places = committed.map(({ topic, partition, offset }, index) => {
    const logEndOffset = offsetOf(ends, index);
    const [start, stableEnd] = [offsetOf(starts, index), offsetOf(stableEnds, index)];
    const lag = offset === null || logEndOffset === null ? null : logEndOffset - offset;
    const stretch =
      offset === null || start === null || stableEnd === null
        ? undefined
        : { topic, partition, from: offset < start ? start : offset, to: stableEnd };
    return { topic, partition, logEndOffset, lag, stretch };
  });
  const behind = places.flatMap(({ stretch }) => (stretch !== undefined && stretch.from < stretch.to ? [stretch] : []));
  const firsts = new Map((await firstCommitted(cluster, behind)).map((answer, index) => [behind[index]!, answer]));
  const now = cluster.clock.now();
  return places.map(({ stretch, ...place }) => {
    if (stretch === undefined) return { ...place, lagMs: null };
    const first = firsts.get(stretch);
    if (first === undefined || ('value' in first && first.value === undefined)) return { ...place, lagMs: 0 };
    // A record may have no time, and clocks may differ.
    if (!('value' in first) || first.value!.timestamp < 0n) return { ...place, lagMs: null };
    return { ...place, lagMs: Math.max(0, now - Number(first.value!.timestamp)) };
  });
}
