import { fstatSync } from 'node:fs';

/** How many bytes come in on stdin, where that is a file; undefined where nobody knows before the end, as with a pipe. */
export function standardInputBytes(): number | undefined {
  try {
    const stat = fstatSync(0);
    return stat.isFile() ? stat.size : undefined;
  } catch {
    // It is closed.
    return undefined;
  }
}
