import { type History, type Send, streamOf } from '../history.ts';
import { type Checker, Findings } from './checker.ts';

/** P12 and I1, in the first final reading. */
export const reordered: Checker = {
  name: 'reordered',
  invariants: 'P12, I1',
  finds: 'a later send, or a higher number of one producer, at a lower offset',
  check(history) {
    const findings = new Findings();
    const sendOf: (Send | undefined)[] = new Array(history.size);
    for (const send of history.sends) for (const value of send.values) sendOf[value] = send;
    for (const [partition, log] of history.finalLogs(history.finalReadings[0] ?? 0)) {
      checkRealTime(partition, log, sendOf, history, findings);
      checkStreams(partition, log, sendOf, history, findings);
    }
    return findings;
  },
};

/** From the end to the start: whoever began after something further on was acknowledged should stand behind that. */
function checkRealTime(
  partition: number,
  log: readonly number[],
  sendOf: readonly (Send | undefined)[],
  history: History,
  findings: Findings,
): void {
  let firstCompleted: { at: number; value: number; offset: number } = { at: Number.POSITIVE_INFINITY, value: -1, offset: -1 };
  for (let offset = log.length - 1; offset >= 0; offset--) {
    const value = log[offset];
    const send = value === undefined ? undefined : sendOf[value];
    if (value === undefined || send === undefined) continue;
    const further = firstCompleted;
    if (further.at < send.invokedAt) {
      findings.add(
        () =>
          `${history.text(value)} at ${partition}/${offset} was begun at ${send.invokedAt} ms, after ${history.text(further.value)} at ${further.offset} was acknowledged at ${further.at} ms`,
      );
    }
    if (send.outcome === 'ok' && send.completedAt < further.at) firstCompleted = { at: send.completedAt, value, offset };
  }
}

function checkStreams(
  partition: number,
  log: readonly number[],
  sendOf: readonly (Send | undefined)[],
  history: History,
  findings: Findings,
): void {
  const last = new Map<string, number>();
  for (const [offset, value] of log.entries()) {
    if (value === undefined || !sendOf[value]?.isOrdered) continue;
    const { stream, number } = streamOf(history.text(value));
    const before = last.get(stream);
    // The same number again is a duplicate, and told as such.
    if (before !== undefined && number < before)
      findings.add(() => `${history.text(value)} at ${partition}/${offset} comes after number ${before} of its producer`);
    last.set(stream, Math.max(before ?? -1, number));
  }
}
