import type { RunResult } from '../run-plan.ts';

/** A result as it travels between processes: the failure as text. */
export type SentResult = Omit<RunResult, 'failure'> & { readonly failure: string | undefined };

export function textOf(failure: Error | undefined): string | undefined {
  return failure === undefined ? undefined : (failure.stack ?? failure.message);
}

/** One line about a run; when it failed also how it came about, and the command that repeats it. */
export function report(result: SentResult, again: string, timelineLines = 80): void {
  const { seed, failure, timeline, virtualMs, events, acknowledged, read, elections, digest } = result;
  console.log(
    `seed ${seed}: ${failure === undefined ? 'held' : 'FAILED'}; ${(virtualMs / 1000).toFixed(1)} simulated s, ${events} events, ${acknowledged} acknowledged, ${read} read, ${elections} elections, digest ${digest.toString(16)}`,
  );
  if (failure === undefined) return;
  const head = timeline.slice(0, 5);
  for (const line of head) console.log(line);
  if (timeline.length > 5 + timelineLines) console.log(`          ... ${timeline.length - 5 - timelineLines} lines`);
  for (const line of timeline.slice(Math.max(5, timeline.length - timelineLines))) console.log(line);
  console.log(failure);
  console.log(`again: ${again}`);
}
