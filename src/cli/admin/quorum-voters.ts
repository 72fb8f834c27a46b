import { addRaftVoter } from '#protocol/apis/add-raft-voter.ts';
import { describeCluster } from '#protocol/apis/describe-cluster.ts';
import { removeRaftVoter } from '#protocol/apis/remove-raft-voter.ts';
import { parseWhole } from '../addresses.ts';
import { CliError, UsageError } from '../cli-error.ts';
import { counted } from '../counted.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { withAdminClient } from './admin-client.ts';
import type { AdminFlags } from './admin-flags.ts';
import { kafkaFailure } from './kafka-failure.ts';
import { type Quorum, readQuorum } from './quorum-describe.ts';

/** A voter that is added has to catch up first. */
const timeoutMs = 25_000;
/** What the endpoints of voters are called, whatever listener they are at. */
const listenerName = 'CONTROLLER';

/** `quorum add-voter`: lets a broker that follows the metadata log vote on it, with the disk that it has now. */
export async function quorumAddVoter(idText: string, flags: AdminFlags): Promise<ExitCode> {
  const id = parseId(idText);
  await withAdminClient(flags, async (client) => {
    const quorum = await readQuorum(client);
    const directory = directoryToAdd(quorum, id);
    const { brokers } = await client.send(describeCluster, { includeClusterAuthorizedOperations: false });
    if (listensApart(quorum.nodes, brokers))
      throw new CliError(
        'The controllers of this cluster listen apart from its brokers: use its own kafka-metadata-quorum add-controller.',
        exitCodes.usage,
      );
    const broker = brokers.find(({ brokerId }) => brokerId === id);
    if (broker === undefined)
      throw new CliError(`Broker ${id} has not registered: nobody knows its address. Start it.`, exitCodes.notReady);
    const listeners = [{ name: listenerName, host: broker.host, port: broker.port }];
    const request = { clusterId: null, timeoutMs, voterId: id, voterDirectoryId: directory, listeners };
    const { errorCode, errorMessage } = await client.send(addRaftVoter, request, 'write');
    if (errorCode !== 'NONE') throw kafkaFailure(`Voter ${id}`, errorCode, errorMessage);
    print(flags, { added: id, directory }, `Broker ${id} votes now, with directory ${directory}.`);
  });
  return exitCodes.ok;
}

/** `quorum remove-voter`: takes a voter out. A broker that runs goes on as an observer. */
export async function quorumRemoveVoter(idText: string, flags: AdminFlags): Promise<ExitCode> {
  const id = parseId(idText);
  await withAdminClient(flags, async (client) => {
    const quorum = await readQuorum(client);
    const voter = quorum.currentVoters.find(({ replicaId }) => replicaId === id);
    if (voter === undefined) throw new CliError(`${id} is no voter. ${votersOf(quorum)}`, exitCodes.notFound);
    const directory = voter.replicaDirectoryId;
    const request = { clusterId: null, voterId: id, voterDirectoryId: directory };
    const { errorCode, errorMessage } = await client.send(removeRaftVoter, request, 'write');
    if (errorCode !== 'NONE') throw kafkaFailure(`Voter ${id}`, errorCode, errorMessage);
    const left = counted(quorum.currentVoters.length - 1, 'voter');
    print(flags, { removed: id, directory }, `Broker ${id} votes no more, with directory ${directory}; ${left} left.`);
  });
  return exitCodes.ok;
}

/**
 * The directory with which a broker follows the log. One whose disk was replaced was seen with the old one too: that which asked last is its own.
 * @throws CliError when it votes already, or does not follow
 */
export function directoryToAdd(quorum: Quorum, id: number): string {
  const voter = quorum.currentVoters.find(({ replicaId }) => replicaId === id);
  const [observer] = quorum.observers
    .filter(({ replicaId, replicaDirectoryId }) => replicaId === id && replicaDirectoryId !== voter?.replicaDirectoryId)
    .sort((a, b) => Number(b.lastFetchTimestamp - a.lastFetchTimestamp));
  if (voter !== undefined && observer !== undefined)
    throw new CliError(
      `Broker ${id} is a voter with another directory (${voter.replicaDirectoryId}) than it has now. Take that out first: kafka-lite-cluster quorum remove-voter ${id}`,
      exitCodes.failed,
    );
  if (voter !== undefined) throw new CliError(`Broker ${id} is a voter already.`, exitCodes.failed);
  if (observer === undefined)
    throw new CliError(
      `Broker ${id} does not follow the metadata log: start it, and wait until it is ready. ${votersOf(quorum)}`,
      exitCodes.notFound,
    );
  return observer.replicaDirectoryId;
}

/** Where an observer's controller listens only its broker tells: here, and where this is false, at the broker's own port. */
export function listensApart(
  nodes: readonly { nodeId: number; listeners: readonly { port: number }[] }[],
  brokers: readonly { brokerId: number; port: number }[],
): boolean {
  const ports = new Map(brokers.map(({ brokerId, port }) => [brokerId, port]));
  return nodes.some(
    ({ nodeId, listeners: [listener] }) => listener !== undefined && listener.port !== (ports.get(nodeId) ?? listener.port),
  );
}

function votersOf({ currentVoters, observers }: Quorum): string {
  const list = (members: Quorum['observers']) => [...new Set(members.map(({ replicaId }) => replicaId))].sort((a, b) => a - b).join(', ');
  return `Voters: ${list(currentVoters)}; observers: ${list(observers) || 'none'}.`;
}

function parseId(text: string): number {
  const id = parseWhole(text);
  if (id === undefined) throw new UsageError('<id>', text, "a broker's id is a whole number from 0");
  return id;
}

function print({ json }: AdminFlags, answer: object, sentence: string): void {
  process.stdout.write(json ? `${JSON.stringify(answer)}\n` : `${sentence}\n`);
}
