import { DiskError } from '../disk.ts';
import { diskFailure } from '../disk-failure.ts';

/** The code that Node gives to a system error, or undefined. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What a call of node:fs threw, as a DiskError. */
export function toDiskError(error: unknown, path: string, doing: string): DiskError {
  return error instanceof DiskError ? error : diskFailure(errorCode(error) ?? 'EIO', path, doing, error);
}

/** Runs a piece of synchronous file work; what it throws becomes a DiskError. */
export function diskWork<T>(path: string, doing: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toDiskError(error, path, doing);
  }
}
