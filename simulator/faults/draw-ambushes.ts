import type { SeededRandom } from '#platform';
import { FaultDice } from './draw-faults.ts';
import { type AmbushKind, ambushKinds, type Fault } from './fault.ts';

const draws: Readonly<Record<AmbushKind, (dice: FaultDice) => Fault>> = {
  'joiner-cut-off': (dice) => ({
    atMs: dice.atMs,
    kind: 'joiner-cut-off',
    isAnswered: dice.random.chance(0.4),
    armedMs: dice.between(2000, 8000),
    forMs: dice.between(800, 7000),
  }),
  'produce-unanswered': (dice) => ({
    atMs: dice.atMs,
    kind: 'produce-unanswered',
    afterMs: dice.between(1, 6),
    armedMs: dice.between(2000, 8000),
    forMs: dice.anyOf([1000, 5500, 7000]),
  }),
  'two-failovers': (dice) => ({
    atMs: dice.atMs,
    kind: 'two-failovers',
    downMs: [dice.between(1000, 5000), dice.between(1000, 5000)],
  }),
  'former-fetches': (dice) => ({ atMs: dice.atMs, kind: 'former-fetches', laterMs: dice.anyOf([300, 1000, 3000]) }),
  'rotten-end': (dice) => ({
    atMs: dice.atMs,
    kind: 'rotten-end',
    broker: dice.victim,
    where: dice.random.below(1000) / 1000,
    mode: dice.mode(),
    downMs: dice.names.map(() => dice.between(50, 3000)),
  }),
};

/** About half of these kinds, each once or twice. */
export function drawAmbushes(options: {
  random: SeededRandom;
  names: readonly string[];
  kinds: readonly AmbushKind[];
  /** The one broker whose disk may be damaged, if that is decided. */
  victim: string | undefined;
  forMs: number;
}): Fault[] {
  const { random, names, kinds, victim, forMs } = options;
  const dice = new FaultDice(random, names, victim);
  const faults: Fault[] = [];
  for (const kind of ambushKinds) {
    const times = random.chance(0.5) ? 1 + random.below(2) : 0;
    for (let turn = 0; turn < times; turn++) {
      dice.atMs = dice.between(1000, forMs - 1000);
      const fault = draws[kind](dice);
      if (kinds.includes(kind)) faults.push(fault);
    }
  }
  return faults;
}
