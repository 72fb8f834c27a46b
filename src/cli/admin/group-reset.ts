import { carryOutReset, exactJson, type PlannedOffset, partitionsIn, planReset, type ResetScope, type ResetTarget } from '#client';
import { DiskError, nodePlatform } from '#platform';
import { CliError } from '../cli-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { tell } from '../tell.ts';
import type { AdminFlags } from './admin-flags.ts';
import { readScope, readTarget, type ScopeFlags, type TargetFlags } from './reset-flags.ts';
import { table } from './table.ts';
import { topicNamed } from './topic-named.ts';
import { withCluster } from './with-cluster.ts';

export interface ResetFlags extends AdminFlags, ScopeFlags, TargetFlags {
  execute?: boolean;
  dryRun?: boolean;
  export?: boolean;
}

/** `group reset`: where a group goes on reading. Shows what would change; --execute changes it. */
export async function groupReset(groupId: string, flags: ResetFlags): Promise<ExitCode> {
  if (flags.execute && flags.dryRun) throw new CliError('--execute and --dry-run exclude each other: give one of them.', exitCodes.usage);
  const { disk, clock } = nodePlatform();
  const target = readTarget(flags, groupId, clock.now(), (path) => {
    try {
      return disk.readFile(path).toString('utf8');
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      throw new CliError(`--from-file=${path}: the file cannot be read (${error.code}).`, exitCodes.usage, { cause: error });
    }
  });
  const scope = scopeOf(flags, target);
  await withCluster(flags, async (cluster) => {
    if (scope !== 'committed') for (const { topic } of scope) await topicNamed(cluster, topic);
    const plan = await planReset(cluster, groupId, await partitionsIn(cluster, groupId, scope), target);
    if (flags.execute && plan.length > 0) await carryOutReset(cluster, groupId, plan);
    process.stdout.write(shown(groupId, plan, flags));
    if (plan.length === 0) tell(`Group ${groupId} has committed nothing, so that there is nothing to reset.`);
    else if (!flags.execute) tell('Nothing was changed. With --execute it is.');
  });
  return exitCodes.ok;
}

/** A file says itself which partitions it is about. */
function scopeOf(flags: ResetFlags, target: ResetTarget): ResetScope {
  if (target.to !== 'given') return readScope(flags);
  if (flags.topic !== undefined || flags.allTopics)
    throw new CliError('--from-file says itself which topics it is about: leave --topic and --all-topics out.', exitCodes.usage);
  return target.offsets.map(({ topic, partition }) => ({ topic, partitions: [partition] }));
}

function shown(groupId: string, plan: readonly PlannedOffset[], flags: ResetFlags): string {
  if (flags.json) return `${exactJson({ group: groupId, executed: flags.execute === true, offsets: plan })}\n`;
  if (flags.export) return plan.map(({ topic, partition, newOffset }) => `${topic},${partition},${newOffset}\n`).join('');
  const rows = plan.map(({ topic, partition, currentOffset, newOffset }) => [
    topic,
    String(partition),
    currentOffset === null ? '-' : String(currentOffset),
    String(newOffset),
    currentOffset === null ? '' : signed(newOffset - currentOffset),
  ]);
  return table(['TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'NEW-OFFSET', 'CHANGE'], rows);
}

function signed(change: bigint): string {
  return change > 0n ? `+${change}` : String(change);
}
