/** Keeps a log line that a peer can cause at will from filling the log: one line per key and interval. */
export class RepeatLimiter {
  readonly #intervalMs: number;
  readonly #maxKeys: number;
  readonly #seen = new Map<string, { since: number; suppressed: number }>();

  constructor(options: { intervalMs: number; maxKeys: number }) {
    this.#intervalMs = options.intervalMs;
    this.#maxKeys = options.maxKeys;
  }

  /** How many lines were held back since the last one with this key, or undefined when this one is to be held back too. */
  admit(key: string, now: number): number | undefined {
    const seen = this.#seen.get(key);
    if (seen !== undefined && now - seen.since < this.#intervalMs) {
      seen.suppressed += 1;
      return undefined;
    }
    // Deleting first keeps the keys in the order of their last line, so that the longest silent one makes room.
    this.#seen.delete(key);
    if (this.#seen.size >= this.#maxKeys) this.#seen.delete(this.#seen.keys().next().value!);
    this.#seen.set(key, { since: now, suppressed: 0 });
    return seen?.suppressed ?? 0;
  }
}
