import { type Cluster, listAllGroups, RemoteCluster, readMetadata } from '#client';
import { NetworkError, nodePlatform, silentLogger } from '#platform';
import { KafkaError } from '#protocol';
import { BrokerClient } from '#transport';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { stayAlive } from '../signals.ts';
import { programVersion } from '../version.ts';
import { type AdminFlags, readServers } from './admin-flags.ts';
import { noSuch } from './did-you-mean.ts';
import { kafkaFailure } from './kafka-failure.ts';

/** How long to wait for a coordinator or a leader that is being replaced. */
const patienceMs = 15_000;

/** Runs a command that asks coordinators and leaders, whichever brokers these are. @throws CliError notReady at once when none of the brokers named answers */
export async function withCluster<T>(flags: AdminFlags, run: (cluster: Cluster) => Promise<T>): Promise<T> {
  const bootstrap = readServers(flags);
  const { network, clock } = nodePlatform({ log: silentLogger });
  const software = { name: 'kafka-lite-cluster', version: programVersion() };
  const client = new BrokerClient({ network, clock, log: silentLogger, clientId: 'kafka-lite-cluster', software });
  const cluster = new RemoteCluster({ client, clock, bootstrap, patienceMs });
  const letGo = stayAlive();
  try {
    await readMetadata(cluster, []);
    return await run(cluster);
  } catch (error) {
    throw asCliError(error);
  } finally {
    client.close();
    letGo();
  }
}

/** What asking a cluster threw, as the end of a command; what is none of its errors as it is. */
export function asCliError(error: unknown): unknown {
  if (error instanceof KafkaError) return kafkaFailure(undefined, error.errorName, error.message);
  if (!(error instanceof NetworkError)) return error;
  if (error.code === 'ECONNREFUSED')
    return new CliError(`${error.message}. Is a broker running there, and its cluster formed?`, exitCodes.notReady, { cause: error });
  const advice = 'It is not known whether the request took effect: look before you send it again.';
  return new CliError(`${error.message}. ${advice}`, exitCodes.failed, { cause: error });
}

/** The same command for several groups, one after the other. What goes wrong with one is told after all were tried. */
export async function forEachGroup(cluster: Cluster, names: readonly string[], act: (groupId: string) => Promise<void>): Promise<void> {
  const failures: CliError[] = [];
  for (const groupId of new Set(names)) {
    try {
      await act(groupId);
    } catch (error) {
      const failure = await groupFailure(cluster, groupId, error);
      if (!(failure instanceof CliError)) throw failure;
      failures.push(failure);
    }
  }
  if (failures.length > 0) throw new CliError(failures.map(({ message }) => message).join(' '), failures[0]!.exitCode);
}

async function groupFailure(cluster: Cluster, groupId: string, error: unknown): Promise<unknown> {
  if (!(error instanceof KafkaError && error.errorName === 'GROUP_ID_NOT_FOUND')) return asCliError(error);
  const names = (await listAllGroups(cluster)).map((group) => group.groupId);
  return new CliError(noSuch('group', groupId, names), exitCodes.notFound, { cause: error });
}
