import { isSea } from 'node:sea';

/** How to start this program once more: the single executable is all of it, elsewhere Node runs a script, be it a launcher or the sources. */
export function ownCommand(): [command: string, ...args: string[]] {
  return isSea() ? [process.execPath] : [process.execPath, ...process.execArgv, process.argv[1]!];
}
