import { deleteTopics } from '#protocol/apis/delete-topics.ts';
import { CliError } from '../cli-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { withAdminClient } from './admin-client.ts';
import type { AdminFlags } from './admin-flags.ts';
import { noSuchTopic } from './did-you-mean.ts';
import { kafkaFailure } from './kafka-failure.ts';
import { topicNames } from './topics.ts';

const deleteTimeoutMs = 25_000;
/** The last version that takes plain names; every Kafka knows it. */
const versionOfNames = 5;

/** `topic delete`: removes topics and all that they hold. Each is told by itself; the first that could not be deleted decides the exit code. */
export async function topicDelete(names: readonly string[], flags: AdminFlags): Promise<ExitCode> {
  await withAdminClient(flags, async (client) => {
    const request = { topics: [], topicNames: [...new Set(names)], timeoutMs: deleteTimeoutMs };
    const { responses } = await client.send(deleteTopics, request, 'write', versionOfNames);
    const deleted = responses.filter(({ errorCode }) => errorCode === 'NONE').map(({ name }) => name ?? '');
    process.stdout.write(flags.json ? `${JSON.stringify({ deleted })}\n` : deleted.map((name) => `Deleted ${name}.\n`).join(''));
    const failures: CliError[] = [];
    for (const { name, errorCode, errorMessage } of responses) {
      if (errorCode === 'NONE') continue;
      if (errorCode !== 'UNKNOWN_TOPIC_OR_PARTITION') failures.push(kafkaFailure(name ?? '', errorCode, errorMessage));
      else failures.push(new CliError(noSuchTopic(name ?? '', await topicNames(client)), exitCodes.notFound));
    }
    if (failures.length > 0) throw new CliError(failures.map(({ message }) => message).join(' '), failures[0]!.exitCode);
  });
  return exitCodes.ok;
}
