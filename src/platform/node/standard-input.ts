import { fstatSync } from 'node:fs';

/** What comes in on stdin. */
export interface StandardInput {
  /** How many bytes, where that is a file; undefined where nobody knows before the end, as with a pipe. */
  readonly bytes: number | undefined;
  /** Node reads nothing from one, and says no word about it. */
  readonly isDirectory: boolean;
}

/** Looks at what stdin is connected with. */
export function standardInput(): StandardInput {
  try {
    const stat = fstatSync(0);
    return { bytes: stat.isFile() ? stat.size : undefined, isDirectory: stat.isDirectory() };
  } catch {
    // It is closed.
    return { bytes: undefined, isDirectory: false };
  }
}
