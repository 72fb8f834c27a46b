/** Whose event it is: a process that may be paused or dead when the event's time has come. */
export interface EventOwner {
  /** For traces. */
  readonly id: number;
  readonly alive: boolean;
  readonly paused: boolean;
  /** Keeps the event of a paused owner until it goes on. */
  defer(event: SimulatedEvent): void;
}

/** Something that will happen at a moment of virtual time. Events of one moment happen in the order of their sequence numbers. */
export interface SimulatedEvent {
  /** Microseconds since the world's start. */
  time: number;
  sequence: number;
  readonly kind: string;
  /** Undefined for what happens outside every process: in the network, in a kernel, in the test's script. */
  readonly owner: EventOwner | undefined;
  /** Undefined once it has been cancelled. */
  callback: (() => void) | undefined;
}

/** The events to come: a binary heap by time and sequence. */
export class EventQueue {
  readonly #heap: SimulatedEvent[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The next event, left in place. */
  peek(): SimulatedEvent | undefined {
    return this.#heap[0];
  }

  push(event: SimulatedEvent): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
  }

  pop(): SimulatedEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    this.#sink(last, 0);
    return first;
  }

  /** Takes the events out that `unwanted` says, keeping the order of the others. */
  sweep(unwanted: (event: SimulatedEvent) => boolean): void {
    const kept = this.#heap.filter((event) => !unwanted(event));
    this.#heap.length = 0;
    for (const event of kept) this.push(event);
  }

  #sink(event: SimulatedEvent, from: number): void {
    const heap = this.#heap;
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, event)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = event;
  }
}

function isBefore(left: SimulatedEvent, right: SimulatedEvent): boolean {
  return left.time < right.time || (left.time === right.time && left.sequence < right.sequence);
}
