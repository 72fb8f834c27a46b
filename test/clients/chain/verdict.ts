import type { ChainReport } from './chain.ts';

/** What a run came to, in lines for people. */
export function verdictOf(report: ChainReport, records: number): { isRight: boolean; lines: string[] } {
  const { levels, seconds, kills, joined, left, lost, failures, isStuck } = report;
  const lines = [
    `${seconds.toFixed(0)} s, ${kills} brokers killed; ${joined} members joined, ${left} left, ${lost} were killed, ${failures.length} ended by themselves`,
    ...levels.map(({ missing, twice, outOfOrder }, level) => {
      const name = level === 0 ? 'written' : `level ${level}`;
      return `${name}: ${records - missing.length} of ${records} keys, ${missing.length} missing${some(missing)}, ${twice.length} twice${some(twice)}, ${outOfOrder.length} out of order${some(outOfOrder)}`;
    }),
    ...failures.slice(0, 5).map((failure) => `ended by itself: ${failure.trim().split('\n').slice(-3).join(' / ')}`),
  ];
  if (isStuck) lines.push('STUCK: nothing was copied for two minutes');
  const isRight = !isStuck && levels.every(({ missing, twice, outOfOrder }) => missing.length + twice.length + outOfOrder.length === 0);
  return { isRight, lines };
}

const some = (keys: readonly number[]) => (keys.length === 0 ? '' : ` (${keys.slice(0, 10).join(', ')}${keys.length > 10 ? ', ...' : ''})`);
