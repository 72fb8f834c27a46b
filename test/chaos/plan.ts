import { type Random, SeededRandom } from '#platform';

export const faultKinds = [
  'kill one',
  'kill some',
  'kill all',
  'pause',
  'split',
  'isolate',
  'one-way cut',
  'bridge',
  'slow links',
  'narrow links',
  'reset links',
  'rolling restart',
  'full disk',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** A fault that is to come. All times in milliseconds since the start. */
export interface PlannedFault {
  readonly kind: FaultKind;
  readonly at: number;
  readonly lastsMs: number;
  /** Decides its victims, and how hard it is. */
  readonly seed: number;
}

/** A stretch of time with some faults, or with none. All of them are over by its end. */
export interface Period {
  readonly at: number;
  readonly lengthMs: number;
  readonly faults: readonly PlannedFault[];
}

/**
 * Draws the faults of a run, as Jepsen does: periods of 10 to 20 s (shorter in a short run), a quarter of them calm, each other one with
 * one to three kinds of faults, that may overlap. The last fifth of the time, at most 15 s, is calm.
 */
export function plan(options: { seed: number; totalMs: number; kinds: readonly FaultKind[] }): Period[] {
  const random = new SeededRandom(options.seed).fork('nemesis');
  const end = options.totalMs - Math.min(15_000, options.totalMs / 5);
  const shortest = Math.min(10_000, options.totalMs / 6);
  const periods: Period[] = [];
  let kinds: FaultKind[] = [];
  for (let at = Math.min(3_000, shortest); at < end; ) {
    const lengthMs = Math.min(Math.round(shortest + random.below(Math.ceil(shortest))), end - at);
    if (lengthMs < 2_000) break;
    // The first one is never calm, so that the shortest run has a fault.
    const count = periods.length > 0 && random.below(4) === 0 ? 0 : 1 + random.below(3);
    const faults: PlannedFault[] = [];
    while (faults.length < count) {
      // In rotation: each kind once, in an order of chance, before any comes again.
      if (kinds.length === 0) kinds = shuffled(options.kinds, random);
      const lastsMs = 1_000 + random.below(Math.max(1, lengthMs - 2_000));
      const after = random.below(Math.max(1, lengthMs - lastsMs));
      faults.push({ kind: kinds.pop()!, at: at + after, lastsMs, seed: random.below(2 ** 31) });
    }
    periods.push({ at, lengthMs, faults });
    at += lengthMs;
  }
  return periods;
}

export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  const result: T[] = [];
  while (left.length > 0) result.push(...left.splice(random.below(left.length), 1));
  return result;
}
