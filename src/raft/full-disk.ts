import { type Clock, DiskError, type Logger, sleep } from '#platform';
import { NoSpaceError } from '#storage';

/** After a write that found no room. */
export const fullDiskPauseMs = 500;

export function isFullDisk(error: unknown): boolean {
  return error instanceof NoSpaceError || (error instanceof DiskError && error.code === 'ENOSPC');
}

/**
 * Repeats a write that replaces a file as a whole, or is rolled back, until there is room for it (S6). Whatever waits for it waits as long: the node takes no part
 * in the quorum meanwhile, and the others go on without it.
 * @param goesOn false ends it, written or not
 */
export async function untilThereIsRoom(
  write: () => Promise<void>,
  how: { clock: Clock; logger: Logger; goesOn: () => boolean },
): Promise<void> {
  for (let isFirst = true; how.goesOn(); isFirst = false) {
    try {
      return await write();
    } catch (error) {
      if (!isFullDisk(error)) throw error;
      if (isFirst) how.logger.warn({ error: (error as Error).message }, 'no room for what the metadata quorum has to keep, trying again');
      await sleep(how.clock, fullDiskPauseMs);
    }
  }
}
