/** Ten edges to a decade, near enough to each other that a quantile read between two of them is off by a tenth at most. */
const steps = ['1', '1.25', '1.6', '2', '2.5', '3.15', '4', '5', '6.3', '8'];
/** The decades whose edges there are: from 10 microseconds to 100 seconds. */
const [firstDecade, lastDecade] = [-2, 4];

const edges = Float64Array.from(
  Array.from({ length: lastDecade - firstDecade + 1 }, (_, index) => firstDecade + index).flatMap((decade) =>
    steps.map((step) => Number(`${step}e${decade}`)),
  ),
);

/** How often each length of time was seen; what lies beyond the last edge counts in a bucket of its own. */
export type BucketCounts = Float64Array;

/** How long things took. Something seen costs a search among edges and two additions: fit for what is done for every request, not for every record. */
export class DurationHistogram {
  readonly #counts: BucketCounts = new Float64Array(edges.length + 1);
  #count = 0;
  #sumMs = 0;

  observe(durationMs: number): void {
    this.#counts[bucketOf(durationMs)]!++;
    this.#count++;
    this.#sumMs += durationMs;
  }

  get count(): number {
    return this.#count;
  }

  get sumMs(): number {
    return this.#sumMs;
  }

  /** A copy. */
  get counts(): BucketCounts {
    return this.#counts.slice();
  }

  /** How many took no longer than this. @param edgeMs 1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3 or 8 times a power of ten, within the edges */
  atMost(edgeMs: number): number {
    const last = edges.indexOf(edgeMs);
    if (last < 0) throw new RangeError(`${edgeMs} ms is not an edge`);
    let count = 0;
    for (let index = 0; index <= last; index++) count += this.#counts[index]!;
    return count;
  }
}

/** The duration in milliseconds that so large a part did not exceed, by what lies between two edges; 0 where nothing was counted. */
export function durationQuantile(counts: BucketCounts, part: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return 0;
  const wanted = part * total;
  let below = 0;
  for (const [index, count] of counts.entries()) {
    if (count === 0 || below + count < wanted) {
      below += count;
      continue;
    }
    if (index === edges.length) break;
    const from = index === 0 ? 0 : edges[index - 1]!;
    return from + ((wanted - below) / count) * (edges[index]! - from);
  }
  return edges.at(-1)!;
}

/** The first edge that is not exceeded. */
function bucketOf(durationMs: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! < durationMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
