import type { Cluster } from '../cluster.ts';
import { firstCommitted, type Stretch } from '../first-committed.ts';
import { earliest, latest, offsetsFor } from '../list-offsets.ts';
import { nameOf, type TopicPartition } from '../metadata.ts';

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

/** For who asks again and again. */
export interface LagOptions {
  /** Where it is remembered when records were written, so that a reader that stands still costs one look. */
  readonly seen?: UnreadRecords;
  /** No record is looked up any more when so much time has passed; their age stays untold. */
  readonly lookForMs?: number;
}

const looksAtOnce = 64;

/**
 * @param committed how far readers have come, those of several readers in one partition, if need be; null where one has committed nothing, whose lag nobody knows
 * @returns in the order of `committed`
 */
export async function lagOf(
  cluster: Cluster,
  committed: readonly (TopicPartition & { readonly offset: bigint | null })[],
  { seen = new UnreadRecords(), lookForMs }: LagOptions = {},
): Promise<Lag[]> {
  const ends = await endsOf(cluster, committed);
  const places = committed.map(({ topic, partition, offset }) => {
    const { start, logEnd, stableEnd } = ends.get(nameOf({ topic, partition }))!;
    const lag = offset === null || logEnd === null ? null : logEnd - offset;
    const stretch =
      offset === null || start === null || stableEnd === null
        ? undefined
        : { topic, partition, from: offset < start ? start : offset, to: stableEnd };
    return { topic, partition, logEndOffset: logEnd, lag, stretch };
  });
  const behind = places.flatMap(({ stretch }) => (stretch !== undefined && stretch.from < stretch.to ? [stretch] : []));
  const firsts = await seen.look(cluster, behind, lookForMs);
  const now = cluster.clock.now();
  return places.map(({ stretch, ...place }) => {
    if (stretch === undefined) return { ...place, lagMs: null };
    if (stretch.from >= stretch.to) return { ...place, lagMs: 0 };
    const first = firsts(stretch);
    if (first === 'none') return { ...place, lagMs: 0 };
    // A record may have no time, and clocks may differ.
    if (first === undefined || first.timestamp < 0n) return { ...place, lagMs: null };
    return { ...place, lagMs: Math.max(0, now - Number(first.timestamp)) };
  });
}

interface Ends {
  readonly start: bigint | null;
  readonly logEnd: bigint | null;
  readonly stableEnd: bigint | null;
}

/** Each partition is asked for once. */
async function endsOf(cluster: Cluster, places: readonly TopicPartition[]): Promise<Map<string, Ends>> {
  const distinct = [...new Map(places.map(({ topic, partition }) => [nameOf({ topic, partition }), { topic, partition }])).values()];
  const asked = (timestamp: bigint) => distinct.map((place) => ({ ...place, timestamp }));
  const [ends, stableEnds, starts] = await Promise.all([
    offsetsFor(cluster, asked(latest)),
    offsetsFor(cluster, asked(latest), 'read_committed'),
    offsetsFor(cluster, asked(earliest)),
  ]);
  const offsetOf = (answers: typeof ends, index: number) => {
    const answer = answers[index]!;
    return 'value' in answer ? answer.value.offset : null;
  };
  return new Map(
    distinct.map((place, index) => [
      nameOf(place),
      { start: offsetOf(starts, index), logEnd: offsetOf(ends, index), stableEnd: offsetOf(stableEnds, index) },
    ]),
  );
}

/** When it was written, or that there is none for readers of committed records. */
type First = { readonly timestamp: bigint } | 'none';

/** The first records that readers have not had. What was found is kept until the next look, and from then on as long as it is asked for. */
export class UnreadRecords {
  #known = new Map<string, First>();

  /** Finds them. @param forMs when so much time has passed the rest is left out */
  async look(
    cluster: Cluster,
    stretches: readonly Stretch[],
    forMs = Number.POSITIVE_INFINITY,
  ): Promise<(stretch: Stretch) => First | undefined> {
    const { clock } = cluster;
    const deadline = clock.monotonic() + forMs;
    const known = new Map<string, First>();
    const unknown = new Map<string, Stretch>();
    for (const stretch of stretches) {
      const key = keyOf(stretch);
      const found = this.#known.get(key);
      // Records may have come meanwhile where there were none.
      if (found === undefined || found === 'none') unknown.set(key, stretch);
      else known.set(key, found);
    }
    const open = [...unknown];
    while (open.length > 0 && clock.monotonic() < deadline) {
      const some = open.splice(0, looksAtOnce);
      const answers = await firstCommitted(
        cluster,
        some.map(([, stretch]) => stretch),
      );
      for (const [index, answer] of answers.entries())
        if ('value' in answer) known.set(some[index]![0], answer.value === undefined ? 'none' : { timestamp: answer.value.timestamp });
    }
    this.#known = known;
    return (stretch) => known.get(keyOf(stretch));
  }
}

function keyOf({ topic, partition, from }: Stretch): string {
  return `${topic}/${partition}/${from}`;
}
