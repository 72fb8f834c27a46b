import { absentValues } from './acknowledged.ts';
import { type Checker, Findings } from './checker.ts';

/** P1, at the end of a log: nobody ever read the value, and the log ends before it. */
export const unseen: Checker = {
  name: 'unseen',
  invariants: 'P1, L3',
  finds: 'acknowledged, and never read by anyone',
  check(history) {
    const findings = new Findings();
    for (const { wasThere, value, partition, offset, reading } of absentValues(history)) {
      if (wasThere) continue;
      findings.add(
        () => `${history.text(value)} was acknowledged at ${partition}/${offset ?? '?'}; nobody read it, nor did final reading ${reading}`,
      );
    }
    return findings;
  },
};
