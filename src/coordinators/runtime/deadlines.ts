interface Entry {
  readonly key: string;
  readonly at: number;
}

/**
 * Deadlines by name, the earliest first. Setting one again, which a heartbeat does for every session, costs no search: the old entry stays in the
 * heap and is passed over, and when most of the heap is such entries it is made anew.
 */
export class Deadlines {
  readonly #byKey = new Map<string, Entry>();
  #heap: Entry[] = [];

  set(key: string, at: number): void {
    const entry = { key, at };
    this.#byKey.set(key, entry);
    if (this.#heap.length > 64 && this.#heap.length > 4 * this.#byKey.size) this.#rebuild();
    else this.#push(entry);
  }

  cancel(key: string): void {
    this.#byKey.delete(key);
  }

  at(key: string): number | undefined {
    return this.#byKey.get(key)?.at;
  }

  get next(): number | undefined {
    this.#skipStale();
    return this.#heap[0]?.at;
  }

  /** Takes one that has passed; undefined when there is none. */
  takeDue(now: number): string | undefined {
    this.#skipStale();
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.#pop();
    this.#byKey.delete(first.key);
    return first.key;
  }

  #skipStale(): void {
    while (this.#heap.length > 0 && this.#byKey.get(this.#heap[0]!.key) !== this.#heap[0]) this.#pop();
  }

  #rebuild(): void {
    this.#heap = [...this.#byKey.values()].sort((a, b) => a.at - b.at);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent]!.at <= entry.at) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++;
      if (heap[child]!.at >= last.at) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}
