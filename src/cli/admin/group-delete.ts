import { deleteGroup, exactJson } from '#client';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { AdminFlags } from './admin-flags.ts';
import { forEachGroup, withCluster } from './with-cluster.ts';

/** `group delete`: removes groups and all that they have committed. Each is told by itself; the first that could not be deleted decides the exit code. */
export async function groupDelete(names: readonly string[], flags: AdminFlags): Promise<ExitCode> {
  await withCluster(flags, async (cluster) => {
    const deleted: string[] = [];
    try {
      await forEachGroup(cluster, names, async (groupId) => {
        await deleteGroup(cluster, groupId);
        deleted.push(groupId);
        if (!flags.json) process.stdout.write(`Deleted ${groupId}.\n`);
      });
    } finally {
      if (flags.json) process.stdout.write(`${exactJson({ deleted })}\n`);
    }
  });
  return exitCodes.ok;
}
