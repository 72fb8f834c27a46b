import { type Clock, sleep } from '#platform';
import { CliError } from '../cli-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type Choice, choosePartition } from './choose-partition.ts';
import type { ClusterClient, Produced } from './cluster-client.ts';
import type { Conversation } from './conversation.ts';

/** How long a message is tried while its broker is down or the cluster has no leader for it. */
const patienceMs = 30_000;
const firstPauseMs = 100;
const longestPauseMs = 2_000;

/**
 * The contract's interactive producer: one line, one message, one offset. Ends with "exit" or the end of the input.
 * Lines after one whose outcome is unknown are still sent; the exit code then tells that something went wrong.
 */
export async function interactiveProducer(conversation: Conversation, client: ClusterClient, clock: Clock): Promise<ExitCode> {
  const choice = await choosePartition(conversation, client);
  if (choice === undefined) return exitCodes.ok;
  await conversation.say("Type messages (or 'exit'):");
  let code: ExitCode = exitCodes.ok;
  for (;;) {
    const line = await conversation.ask('> ');
    if (line === undefined || line === 'exit') return conversation.isInteractive ? exitCodes.ok : code;
    const produced = await produceWithPatience(conversation, client, clock, choice, line);
    if (produced.outcome === 'written') {
      await conversation.say(`offset: ${produced.offset}`);
      continue;
    }
    conversation.note(`error: ${produced.why}`);
    code = produced.outcome === 'refused' && produced.status === 404 ? exitCodes.notFound : exitCodes.failed;
    if (produced.outcome === 'not-now' && !conversation.isInteractive) {
      throw new CliError('The message was not written, nor were those after it.', exitCodes.notReady);
    }
  }
}

/** Tries again for a while, but only what certainly was not written. */
async function produceWithPatience(
  conversation: Conversation,
  client: ClusterClient,
  clock: Clock,
  { topic, owner }: Choice,
  message: string,
): Promise<Produced> {
  const deadline = clock.monotonic() + patienceMs;
  for (let attempt = 0; ; attempt++) {
    const produced = await client.produce(topic, owner, message);
    if (produced.outcome !== 'not-now' || clock.monotonic() >= deadline) return produced;
    if (attempt === 0) conversation.note(`${produced.why} Trying again for up to ${patienceMs / 1000} s.`);
    await sleep(clock, Math.min(longestPauseMs, firstPauseMs * 2 ** attempt));
  }
}
