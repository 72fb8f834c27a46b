import type { Address, Disk } from '#platform';
import { loopbackHosts, parsePeers, parsePort, parseWhole } from './addresses.ts';
import { CliError, UsageError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';
import { acknowledgesBeforeSync, readSettings } from './settings.ts';

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
  advertisedHost: string;
  properties: ReadonlyMap<string, string>;
  logLevel: LogLevel;
  /** Its parent decides when it stops, and it does not outlive its parent. */
  isSupervised: boolean;
  /** What the user should hear of, though it is no error. */
  notes: readonly string[];
}

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export const defaultDataDirectory = './kafka-lite-data';
const largestNodeId = 2 ** 31 - 1;
/** Addresses that mean "all of this machine's": nobody can dial them. */
const everyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** @throws UsageError, CliError */
export function readBrokerFlags(flags: BrokerFlags, disk: Disk): BrokerSettings {
  const id = parseNodeId('--id', needed('--id', flags.id));
  const port = parsePort('--port', needed('--port', flags.port), 0);
  const hosts = flags.listen?.map(parseListenHost) ?? loopbackHosts;
  const advertisedHost = flags.advertise ?? hosts.find((host) => !loopbackHosts.includes(host) && !everyAddress.has(host)) ?? 'localhost';
  const { peers, notes } = parsePeers(flags.peers ?? '', { hosts: ['localhost', ...hosts, advertisedHost], port });
  if (flags.memory && flags.data !== undefined) {
    throw new UsageError('--data', flags.data, '--memory keeps nothing, so it takes no data directory', 'Leave one of them out');
  }
  const properties = readSettings(disk, { file: flags.properties, flags: flags.config ?? [] });
  // Under `up` the parent says it, once for all.
  if (acknowledgesBeforeSync(properties) && !flags.memory && !flags.supervised)
    notes.push('log.flush.mode=os: a power cut may lose records that were acknowledged, as with Apache Kafka.');
  return {
    id,
    port,
    peers,
    directory: flags.memory ? undefined : (flags.data ?? `${defaultDataDirectory}/${id}`),
    hosts,
    advertisedHost,
    properties,
    logLevel: parseLogLevel(flags.logLevel),
    isSupervised: flags.supervised === true,
    notes,
  };
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

function parseListenHost(text: string): string {
  const host = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (host === '' || /[\s/]/.test(host) || /^[^:]*:[0-9]+$/.test(host)) {
    throw new UsageError(
      '--listen',
      text,
      'this is not a host',
      'Name a host without a port, as in --listen=0.0.0.0; the port is given by --port',
    );
  }
  return host;
}
