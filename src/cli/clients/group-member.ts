import { type Cluster, GroupConsumer, RemoteCluster, readMetadata } from '#client';
import { type Clock, nodePlatform, silentLogger, sleep } from '#platform';
import type { LogRecord } from '#protocol';
import { BrokerClient } from '#transport';
import { formatAddress, parseAddress } from '../addresses.ts';
import { asCliError } from '../admin/with-cluster.ts';
import { needed } from '../broker-options.ts';
import { CliError, UsageError } from '../cli-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { onStopSignals, stayAlive } from '../signals.ts';
import { programVersion } from '../version.ts';
import { chooseTopic } from './choose-partition.ts';
import type { PartitionOwner } from './cluster-client.ts';
import { Conversation } from './conversation.ts';

/** How long a coordinator or a leader may take to be replaced before a single question is given up. */
const patienceMs = 15_000;
/** How long the goodbye to the group may take. */
const farewellMs = 10_000;

/** Whoever read our output has gone away. */
class OutputGone extends Error {}

/**
 * `consumer --group`: the contract's consumer as a member of a consumer group. It asks for a topic, and the group says which partitions are its own. What it has
 * printed it commits, so that whoever comes next goes on there; when it ends it commits the rest and leaves.
 */
export async function runGroupMember(flags: { meta: string | undefined; group: string }): Promise<ExitCode> {
  const meta = parseAddress('--meta', needed('--meta', flags.meta));
  if (flags.group === '') throw new UsageError('--group', '', 'the name of a group has at least one character');
  const { network, clock, random } = nodePlatform({ log: silentLogger });
  const software = { name: 'kafka-lite-cluster', version: programVersion() };
  const client = new BrokerClient({ network, clock, log: silentLogger, clientId: 'kafka-lite-cluster', software });
  const cluster = new RemoteCluster({ client, clock, bootstrap: [meta], patienceMs });
  const letGo = stayAlive();
  let conversation: Conversation | undefined;
  let member: GroupConsumer | undefined;
  try {
    return await new Promise<ExitCode>((resolve, reject) => {
      let isEnding = false;
      const end = (code: ExitCode) => {
        if (isEnding) return;
        isEnding = true;
        conversation?.close();
        leave(member, clock).then((trouble) => {
          if (trouble !== undefined) conversation?.note(trouble);
          resolve(code);
        }, reject);
      };
      onStopSignals(clock, { once: end, again: resolve });
      const gone = new Promise<never>((_, rejectGone) => {
        process.stdout.on('error', () => rejectGone(new OutputGone()));
      });
      gone.catch(() => end(exitCodes.ok));
      const streams = { input: process.stdin, output: process.stdout, errors: process.stderr };
      conversation = new Conversation(streams, () => {
        process.stdout.write('\n');
        end(exitCodes.interrupted);
      });
      const talk = conversation;
      const say = ({ offset, value }: LogRecord) => Promise.race([talk.say(`[Offset ${offset}] ${value?.toString('utf8') ?? ''}`), gone]);
      consume(talk, cluster, meta, (topic) => {
        member = new GroupConsumer({
          cluster,
          groupId: flags.group,
          memberId: random.uuid(),
          topic,
          deliver: (_, record) => say(record),
          note: (line) => talk.note(line),
        });
        return member;
      }).then(
        (code) => code !== undefined && end(code),
        (error: unknown) => {
          if (error instanceof OutputGone || isEnding) return;
          isEnding = true;
          leave(member, clock).then(() => reject(asCliError(error)), reject);
        },
      );
    });
  } finally {
    conversation?.close();
    client.close();
    letGo();
  }
}

/** @returns the exit code when it ended by itself */
async function consume(
  conversation: Conversation,
  cluster: RemoteCluster,
  meta: { host: string; port: number },
  join: (topic: string) => GroupConsumer,
): Promise<ExitCode | undefined> {
  const chosen = await chooseTopic(conversation, async () => {
    try {
      return await ownersOf(cluster);
    } catch (error) {
      const failure = asCliError(error);
      throw failure instanceof CliError && failure.exitCode === exitCodes.notReady
        ? new CliError(`--meta=${formatAddress(meta)}: ${failure.message}`, exitCodes.notReady, { cause: error })
        : failure;
    }
  });
  if (chosen === undefined) return exitCodes.ok;
  conversation.close();
  await join(chosen.topic).run();
  return undefined;
}

/** Commits and leaves. @returns why it could not */
async function leave(member: GroupConsumer | undefined, clock: Clock): Promise<string | undefined> {
  if (member === undefined) return undefined;
  const left = member.stop().then(
    () => undefined,
    (error: Error) => error.message,
  );
  const trouble = await Promise.race([left, sleep(clock, farewellMs).then(() => `no answer for ${farewellMs / 1000} s`)]);
  return trouble === undefined
    ? undefined
    : `The group could not be told that this consumer has ended (${trouble}). What was printed last may be printed again by the next one.`;
}

/** Every topic's partitions with host:port of their leaders, or of the first of their replicas while they have none. */
async function ownersOf(cluster: Cluster): Promise<Map<string, PartitionOwner[]>> {
  const { brokers, topics } = await readMetadata(cluster, null);
  const addressOf = (broker: number) => {
    const address = brokers.get(broker);
    return address === undefined ? '' : formatAddress(address);
  };
  const shown = [...topics.values()].filter(({ isInternal }) => !isInternal).sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map(
    shown.map(({ name, partitions }) => [
      name,
      partitions.map(({ partition, leader, replicas }) => ({ partition, broker: addressOf(leader >= 0 ? leader : (replicas[0] ?? -1)) })),
    ]),
  );
}
