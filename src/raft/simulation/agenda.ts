/** A heap of actions by time; those of equal time keep their order. */
export class Agenda {
  readonly #items: { readonly at: number; readonly order: number; readonly action: () => void }[] = [];
  #order = 0;

  get size(): number {
    return this.#items.length;
  }

  push(at: number, action: () => void): void {
    const items = this.#items;
    let index = items.push({ at, order: this.#order++, action }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(index, parent)) break;
      [items[index], items[parent]] = [items[parent]!, items[index]!];
      index = parent;
    }
  }

  pop(): { readonly at: number; readonly action: () => void } | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    items[0] = last;
    for (let index = 0; ; ) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) if (child < items.length && this.#before(child, least)) least = child;
      if (least === index) return first;
      [items[index], items[least]] = [items[least]!, items[index]!];
      index = least;
    }
  }

  #before(a: number, b: number): boolean {
    const [first, second] = [this.#items[a]!, this.#items[b]!];
    return first.at < second.at || (first.at === second.at && first.order < second.order);
  }
}
