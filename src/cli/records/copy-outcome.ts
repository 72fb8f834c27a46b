import { counted } from '../counted.ts';

/** What has to be said of a number of copied records that surprises by itself. @param left how many offsets are not copied yet */
export function remarkOn({ written, left, isContinued }: { written: number; left: number; isContinued: boolean }): string {
  if (left > 0) return ` (${counted(left, 'offset')} left: the same command goes on there)`;
  if (!isContinued) return written === 0 ? ': there are none' : '';
  return written === 0 ? ': all that there are were copied by an earlier run' : ', after those of an earlier run';
}
