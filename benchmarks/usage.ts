import { readFileSync } from 'node:fs';

const ticksPerSecond = 100;
const bytesPerPage = 4096;

/** What processes have used so far, by /proc: Linux only. */
export function usageOf(pids: readonly number[]): { cpuSeconds: number; residentMb: number } {
  let ticks = 0;
  let pages = 0;
  for (const pid of pids) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
    pages += Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  }
  return { cpuSeconds: ticks / ticksPerSecond, residentMb: (pages * bytesPerPage) / 1e6 };
}
