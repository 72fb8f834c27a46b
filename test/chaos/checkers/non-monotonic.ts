import { offsetOf } from '../history.ts';
import { type Checker, Findings } from './checker.ts';

/**
 * P2, P3 and P14: reading on gives the offset that was asked for and those after it, without a gap; an offset that was reached stays in
 * range; and the end of a log, as one client is told, never falls (KIP-207). Our readers name the leader epoch that they know, so that a
 * leader of old cannot excuse it.
 */
export const nonMonotonic: Checker = {
  name: 'non-monotonic',
  invariants: 'P2, P3, P14',
  finds: 'a reader skipped records or was sent back',
  check(history) {
    const findings = new Findings();
    for (const read of history.reads) {
      const place = `${read.process} at ${read.partition}/${read.asked}, broker ${read.broker}`;
      if (read.isOutOfRange) findings.add(() => `${place}: out of range, though it had read up to there`);
      if (read.offsets === undefined) continue;
      let due = read.asked;
      for (let i = 0; i < read.values.length; i++, due++) {
        const offset = offsetOf(read, i);
        if (offset === due) continue;
        const wanted = due;
        findings.add(() => `${place}: offset ${wanted} was due, ${offset} came`);
        due = offset;
      }
    }
    const ends = new Map<string, number>();
    for (const { process, partition, offset } of history.ends) {
      const key = `${process}/${partition}`;
      const before = ends.get(key) ?? 0;
      if (offset < before) findings.add(() => `${process}: the end of partition ${partition} fell from ${before} to ${offset}`);
      ends.set(key, offset);
    }
    return findings;
  },
};
