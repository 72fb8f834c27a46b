import { offsetOf } from '../history.ts';
import { type Checker, Findings } from './checker.ts';

/** P10 and H4: nobody is given what is not committed. It shows at once, by the high watermark told with it, or later, when it is gone. */
export const aboveHighWatermark: Checker = {
  name: 'above high watermark',
  invariants: 'P10, H4',
  finds: 'read before it was committed',
  check(history) {
    const findings = new Findings();
    const logs = history.finalReadings.map((reading) => ({ reading, partitions: history.finalLogs(reading) }));
    const reported = new Set<string>();
    for (const read of history.reads) {
      const { process, partition, highWatermark } = read;
      for (const [i, value] of read.values.entries()) {
        const offset = offsetOf(read, i);
        if (highWatermark !== undefined && offset >= highWatermark)
          findings.add(() => `${process} read ${history.text(value)} at ${partition}/${offset} with the high watermark ${highWatermark}`);
        for (const { reading, partitions } of logs) {
          const atTheEnd = partitions.get(partition)?.[offset];
          if (atTheEnd === value) continue;
          const key = `${partition}/${offset}/${value}/${reading}`;
          if (reported.has(key)) continue;
          reported.add(key);
          const now = atTheEnd === undefined ? 'nothing' : history.text(atTheEnd);
          findings.add(
            () => `${process} read ${history.text(value)} at ${partition}/${offset}, where final reading ${reading} finds ${now}`,
          );
        }
      }
    }
    return findings;
  },
};
