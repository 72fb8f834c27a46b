import { deleteOffsets, exactJson, nameOf, partitionsIn } from '#client';
import { CliError } from '../cli-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { AdminFlags } from './admin-flags.ts';
import { kafkaFailure } from './kafka-failure.ts';
import { readScope, type ScopeFlags } from './reset-flags.ts';
import { forEachGroup, withCluster } from './with-cluster.ts';

export type DeleteOffsetsFlags = AdminFlags & ScopeFlags;

/** `group delete-offsets`: a group forgets how far it has read some topics, so that it begins anew there. */
export async function groupDeleteOffsets(name: string, flags: DeleteOffsetsFlags): Promise<ExitCode> {
  const scope = readScope(flags);
  await withCluster(flags, (cluster) =>
    forEachGroup(cluster, [name], async (groupId) => {
      const outcomes = await deleteOffsets(cluster, groupId, await partitionsIn(cluster, groupId, scope));
      const deleted = outcomes.filter(({ errorCode }) => errorCode === 'NONE');
      if (flags.json)
        process.stdout.write(`${exactJson({ group: groupId, deleted: deleted.map(({ topic, partition }) => ({ topic, partition })) })}\n`);
      else for (const place of deleted) process.stdout.write(`${groupId} has no offset for ${nameOf(place)} any more.\n`);
      const refused = outcomes.find(({ errorCode }) => errorCode !== 'NONE');
      if (refused === undefined) return;
      if (refused.errorCode === 'GROUP_SUBSCRIBED_TO_TOPIC')
        throw new CliError(
          `Members of group ${groupId} are reading ${refused.topic}: its offsets can be deleted when they have stopped. (GROUP_SUBSCRIBED_TO_TOPIC)`,
        );
      throw kafkaFailure(nameOf(refused), refused.errorCode);
    }),
  );
  return exitCodes.ok;
}
