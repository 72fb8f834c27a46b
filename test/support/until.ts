import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something holds. @throws after `forMs` milliseconds, with what `tell` says of it */
export async function until(holds: () => boolean | Promise<boolean>, options: { forMs: number; tell?: () => string }): Promise<void> {
  const end = performance.now() + options.forMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it does not hold after ${options.forMs} ms: ${options.tell?.() ?? holds}`);
    await sleep(50);
  }
}
