import { type Clock, sleep } from '#platform';

/** How a wait ends that does not end by itself. */
export interface WaitOptions {
  /** Milliseconds; 10,000 unless given. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const defaultTimeoutMs = 10_000;
const lookAgainMs = 5;

/** What was waited for did not come in time. The message says what was seen instead. */
export class TimeoutError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TimeoutError';
  }
}

/**
 * Looks until it finds something.
 * @param look what was waited for, or in words what there is instead
 * @throws TimeoutError that says `what` was waited for and what was seen last; the signal's reason
 */
export async function waitUntil<T>(
  clock: Clock,
  what: string,
  look: () => Promise<{ readonly found: T } | string> | { readonly found: T } | string,
  { timeout = defaultTimeoutMs, signal }: WaitOptions = {},
): Promise<T> {
  const deadline = clock.monotonic() + timeout;
  for (;;) {
    signal?.throwIfAborted();
    const seen = await look();
    if (typeof seen !== 'string') return seen.found;
    if (clock.monotonic() >= deadline) throw new TimeoutError(`${what}: not within ${timeout} ms. Seen: ${seen}.`);
    await sleepOrAbort(clock, lookAgainMs, signal);
  }
}

/** Ends early when the signal comes; what that means is for the caller to say. */
async function sleepOrAbort(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return sleep(clock, delayMs);
  await new Promise<void>((resolve) => {
    const timer = clock.after(delayMs, done);
    function done(): void {
      timer.cancel();
      signal!.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
