import { offsetOf } from '../history.ts';
import { type Checker, Findings } from './checker.ts';

/** P13: an offset holds one value, for all readers, at all times, and for the producer that was told of it. */
export const inconsistent: Checker = {
  name: 'inconsistent offset',
  invariants: 'P13',
  finds: 'one offset with two values',
  check(history) {
    const findings = new Findings();
    const logs = new Map<number, { values: number[]; sources: string[]; reported: Set<number> }>();
    const see = (partition: number, offset: number, value: number, source: string) => {
      let log = logs.get(partition);
      if (log === undefined) logs.set(partition, (log = { values: [], sources: [], reported: new Set() }));
      const known = log.values[offset];
      if (known === undefined) {
        log.values[offset] = value;
        log.sources[offset] = source;
      } else if (known !== value && !log.reported.has(offset)) {
        log.reported.add(offset);
        const first = log.sources[offset];
        findings.add(() => `${partition}/${offset} is ${history.text(known)} for ${first} and ${history.text(value)} for ${source}`);
      }
    };
    for (const { outcome, offset, partition, values, process } of history.sends) {
      if (outcome === 'ok' && offset !== undefined) for (const [i, value] of values.entries()) see(partition, offset + i, value, process);
    }
    for (const read of history.reads)
      for (const [i, value] of read.values.entries()) see(read.partition, offsetOf(read, i), value, read.process);
    return findings;
  },
};
