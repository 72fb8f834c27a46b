import type { Disk } from '#platform';
import { largestPort, loopbackHosts, parsePort, parseWhole } from '../addresses.ts';
import { defaultDataDirectory, parseLogLevel } from '../broker-options.ts';
import { UsageError } from '../cli-error.ts';
import { parseAdvertise } from '../listeners.ts';
import { acknowledgesBeforeSync, type EnvironmentSettings, emptyEnvironment, readSettings } from '../settings.ts';

/** The flags of `up` as commander gives them. */
export interface UpFlags {
  count: string;
  port: string;
  data?: string;
  memory?: boolean;
  listen?: string[];
  advertise?: string;
  config?: string[];
  properties?: string;
  logLevel: string;
  json?: boolean;
}

/** One broker that `up` runs. */
export interface PlannedBroker {
  id: number;
  port: number;
  /** undefined: nothing is kept. */
  directory: string | undefined;
  /** It has data of an earlier run, so it is in a cluster already. */
  hasData: boolean;
  /** What `broker` is started with. */
  args: readonly string[];
}

/** All that `up` runs. */
export interface Plan {
  brokers: readonly PlannedBroker[];
  /** undefined: nothing is kept. */
  dataDirectory: string | undefined;
  /** What was acknowledged survives a power cut. */
  isDurable: boolean;
  /** Where its brokers listen. */
  hosts: readonly string[];
  /** The host by which clients find them; undefined: the one that they dialled. */
  advertisedHost: string | undefined;
  /** What the user should hear of, though it is no error. */
  notes: readonly string[];
}

const mostBrokers = 100;

/** @throws UsageError, CliError */
export function planUp(flags: UpFlags, disk: Disk, environment: EnvironmentSettings = emptyEnvironment): Plan {
  const count = parseWhole(flags.count);
  if (count === undefined || count < 1 || count > mostBrokers)
    throw new UsageError('--count', flags.count, `the number of brokers is from 1 to ${mostBrokers}`);
  const firstPort = parsePort('--port', flags.port);
  if (firstPort + count - 1 > largestPort)
    throw new UsageError(
      '--port',
      flags.port,
      `${count} brokers need the ports up to ${firstPort + count - 1}, and ${largestPort} is the last`,
    );
  if (flags.memory && flags.data !== undefined) {
    throw new UsageError('--data', flags.data, '--memory keeps nothing, so it takes no data directory', 'Leave one of them out');
  }
  parseLogLevel(flags.logLevel);
  const { settings } = readSettings(disk, { file: flags.properties, flags: flags.config ?? [], environment });

  const dataDirectory = flags.memory ? undefined : (flags.data ?? defaultDataDirectory);
  const advertisedHost = flags.advertise === undefined ? undefined : hostToAdvertise(flags.advertise);
  const listen = flags.listen === undefined ? [] : reachableByPeers(flags.listen);
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  const portOf = (id: number) => firstPort + id - 1;
  const brokers = ids.map((id) => {
    const directory = dataDirectory === undefined ? undefined : `${dataDirectory}/${id}`;
    const peers = ids.filter((other) => other !== id).map((other) => `localhost:${portOf(other)}`);
    return {
      id,
      port: portOf(id),
      directory,
      hasData: directory !== undefined && hasData(disk, directory),
      args: brokerArgs({ ...flags, listen }, { id, port: portOf(id), peers, directory }),
    };
  });
  return {
    brokers,
    dataDirectory,
    isDurable: dataDirectory !== undefined && !acknowledgesBeforeSync(settings),
    hosts: listen.length === 0 ? loopbackHosts : listen,
    advertisedHost,
    notes: [
      ...environment.notes,
      ...(advertisedHost !== undefined && listen.length === 0 ? [aloneOnLoopback(advertisedHost)] : []),
      ...(dataDirectory === undefined ? [] : notesOn(dataDirectory, count, disk)),
    ],
  };
}

function brokerArgs(
  flags: UpFlags,
  broker: { id: number; port: number; peers: readonly string[]; directory: string | undefined },
): string[] {
  return [
    'broker',
    '--supervised',
    `--id=${broker.id}`,
    `--port=${broker.port}`,
    `--peers=${broker.peers.join(',')}`,
    broker.directory === undefined ? '--memory' : `--data=${broker.directory}`,
    `--log-level=${flags.logLevel}`,
    ...(flags.listen ?? []).map((host) => `--listen=${host}`),
    ...(flags.advertise === undefined ? [] : [`--advertise=${flags.advertise}`]),
    ...(flags.config ?? []).map((setting) => `--config=${setting}`),
    ...(flags.properties === undefined ? [] : [`--properties=${flags.properties}`]),
  ];
}

/** @throws UsageError for more than a host */
function hostToAdvertise(text: string): string {
  const { host, port } = parseAdvertise(text);
  if (port !== undefined)
    throw new UsageError(
      '--advertise',
      text,
      'up takes a host without a port, as each broker is found at the port that it listens on',
      `Write --advertise=${text.slice(0, text.lastIndexOf(':'))}; where ports are translated on the way start each broker by itself`,
    );
  return host;
}

function aloneOnLoopback(host: string): string {
  return `--advertise=${host}: the brokers listen on loopback only, and ${host} has to lead there. --listen=0.0.0.0 lets others dial them.`;
}

/** Its brokers find each other on loopback, whatever else they listen on. */
function reachableByPeers(hosts: readonly string[]): string[] {
  const includesLoopback = hosts.some((host) => ['0.0.0.0', '::', '[::]', 'localhost', ...loopbackHosts].includes(host));
  return includesLoopback ? [...hosts] : [...hosts, ...loopbackHosts];
}

function hasData(disk: Disk, directory: string): boolean {
  return disk.stat(`${directory}/meta.properties`) !== undefined;
}

/** Brokers of an earlier, larger run that are not started now hold data that nobody will see, and votes that may be missed. */
function notesOn(dataDirectory: string, count: number, disk: Disk): string[] {
  if (disk.stat(dataDirectory)?.kind !== 'directory') return [];
  const left = disk
    .list(dataDirectory)
    .map((name) => parseWhole(name))
    .filter((id) => id !== undefined)
    .filter((id) => id > count && hasData(disk, `${dataDirectory}/${id}`))
    .sort((a, b) => a - b);
  if (left.length === 0) return [];
  const largest = left.at(-1)!;
  return [
    `${dataDirectory} holds data of ${left.length === 1 ? `broker ${left[0]}` : `brokers ${left.join(', ')}`} too; --count=${largest} starts them as well.`,
  ];
}
