export type DiskOperation = 'open' | 'read' | 'write' | 'sync' | 'rename' | 'remove';

/** Which of a disk's operations a fault is for; without anything the next one. */
export interface FaultScope {
  /** Only paths that contain the text or match the pattern. */
  path?: string | RegExp;
  /** So many of these operations go well first: 2 lets the third one fail. Default: none. */
  after?: number;
  /** How many of them it happens to. Default: one. */
  times?: number;
}

type Effect = { kind: 'failure'; code: string } | { kind: 'lost' } | { kind: 'stall'; delayMs: number };

interface Fault {
  readonly operation: DiskOperation;
  readonly effect: Effect;
  readonly path: string | RegExp | undefined;
  after: number;
  times: number;
}

/** What a simulated disk was told to do wrong, until it has happened. */
export class DiskFaults {
  #faults: Fault[] = [];

  add(operation: DiskOperation, effect: Effect, { path, after = 0, times = 1 }: FaultScope = {}): void {
    this.#faults.push({ operation, effect, path, after, times });
  }

  clear(): void {
    this.#faults = [];
  }

  /** The code that this operation is to fail with, if it is; it counts as one time. */
  failureOf(operation: DiskOperation, path: string): string | undefined {
    return this.#take('failure', operation, path)?.code;
  }

  /** Whether this sync is to succeed and keep nothing. */
  isLost(path: string): boolean {
    return this.#take('lost', 'sync', path) !== undefined;
  }

  /** How much longer this operation is to take. */
  stallOf(operation: DiskOperation, path: string): number {
    return this.#take('stall', operation, path)?.delayMs ?? 0;
  }

  #take<Kind extends Effect['kind']>(kind: Kind, operation: DiskOperation, path: string): Extract<Effect, { kind: Kind }> | undefined {
    let taken: Fault | undefined;
    for (const fault of this.#faults) {
      if (fault.effect.kind !== kind || fault.operation !== operation || !isFor(fault.path, path)) continue;
      // All of them count what passes; one of them acts.
      if (fault.after > 0) fault.after--;
      else taken ??= fault;
    }
    if (!taken) return undefined;
    if (--taken.times <= 0) this.#faults.splice(this.#faults.indexOf(taken), 1);
    return taken.effect as Extract<Effect, { kind: Kind }>;
  }
}

function isFor(wanted: string | RegExp | undefined, path: string): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === 'string' ? path.includes(wanted) : wanted.test(path);
}
