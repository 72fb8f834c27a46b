import { offsetOf } from '../history.ts';
import { type Checker, Findings } from './checker.ts';

/** I2 and H2: every value is sent once, or again by an idempotent producer only, so it has one place. */
export const duplicate: Checker = {
  name: 'duplicate',
  invariants: 'I2, H2',
  finds: 'one value at two offsets',
  check(history) {
    const findings = new Findings();
    /** 0 is none; partitions count from 1 here, so that a place is one exact number. */
    const places = new Float64Array(history.size);
    const reported = new Map<number, Set<number>>();
    for (const read of history.reads) {
      read.values.forEach((value, i) => {
        const offset = offsetOf(read, i);
        const place = (read.partition + 1) * 2 ** 40 + offset;
        const first = places[value]!;
        if (first === 0) places[value] = place;
        if (first === 0 || first === place || reported.get(value)?.has(place)) return;
        reported.set(value, (reported.get(value) ?? new Set()).add(place));
        findings.add(
          () => `${history.text(value)} is at ${Math.floor(first / 2 ** 40) - 1}/${first % 2 ** 40} and at ${read.partition}/${offset}`,
        );
      });
    }
    return findings;
  },
};
