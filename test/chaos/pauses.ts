import { table } from './table.ts';

/**
 * The longest time without an acknowledgement after the kill. A gap that was open when it came counts from the kill on; so it is never less
 * than the wait for the next acknowledgement, even when one was on its way while the broker died.
 * @param times rising
 */
export function longestPause(times: readonly number[], killedAt: number, until: number): number {
  let longest = 0;
  let before = killedAt;
  for (const time of times) {
    if (time <= killedAt || time > until) continue;
    longest = Math.max(longest, time - before);
    before = time;
  }
  return before === killedAt ? until - killedAt : longest;
}

/** The smallest value that so many of a hundred do not exceed (nearest rank). */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Percentiles for each client and kind of victim. */
export function summarize(kills: readonly { readonly why: string; readonly pauses: ReadonlyMap<string, number> }[]): {
  table: string;
  worstP99: number;
} {
  const clients = [...new Set(kills.flatMap(({ pauses }) => [...pauses.keys()]))];
  const reasons = [...new Set(kills.map(({ why }) => why))].sort();
  const rows: string[][] = [['client', 'killed', 'kills', 'p50', 'p99', 'max']];
  let worstP99 = 0;
  for (const client of clients) {
    for (const reason of [undefined, ...reasons]) {
      const chosen = kills.filter(({ why }) => reason === undefined || why === reason);
      const values = chosen.flatMap(({ pauses }) => pauses.get(client) ?? []);
      const figures = [percentile(values, 50), percentile(values, 99), Math.max(...values)];
      if (reason === undefined) worstP99 = Math.max(worstP99, figures[1]!);
      rows.push([client, reason ?? 'all', String(values.length), ...figures.map((ms) => String(Math.round(ms)))]);
    }
  }
  return { table: table(rows), worstP99 };
}
