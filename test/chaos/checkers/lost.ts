import { absentValues } from './acknowledged.ts';
import { type Checker, Findings } from './checker.ts';

/** P1, where it is plain: the log goes on after the place of the value, or the value had been read. */
export const lost: Checker = {
  name: 'lost',
  invariants: 'P1',
  finds: 'acknowledged, and gone from a log that goes on',
  check(history) {
    const findings = new Findings();
    for (const { wasThere, value, partition, offset, reading } of absentValues(history)) {
      if (!wasThere) continue;
      findings.add(
        () => `${history.text(value)} was acknowledged at ${partition}/${offset ?? '?'} and is missing from final reading ${reading}`,
      );
    }
    return findings;
  },
};
