/** What happened in a run, in words, with the virtual time: printed when a seed fails or is traced. */
export class Timeline {
  readonly #lines: string[] = [];
  readonly #nowMs: () => number;
  readonly #echo: ((line: string) => void) | undefined;

  constructor(nowMs: () => number, echo?: (line: string) => void) {
    this.#nowMs = nowMs;
    this.#echo = echo;
  }

  note(what: string): void {
    const line = `${(this.#nowMs() / 1000).toFixed(3).padStart(9)} s  ${what}`;
    this.#lines.push(line);
    this.#echo?.(line);
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}
