import { NodeClock } from '#platform';
import { parseAddress } from '../addresses.ts';
import { needed } from '../broker-options.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { onStopSignals, stayAlive } from '../signals.ts';
import { tell } from '../tell.ts';
import { ClusterClient } from './cluster-client.ts';
import { interactiveConsumer } from './consumer.ts';
import { Conversation } from './conversation.ts';
import { interactiveProducer } from './producer.ts';

const clients = { producer: interactiveProducer, consumer: interactiveConsumer };

/** Runs an interactive client on the process's own streams until it ends or is interrupted. */
export async function runClient(which: keyof typeof clients, flags: { meta?: string }): Promise<ExitCode> {
  const clock = new NodeClock();
  const client = new ClusterClient({
    meta: parseAddress('--meta', needed('--meta', flags.meta)),
    note: tell,
  });
  const letGo = stayAlive();
  let conversation: Conversation | undefined;
  try {
    return await new Promise<ExitCode>((resolve, reject) => {
      onStopSignals(clock, { once: resolve, again: resolve });
      // Whoever reads our output has gone away (as `head` does): that is an end like any other.
      process.stdout.on('error', () => resolve(exitCodes.ok));
      const streams = { input: process.stdin, output: process.stdout, errors: process.stderr };
      conversation = new Conversation(streams, () => {
        process.stdout.write('\n');
        resolve(exitCodes.interrupted);
      });
      clients[which](conversation, client, clock).then(resolve, reject);
    });
  } finally {
    conversation?.close();
    client.close();
    letGo();
  }
}
