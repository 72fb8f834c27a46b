import { type Clock, sleep } from '#platform';
import { CliError } from '../cli-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { choosePartition } from './choose-partition.ts';
import type { ClusterClient } from './cluster-client.ts';
import type { Conversation } from './conversation.ts';

/** Past the end it looks again soon at first, then less often. */
const firstPauseMs = 25;
const longestPauseMs = 500;

/** The contract's interactive consumer: prints a partition from its beginning and goes on with what arrives. Ends only with the input before its questions. */
export async function interactiveConsumer(conversation: Conversation, client: ClusterClient, clock: Clock): Promise<ExitCode> {
  const choice = await choosePartition(conversation, client);
  if (choice === undefined) return exitCodes.ok;
  conversation.close();
  const { topic, owner } = choice;
  let pauseMs = firstPauseMs;
  let isDown = false;
  for (let offset = 0; ; ) {
    const consumed = await client.consume(topic, owner, offset);
    if (consumed.outcome === 'refused') {
      throw new CliError(consumed.why, consumed.status === 404 ? exitCodes.notFound : exitCodes.failed);
    }
    if (consumed.outcome === 'not-now') {
      if (!isDown) conversation.note(`${consumed.why} Trying again until it works.`);
      isDown = true;
    } else {
      if (isDown) conversation.note(`Reading ${topic}-${owner.partition} again.`);
      isDown = false;
    }
    if (consumed.outcome === 'message') {
      await conversation.say(`[Offset ${offset}] ${consumed.message ?? ''}`);
      offset++;
      pauseMs = firstPauseMs;
    } else if (consumed.outcome === 'skipped') {
      conversation.note(consumed.why);
      offset = consumed.nextOffset;
    } else {
      await sleep(clock, pauseMs);
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    }
  }
}
