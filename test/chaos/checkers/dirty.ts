import type { Send } from '../history.ts';
import { type Checker, Findings } from './checker.ts';

/** P16 and H1: what was refused for certain, or never sent to that partition, is not in the log. */
export const dirty: Checker = {
  name: 'dirty',
  invariants: 'P16, H1',
  finds: 'read, though it was refused or never sent',
  check(history) {
    const findings = new Findings();
    const sendOf: (Send | undefined)[] = new Array(history.size);
    for (const send of history.sends) for (const value of send.values) sendOf[value] = send;
    const isReported = new Uint8Array(history.size);
    for (const { values, partition, asked, process } of history.reads) {
      for (const value of values) {
        const send = sendOf[value];
        if (send !== undefined && send.outcome !== 'fail' && send.partition === partition) continue;
        if (isReported[value] === 1) continue;
        isReported[value] = 1;
        const why =
          send === undefined ? 'nobody sent it' : send.outcome === 'fail' ? 'it was refused' : `it was sent to partition ${send.partition}`;
        findings.add(() => `${process} read ${history.text(value)} from ${partition}/${asked} on, and ${why}`);
      }
    }
    return findings;
  },
};
