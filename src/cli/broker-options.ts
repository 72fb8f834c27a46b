import type { MoreListener } from '#broker';
import { type Address, type Disk, isLoopback } from '#platform';
import { formatAddress, parsePeers, parseWhole } from './addresses.ts';
import { CliError, UsageError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';
import { everyAddress, type Listeners, readListeners } from './listeners.ts';
import { ownAddress, ownAddresses } from './own-address.ts';
import { acknowledgesBeforeSync, type EnvironmentSettings, emptyEnvironment, readSettings } from './settings.ts';
import { nowhere, type Surroundings } from './surroundings.ts';

/** The flags of `broker` as commander gives them. */
export interface BrokerFlags {
  id?: string;
  port?: string;
  peers?: string;
  data?: string;
  memory?: boolean;
  listen?: string[];
  advertise?: string;
  config?: string[];
  properties?: string;
  logLevel: string;
  supervised?: boolean;
}

/** The same, read and checked. */
export interface BrokerSettings {
  id: number;
  port: number;
  peers: readonly Address[];
  /** undefined: nothing is kept. */
  directory: string | undefined;
  hosts: readonly string[];
  listenerName: string;
  advertisedHost: string;
  /** undefined: the one that is listened on. */
  advertisedPort: number | undefined;
  /** Clients are told the address that they dialled: nothing was chosen. */
  advertisesDialled: boolean;
  moreListeners: readonly MoreListener[];
  properties: ReadonlyMap<string, string>;
  /** Where each of the properties was said, for messages. */
  sources: ReadonlyMap<string, string>;
  logLevel: LogLevel;
  /** Its parent decides when it stops, and it does not outlive its parent. */
  isSupervised: boolean;
  /** What the user should hear of, though it is no error. */
  notes: readonly string[];
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export const defaultDataDirectory = './kafka-lite-data';
const largestNodeId = 2 ** 31 - 1;
/** Which broker this is and where: `up` decides that for the brokers that it runs, whatever files and the environment say. */
const ofOneBroker = [
  'node.id',
  'broker.id',
  'listeners',
  'advertised.listeners',
  'inter.broker.listener.name',
  'controller.listener.names',
  'controller.quorum.voters',
  'controller.quorum.bootstrap.servers',
  'log.dir',
  'log.dirs',
];

/** @throws UsageError, CliError */
export function readBrokerFlags(
  flags: BrokerFlags,
  disk: Disk,
  environment: EnvironmentSettings = emptyEnvironment,
  machine: Surroundings = nowhere,
): BrokerSettings {
  const { settings, sources } = readSettings(disk, { file: flags.properties, flags: flags.config ?? [], environment });
  if (flags.supervised) for (const name of ofOneBroker) settings.delete(name);
  const id = readNodeId(flags, settings);
  const listeners = readListeners(flags, settings);
  const { name: listenerName, port, hosts, advertised } = listeners;
  const { peers, notes } = readPeers(flags, settings, id, listeners, machine);
  if (flags.memory && flags.data !== undefined) {
    throw new UsageError('--data', flags.data, '--memory keeps nothing, so it takes no data directory', 'Leave one of them out');
  }
  const found = advertised === undefined ? whereToFind(hosts, peers, machine) : undefined;
  if (found?.note !== undefined) notes.push(found.note);
  if (!flags.supervised) notes.push(...environment.notes);
  // Under `up` the parent says it, once for all.
  if (acknowledgesBeforeSync(settings) && !flags.memory && !flags.supervised)
    notes.push('log.flush.mode=os: a power cut may lose records that were acknowledged, as with Apache Kafka.');
  return {
    id,
    port,
    peers,
    directory: flags.memory ? undefined : (flags.data ?? dataDirectoryIn(settings) ?? `${defaultDataDirectory}/${id}`),
    hosts,
    listenerName,
    advertisedHost: advertised?.host ?? found!.host,
    advertisedPort: advertised?.port,
    advertisesDialled: advertised === undefined,
    moreListeners: listeners.more,
    properties: settings,
    sources,
    logLevel: parseLogLevel(flags.logLevel),
    isSupervised: flags.supervised === true,
    notes,
  };
}

function readNodeId(flags: BrokerFlags, settings: ReadonlyMap<string, string>): number {
  if (flags.id !== undefined) return parseNodeId('--id', flags.id);
  const name = settings.has('node.id') ? 'node.id' : 'broker.id';
  const value = settings.get(name);
  return parseNodeId(name, needed('--id', value).trim());
}

/** The other brokers: what --peers says, else Kafka's names for the same. */
function readPeers(
  flags: BrokerFlags,
  settings: ReadonlyMap<string, string>,
  id: number,
  { hosts, port, more, advertised }: Listeners,
  machine: Surroundings,
): { peers: Address[]; notes: string[] } {
  const isEverywhere = hosts.some((host) => everyAddress.includes(host));
  const own = {
    hosts: [
      'localhost',
      ...hosts,
      ...(advertised === undefined ? [] : [advertised.host]),
      ...(isEverywhere ? [machine.hostName, ...ownAddresses(machine)] : []),
    ],
    ports: [port, ...(advertised?.port === undefined ? [] : [advertised.port]), ...more.map((listener) => listener.port)],
  };
  if (flags.peers !== undefined) return parsePeers(flags.peers, own);
  const voters = settings.get('controller.quorum.voters');
  // In Kafka's settings every broker is named, itself too: nobody needs to hear of that.
  const [name, text] =
    voters === undefined
      ? ['controller.quorum.bootstrap.servers', settings.get('controller.quorum.bootstrap.servers') ?? '']
      : ['controller.quorum.voters', withoutVoter(voters, id)];
  return { peers: parsePeers(text, own, name).peers, notes: [] };
}

/** `1@kafka-1:9093,2@kafka-2:9093` without the numbers, and without the one that is ours. */
function withoutVoter(voters: string, id: number): string {
  const entries = voters.split(',').map((entry) => entry.trim());
  return entries
    .filter((entry) => entry !== '' && !entry.startsWith(`${id}@`))
    .map((entry) => entry.replace(/^\d+@/, ''))
    .join(',');
}

/**
 * What other brokers are told to dial where the user chose nothing: the address that is listened on; where that is every address and there are
 * peers elsewhere, one of this machine's; else localhost.
 */
function whereToFind(hosts: readonly string[], peers: readonly Address[], machine: Surroundings): { host: string; note?: string } {
  const own = hosts.find((host) => !isLoopback(host) && !everyAddress.includes(host));
  if (own !== undefined) return { host: own };
  const isEverywhere = hosts.some((host) => everyAddress.includes(host));
  if (!isEverywhere || peers.every(({ host }) => isLoopback(host))) return { host: 'localhost' };
  const { host, others } = ownAddress(peers, machine);
  if (others.length === 0) return { host };
  const note = `other brokers are told to find this one at ${formatHost(host)}; it also has ${others.join(', ')}. --advertise chooses.`;
  return { host, note };
}

function formatHost(host: string): string {
  return formatAddress({ host, port: 0 }).replace(/:0$/, '');
}

/** @throws UsageError for several */
function dataDirectoryIn(settings: ReadonlyMap<string, string>): string | undefined {
  const text = settings.get('log.dirs') ?? settings.get('log.dir');
  if (text?.includes(',')) throw new UsageError('log.dirs', text, 'a broker keeps all its data in one directory', 'Name exactly one');
  return text?.trim() || undefined;
}

/** A flag that must be there. @throws CliError */
export function needed(flag: string, value: string | undefined): string {
  if (value === undefined) throw new CliError(`${flag} is missing. See --help.`, exitCodes.usage);
  return value;
}

/** @throws UsageError */
function parseNodeId(flag: string, text: string): number {
  const id = parseWhole(text);
  if (id === undefined || id > largestNodeId) throw new UsageError(flag, text, `a broker id is a whole number from 0 to ${largestNodeId}`);
  return id;
}

/** @throws UsageError */
export function parseLogLevel(text: string): LogLevel {
  const level = logLevels.find((known) => known === text);
  if (level === undefined) throw new UsageError('--log-level', text, 'there is no such level', `Use one of ${logLevels.join(', ')}`);
  return level;
}
