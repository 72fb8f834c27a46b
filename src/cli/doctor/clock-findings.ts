import type { Finding } from './finding.ts';

/** By how much a broker's clock is ahead of (positive) or behind (negative) this machine's, at the least. */
export interface SeenClock {
  readonly id: number;
  readonly skewMs: number;
}

const muchSkewMs = 5_000;

/**
 * The least difference of the clocks that explains an answer. A `Date` header is cut off to whole seconds, and the answer may have been made at any time between request and arrival.
 * @returns undefined when the header is no date
 */
export function skewOf(date: string | undefined, sentAt: number, receivedAt: number): number | undefined {
  const told = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(told)) return undefined;
  if (told > receivedAt) return told - receivedAt;
  return Math.min(0, told + 999 - sentAt);
}

/** Nothing when no broker's clock could be seen. */
export function clockFindings(clocks: readonly SeenClock[]): Finding[] {
  const wrong = clocks.filter(({ skewMs }) => Math.abs(skewMs) > muchSkewMs);
  if (clocks.length > 0 && wrong.length === 0)
    return [{ what: 'Clocks', level: 'ok', seen: `within ${muchSkewMs / 1000} s of this machine's` }];
  return wrong.map(({ id, skewMs }) => ({
    what: `Clock of broker ${id}`,
    level: 'warn',
    seen: `${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's`,
    advice: 'Set both by NTP: timestamps of records, retention and searches by time go by them.',
  }));
}
