import { CliError } from '../cli-error.ts';
import { counted } from '../counted.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { withAdminClient } from './admin-client.ts';
import type { AdminFlags } from './admin-flags.ts';
import { noSuchTopic } from './did-you-mean.ts';
import { idsIn, table } from './table.ts';
import { type DescribedPartition, type DescribedTopic, describeTopics, topicNames } from './topics.ts';

/** `topic describe`: who leads and holds each partition. Without names, of all topics. @throws CliError notFound, after what was found is printed */
export async function topicDescribe(wanted: readonly string[], flags: AdminFlags): Promise<ExitCode> {
  await withAdminClient(flags, async (client) => {
    const topics = await describeTopics(client, wanted);
    process.stdout.write(flags.json ? `${JSON.stringify(topics)}\n` : topics.map(topicAsText).join('\n'));
    const missing = wanted.filter((name) => !topics.some((topic) => topic.name === name));
    if (missing.length === 0) return;
    const names = await topicNames(client);
    throw new CliError([...new Set(missing)].map((name) => noSuchTopic(name, names)).join(' '), exitCodes.notFound);
  });
  return exitCodes.ok;
}

/** A heading and a row per partition, with what is not as it should be at its end. */
export function topicAsText({ name, id, partitions }: DescribedTopic): string {
  const factor = Math.max(0, ...partitions.map(({ replicas }) => replicas.length));
  const heading = `${name}: ${counted(partitions.length, 'partition')}, ${counted(factor, 'replica')} each, id ${id}\n`;
  const rows = partitions.map((partition) => [
    String(partition.partition),
    partition.leader < 0 ? 'none' : String(partition.leader),
    idsIn(partition.replicas),
    idsIn(partition.isr),
    partition.elr === null ? '?' : idsIn(partition.elr),
    partition.lastKnownElr === null ? '?' : idsIn(partition.lastKnownElr),
    marksOf(partition).join('; '),
  ]);
  return heading + table(['PARTITION', 'LEADER', 'REPLICAS', 'ISR', 'ELR', 'LAST KNOWN ELR', ''], rows, '  ');
}

function marksOf({ leader, replicas, isr, offlineReplicas }: DescribedPartition): string[] {
  const marks: string[] = [];
  if (leader < 0) marks.push('NO LEADER');
  if (isr.length < replicas.length) marks.push('UNDER-REPLICATED');
  if (offlineReplicas.length > 0) marks.push(`down: ${idsIn(offlineReplicas)}`);
  return marks;
}
