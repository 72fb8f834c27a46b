import type { CampaignReport } from './campaign.ts';
import { checkers } from './checkers/index.ts';
import type { History } from './history.ts';
import { table } from './table.ts';
import { producerKinds } from './workload/index.ts';

/** What one checker came to. */
export interface Line {
  readonly name: string;
  readonly invariants: string;
  readonly finds: string;
  readonly count: number;
  readonly examples: readonly string[];
}

/** Runs all checkers. */
export function check(history: History): Line[] {
  return checkers.map(({ name, invariants, finds, check }) => ({ name, invariants, finds, ...check(history) }));
}

/** The verdict as a table for people, with the first examples of what is wrong below it. */
export function verdictTable(lines: readonly Line[]): string {
  const rows = lines.map(({ name, invariants, finds, count }) => [name, invariants, String(count), finds]);
  const examples = lines.flatMap(({ name, examples }) => examples.map((sentence) => `  ${name}: ${sentence}`));
  return [table([['checker', 'invariants', 'found', 'what it looks for'], ...rows]), ...examples].join('\n');
}

/** What the clients did, by kind of producer, and what was done to the brokers. */
export function workloadTable({ history, faults, fallen, healedMs, leftOut, loggedErrors }: CampaignReport): string {
  const producers = producerKinds
    .map((kind) => ({ kind, ...history.total(`${kind}-`) }))
    .filter(({ ok, fail, info }) => ok + fail + info > 0);
  const rows = producers.map(({ kind, ok, fail, info }) => [kind, String(ok), String(fail), String(info)]);
  const gaps = [...history.gaps.values()].map(({ longestMs }) => longestMs);
  const done = [...faults].map(([kind, count]) => `${count} ${kind}`);
  return [
    table([['producer', 'acknowledged', 'refused', 'unknown'], ...rows]),
    `${history.total().read} records read, most of them several times`,
    `faults: ${done.join(', ')}`,
    ...leftOut.map((kind) => `left out: ${kind}, because only root on Linux may mount a small disk`),
    `longest time without an acknowledgement in any partition: ${(Math.max(0, ...gaps) / 1000).toFixed(1)} s`,
    `all replicas in sync ${healedMs === undefined ? 'never' : `${(healedMs / 1000).toFixed(1)} s`} after the last fault and the quiet time`,
    `brokers that ended by themselves: ${fallen.length === 0 ? 'none' : fallen.join(', ')}; lines of errors in their logs: ${loggedErrors}`,
  ].join('\n');
}
