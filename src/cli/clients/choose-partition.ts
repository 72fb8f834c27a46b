import { parseWhole } from '../addresses.ts';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { ClusterClient, PartitionOwner } from './cluster-client.ts';
import type { Conversation } from './conversation.ts';

/** A partition that the user has chosen. */
export interface Choice {
  topic: string;
  owner: PartitionOwner;
}

/** A topic that the user has chosen. */
export interface ChosenTopic {
  topic: string;
  owners: PartitionOwner[];
}

/**
 * Asks for a topic, shows its partitions and asks for one of them. On a terminal a wrong answer is asked again.
 * @returns undefined when the input ended
 * @throws CliError notFound for a wrong answer from a pipe
 */
export async function choosePartition(conversation: Conversation, client: ClusterClient): Promise<Choice | undefined> {
  const found = await chooseTopic(conversation, () => client.topics());
  if (found === undefined) return undefined;
  const { topic, owners } = found;
  const owner = await askUntil(conversation, 'Partition?> ', async (line) => {
    const number = parseWhole(line.trim());
    const chosen = owners.find(({ partition }) => partition === number);
    return chosen ?? wrong(`Topic "${topic}" has no partition "${line.trim()}"; it has ${owners.length}, counted from 0.`);
  });
  return owner === undefined ? undefined : { topic, owner };
}

/** The same, without a question for a partition. */
export async function chooseTopic(
  conversation: Conversation,
  topicsThere: () => Promise<Map<string, PartitionOwner[]>>,
): Promise<ChosenTopic | undefined> {
  const found = await askUntil(conversation, 'Enter topic: ', async (line) => {
    const topic = line.trim();
    const topics = await topicsThere();
    const owners = topics.get(topic);
    return owners === undefined ? wrong(noSuchTopic(topic, [...topics.keys()])) : { topic, owners };
  });
  if (found === undefined) return undefined;
  await conversation.say('Partitions:');
  for (const { partition, broker } of found.owners) await conversation.say(`  ${partition} on ${broker}`);
  return found;
}

interface Wrong {
  readonly wrong: string;
}

function wrong(sentence: string): Wrong {
  return { wrong: sentence };
}

async function askUntil<T extends object>(
  conversation: Conversation,
  prompt: string,
  judge: (line: string) => Promise<T | Wrong>,
): Promise<T | undefined> {
  for (;;) {
    const line = await conversation.ask(prompt);
    if (line === undefined) return undefined;
    const judged = await judge(line);
    if (!('wrong' in judged)) return judged;
    if (!conversation.isInteractive) throw new CliError(judged.wrong, exitCodes.notFound);
    conversation.note(judged.wrong);
  }
}

function noSuchTopic(topic: string, topics: readonly string[]): string {
  if (topics.length === 0) return `There is no topic "${topic}"; there are none at all yet.`;
  const shown = topics.slice(0, 10).join(', ');
  return `There is no topic "${topic}". There are: ${shown}${topics.length > 10 ? `, and ${topics.length - 10} more` : ''}.`;
}
