import type { CrashMode } from '#platform';
import type { Nemesis } from './nemesis.ts';

/** All lose their power; each comes back after its own time. */
export function cutAllPower(nemesis: Nemesis, mode: CrashMode, downMs: readonly number[]): void {
  for (const [index, name] of nemesis.cluster.names.entries()) {
    if (nemesis.cluster.isUp(name)) nemesis.cluster.cutPower(name, mode);
    nemesis.restart(name, downMs[index] ?? 1000);
  }
}
