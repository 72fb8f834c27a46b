import type { Clock } from '#platform';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** What a signal ends the process with. */
const codeOf = { SIGINT: exitCodes.interrupted, SIGHUP: exitCodes.terminated, SIGTERM: exitCodes.terminated } as const;

/** Two signals this close together are one: a terminal sends Ctrl-C to the launcher and to this process, and the launcher passes it on. */
const sameSignalMs = 300;

/**
 * Calls `once` for the first signal to stop and `again` for each one after it.
 * @returns takes the handlers off
 */
export function onStopSignals(
  clock: Clock,
  handlers: { once(code: ExitCode): void; again(code: ExitCode): void },
  signals: readonly (keyof typeof codeOf)[] = ['SIGINT', 'SIGTERM', 'SIGHUP'],
): () => void {
  let last: number | undefined;
  const handle = (signal: NodeJS.Signals) => {
    const code = codeOf[signal as keyof typeof codeOf];
    const now = clock.monotonic();
    const isRepeated = last !== undefined;
    if (last !== undefined && now - last < sameSignalMs) return;
    last = now;
    if (isRepeated) handlers.again(code);
    else handlers.once(code);
  };
  for (const signal of signals) process.on(signal, handle);
  return () => {
    for (const signal of signals) process.off(signal, handle);
  };
}

/** Keeps the process alive until called, while nothing but timers is waited for: the platform's timers do not. */
export function stayAlive(): () => void {
  const { port1 } = new MessageChannel();
  port1.on('message', () => {});
  return () => port1.close();
}
