import { exactJson, listAllGroups } from '#client';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { AdminFlags } from './admin-flags.ts';
import { table } from './table.ts';
import { withCluster } from './with-cluster.ts';

/** `group list`: every group with its kind, state and number of members. */
export async function groupList(flags: AdminFlags): Promise<ExitCode> {
  const groups = await withCluster(flags, listAllGroups);
  if (flags.json) {
    const all = groups.map(({ groupId, type, state, members, coordinator, protocolType }) => ({
      group: groupId,
      type,
      state,
      members,
      coordinator,
      protocol: protocolType || null,
    }));
    process.stdout.write(`${exactJson(all)}\n`);
  } else {
    const rows = groups.map(({ groupId, type, state, members, coordinator }) => [
      groupId,
      type,
      state,
      members === null ? '?' : String(members),
      String(coordinator),
    ]);
    process.stdout.write(table(['GROUP', 'TYPE', 'STATE', 'MEMBERS', 'COORDINATOR'], rows));
  }
  return exitCodes.ok;
}
