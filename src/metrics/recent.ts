import { type BucketCounts, type DurationHistogram, durationQuantile } from '#platform';

const windowMs = 60_000;

interface Seen {
  readonly at: number;
  readonly counts: BucketCounts;
}

/** Quantiles of what was lately: of the last one to two minutes, where somebody asks at least once a minute. Costs nothing where nobody does. */
export class RecentDurations {
  #before: Seen | undefined;
  #last: Seen | undefined;

  /** @param now monotonic milliseconds @returns in the order of `parts`, in milliseconds */
  quantiles(times: readonly DurationHistogram[], parts: readonly number[], now: number): number[] {
    const counts = added(times.map((each) => each.counts));
    const base = this.#before?.counts;
    const lately = base === undefined ? counts : counts.map((count, index) => count - base[index]!);
    if (this.#last === undefined || now - this.#last.at >= windowMs) {
      this.#before = this.#last;
      this.#last = { at: now, counts };
    }
    return parts.map((part) => durationQuantile(lately, part));
  }
}

/** How fast a number rises, per second: over the last one to two minutes, as above. */
export class RecentRate {
  #before: { readonly at: number; readonly value: number } | undefined;
  #last: { readonly at: number; readonly value: number } | undefined;

  perSecond(value: number, now: number): number {
    const base = this.#before ?? this.#last;
    const rate = base === undefined || now <= base.at ? 0 : Math.max(0, value - base.value) / ((now - base.at) / 1000);
    if (this.#last === undefined || now - this.#last.at >= windowMs) {
      this.#before = this.#last;
      this.#last = { at: now, value };
    }
    return rate;
  }
}

function added(all: readonly BucketCounts[]): BucketCounts {
  const sum = all[0]!.slice();
  for (const counts of all.slice(1)) for (const [index, count] of counts.entries()) sum[index]! += count;
  return sum;
}
