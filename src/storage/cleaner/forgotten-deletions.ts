/**
 * Up to where compaction has let deletions, and markers of transactions, go. Whoever has a copy of the log that ends in front of one of them may still have what it
 * deletes, and would never hear of it: such a copy is of no use any more. Only what was let go after a copy was begun counts for it, so each time has a number.
 */
export class ForgottenDeletions {
  /** Only those that reach further than all later ones: both ends fall. */
  readonly #times: { number: number; before: bigint }[] = [];
  #last = 0;

  /** @param before what is known from earlier; 0n when nothing is */
  constructor(before: bigint) {
    if (before > 0n) this.add(before);
  }

  /** Deletions up to `before` were let go. */
  add(before: bigint): void {
    while (this.#times.length > 0 && this.#times.at(-1)!.before <= before) this.#times.pop();
    this.#times.push({ number: ++this.#last, before });
  }

  /** None of them is at or above it; 0n when none was let go. */
  get before(): bigint {
    return this.#times[0]?.before ?? 0n;
  }

  /** The number of the last time when one from `offset` on was let go; 0 when there was none. */
  lastFrom(offset: bigint): number {
    return this.#times.findLast(({ before }) => before > offset)?.number ?? 0;
  }
}
