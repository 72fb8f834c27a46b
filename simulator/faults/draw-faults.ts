import type { CrashMode, SeededRandom } from '#platform';
import type { AmbushKind, Fault, FaultKind, Victim } from './fault.ts';

type Draw = (dice: FaultDice) => Fault;
/** They come at any time; the others wait for theirs. */
export type ChanceKind = Exclude<FaultKind, AmbushKind>;

/** Draws the faults of one run: what each of them is depends on `random` alone. */
export class FaultDice {
  readonly random: SeededRandom;
  readonly names: readonly string[];
  /** The one broker whose disk may be damaged or replaced. */
  readonly victim: string;
  atMs = 0;

  constructor(random: SeededRandom, names: readonly string[], victim?: string) {
    this.random = random;
    this.names = names;
    const drawn = this.anyOf(names);
    this.victim = victim ?? drawn;
  }

  anyOf<T>(list: readonly T[]): T {
    return list[this.random.below(list.length)]!;
  }

  between(least: number, most: number): number {
    return least + this.random.below(most - least + 1);
  }

  /** Mostly any; those who lead are worth more trouble. */
  broker(): Victim {
    const draw = this.random.below(10);
    return draw === 0 ? 'controller' : draw === 1 ? 'leader' : this.anyOf(this.names);
  }

  mode(): CrashMode {
    return this.anyOf(['strict', 'ordered', 'hostile']);
  }

  /** How long something is down. Now and then longer than any session. */
  downMs(): number {
    return this.random.below(6) === 0 ? this.between(5000, 12_000) : this.between(50, 4000);
  }
}

const draws: Readonly<Record<ChanceKind, Draw>> = {
  kill: (dice) => ({ atMs: dice.atMs, kind: 'kill', broker: dice.broker(), downMs: dice.downMs() }),
  'power-cut': (dice) => ({ atMs: dice.atMs, kind: 'power-cut', broker: dice.broker(), mode: dice.mode(), downMs: dice.downMs() }),
  'all-power': (dice) => ({ atMs: dice.atMs, kind: 'all-power', mode: dice.mode(), downMs: dice.names.map(() => dice.between(50, 4000)) }),
  'clean-stop': (dice) => ({ atMs: dice.atMs, kind: 'clean-stop', broker: dice.broker(), downMs: dice.downMs() }),
  'rolling-restart': (dice) => ({
    atMs: dice.atMs,
    kind: 'rolling-restart',
    gapMs: dice.between(200, 3000),
    downMs: dice.between(50, 1500),
  }),
  'crash-loop': (dice) => ({
    atMs: dice.atMs,
    kind: 'crash-loop',
    broker: dice.broker(),
    mode: dice.mode(),
    times: dice.between(2, 5),
    upMs: dice.between(1, 60),
  }),
  pause: (dice) => ({ atMs: dice.atMs, kind: 'pause', broker: dice.broker(), forMs: dice.between(100, 6000) }),
  cut: (dice) => ({
    atMs: dice.atMs,
    kind: 'cut',
    from: dice.broker(),
    to: dice.anyOf(dice.names),
    oneWay: dice.random.chance(0.5),
    forMs: dice.between(500, 9000),
  }),
  isolate: (dice) => ({ atMs: dice.atMs, kind: 'isolate', broker: dice.broker(), forMs: dice.between(500, 9000) }),
  flap: (dice) => ({ atMs: dice.atMs, kind: 'flap', broker: dice.broker(), times: dice.between(3, 12), everyMs: dice.between(40, 900) }),
  halves: (dice) => {
    const left = dice.names.filter(() => dice.random.chance(0.5));
    const bridge = dice.random.chance(0.4) ? dice.anyOf(dice.names) : null;
    return { atMs: dice.atMs, kind: 'halves', left, bridge, forMs: dice.between(500, 8000) };
  },
  'bad-links': (dice) => ({
    atMs: dice.atMs,
    kind: 'bad-links',
    extraMs: dice.between(0, 60),
    loss: dice.between(0, 20) / 100,
    forMs: dice.between(1000, 6000),
  }),
  resets: (dice) => ({ atMs: dice.atMs, kind: 'resets', probability: dice.anyOf([0.003, 0.01, 0.05]), forMs: dice.between(1000, 4000) }),
  replay: (dice) => ({ atMs: dice.atMs, kind: 'replay', count: dice.between(1, 30), laterMs: dice.anyOf([1, 200, 3000, 9000]) }),
  'clock-jump': (dice) => ({
    atMs: dice.atMs,
    kind: 'clock-jump',
    broker: dice.broker(),
    byMs: (dice.random.chance(0.5) ? -1 : 1) * dice.between(1, 3_600_000),
  }),
  'clock-drift': (dice) => ({
    atMs: dice.atMs,
    kind: 'clock-drift',
    broker: dice.broker(),
    rate: 0.9 + dice.random.below(21) / 100,
    forMs: dice.between(2000, 20_000),
  }),
  'slow-disk': (dice) => ({
    atMs: dice.atMs,
    kind: 'slow-disk',
    broker: dice.broker(),
    factor: dice.between(10, 200),
    forMs: dice.between(500, 5000),
  }),
  'disk-stall': (dice) => ({ atMs: dice.atMs, kind: 'disk-stall', broker: dice.broker(), forMs: dice.between(200, 10_000) }),
  'full-disk': (dice) => ({
    atMs: dice.atMs,
    kind: 'full-disk',
    broker: dice.broker(),
    freeBytes: dice.anyOf([0, 1000, 20_000]),
    forMs: dice.between(500, 6000),
  }),
  'io-error': (dice) => ({
    atMs: dice.atMs,
    kind: 'io-error',
    broker: dice.broker(),
    operation: dice.anyOf(['write', 'sync', 'sync']),
    downMs: dice.downMs(),
  }),
  'read-error': (dice) => ({ atMs: dice.atMs, kind: 'read-error', broker: dice.victim }),
  'bit-flip': (dice) => ({ atMs: dice.atMs, kind: 'bit-flip', broker: dice.victim, where: dice.random.below(1000) / 1000 }),
  'replace-disk': (dice) => ({ atMs: dice.atMs, kind: 'replace-disk', broker: dice.victim, downMs: dice.downMs() }),
  'voter-change': (dice) => ({ atMs: dice.atMs, kind: 'voter-change', broker: dice.anyOf(dice.names), forMs: dice.between(500, 6000) }),
};

export const faultKinds = Object.keys(draws) as readonly ChanceKind[];

/** Faults of these kinds, one every second or two, until the time is over. */
export function drawFaults(options: {
  random: SeededRandom;
  names: readonly string[];
  kinds: readonly ChanceKind[];
  forMs: number;
  meanGapMs: number;
}): Fault[] {
  const dice = new FaultDice(options.random, options.names);
  const faults: Fault[] = [];
  const seldom = new Set<ChanceKind>();
  for (;;) {
    dice.atMs += 200 + Math.round(Math.min(options.random.exponential(options.meanGapMs), 10_000));
    if (dice.atMs >= options.forMs) return faults;
    const kind = dice.anyOf(options.kinds);
    // One disk is replaced at most once: what it held has to be copied again before another may go.
    if (kind === 'replace-disk' && seldom.has(kind)) continue;
    seldom.add(kind);
    faults.push(draws[kind](dice));
  }
}
