/** Faults that last may overlap: what several of them hold is let go when the last one lets go. */
export class Holds {
  readonly #counts = new Map<string, { count: number; letGo: () => void }>();

  hold(key: string, take: () => void, letGo: () => void): void {
    const held = this.#counts.get(key);
    if (held !== undefined) {
      held.count++;
      return;
    }
    this.#counts.set(key, { count: 1, letGo });
    take();
  }

  release(key: string): void {
    const held = this.#counts.get(key);
    if (held === undefined || --held.count > 0) return;
    this.#counts.delete(key);
    held.letGo();
  }

  releaseAll(): void {
    const held = [...this.#counts.values()];
    this.#counts.clear();
    for (const { letGo } of held) letGo();
  }
}
