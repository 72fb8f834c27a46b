import type { History } from '../history.ts';

/** How many of its findings a checker puts in words. */
const mostExamples = 20;

/** What a checker found wrong: how many times, and the first of them as sentences. */
export class Findings {
  readonly examples: string[] = [];
  count = 0;

  add(sentence: () => string): void {
    if (this.count++ < mostExamples) this.examples.push(sentence());
  }
}

/** Looks for one kind of anomaly. Takes time linear in the history. */
export interface Checker {
  readonly name: string;
  /** The invariants that it holds up (docs/internals/invariants.md). */
  readonly invariants: string;
  /** What would be wrong, in half a sentence. */
  readonly finds: string;
  check(history: History): Findings;
}
