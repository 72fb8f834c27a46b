import { type Cluster, type KnownTopic, readMetadata } from '#client';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { noSuchTopic } from './did-you-mean.ts';

/** @throws CliError notFound, with the names that may have been meant */
export async function topicNamed(cluster: Cluster, name: string): Promise<KnownTopic> {
  const found = (await readMetadata(cluster, [name])).topics.get(name);
  if (found !== undefined) return found;
  const { topics } = await readMetadata(cluster, null);
  throw new CliError(
    noSuchTopic(
      name,
      [...topics.values()].filter(({ isInternal }) => !isInternal).map((topic) => topic.name),
    ),
    exitCodes.notFound,
  );
}
