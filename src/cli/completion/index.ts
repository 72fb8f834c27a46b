import type { Command } from 'commander';
import { nodePlatform } from '#platform';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { completionScript } from './scripts.ts';
import { flagValue, type Names, suggestionsFor } from './suggestions.ts';

/** A shell that waits for a name does not wait long. */
const namesWithinMs = 700;

/** `completion SHELL`: prints what a shell has to read once to complete this command. */
export function printCompletion(shell: string): ExitCode {
  process.stdout.write(completionScript(shell));
  return exitCodes.ok;
}

/** What the scripts ask: which words may come next, a line each, with a tab and what it is for. Prints nothing else, and nothing at all when it does not know. */
export async function printSuggestions(program: Command, typedWords: readonly string[]): Promise<ExitCode> {
  const { words, names, typed } = suggestionsFor(program, typedWords);
  const known = names === undefined ? [] : await namesOf(names, typedWords);
  const lines = [
    ...words.map(({ word, about }) => `${word}\t${about}\n`),
    ...known.filter((name) => name.startsWith(typed)).map((name) => `${name}\n`),
  ];
  process.stdout.write(lines.join(''));
  return exitCodes.ok;
}

/** Names from the cluster that the words mention, or KAFKA_BOOTSTRAP_SERVERS; none when it does not answer at once. */
async function namesOf(what: Names, words: readonly string[]): Promise<string[]> {
  const bootstrapServer = flagValue(['--bootstrap-server', '-b', '--meta'], words) ?? process.env['KAFKA_BOOTSTRAP_SERVERS'];
  if (bootstrapServer === undefined) return [];
  const [{ listAllGroups, readMetadata }, { withCluster }] = await Promise.all([import('#client'), import('../admin/with-cluster.ts')]);
  const asked = withCluster({ bootstrapServer }, async (cluster) => {
    if (what === 'groups') return (await listAllGroups(cluster)).map(({ groupId }) => groupId);
    const { topics } = await readMetadata(cluster, null);
    return [...topics.values()].filter(({ isInternal }) => !isInternal).map(({ name }) => name);
  }).catch(() => []);
  const { clock } = nodePlatform();
  return Promise.race([asked, new Promise<string[]>((resolve) => clock.after(namesWithinMs, () => resolve([])))]);
}
