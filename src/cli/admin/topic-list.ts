import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { withAdminClient } from './admin-client.ts';
import type { AdminFlags } from './admin-flags.ts';
import { topicNames } from './topics.ts';

/** `topic list`: every topic's name, one a line. */
export async function topicList(flags: AdminFlags): Promise<ExitCode> {
  const names = await withAdminClient(flags, topicNames);
  process.stdout.write(flags.json ? `${JSON.stringify(names)}\n` : names.map((name) => `${name}\n`).join(''));
  return exitCodes.ok;
}
