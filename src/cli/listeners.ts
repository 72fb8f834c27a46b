import type { MoreListener } from '#broker';
import { type Address, isLoopback } from '#platform';
import { loopbackHosts, parsePort } from './addresses.ts';
import { CliError, UsageError } from './cli-error.ts';
import { exitCodes } from './exit-codes.ts';

type Settings = ReadonlyMap<string, string>;

/** Where a broker listens and what it advertises, as flags and Kafka's settings say. */
export interface Listeners {
  /** Of the listener that brokers use among themselves. */
  readonly name: string;
  readonly port: number;
  readonly hosts: readonly string[];
  /** What was chosen to be told to others; undefined where nothing was. */
  readonly advertised: { readonly host: string; readonly port: number | undefined } | undefined;
  readonly more: readonly MoreListener[];
}

/** One entry of `listeners`: a name, where it listens, on every address when the host is left out. */
interface Listed {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly port: number;
}

export const everyAddress: readonly string[] = ['0.0.0.0', '::'];
const defaultName = 'PLAINTEXT';

/**
 * Flags win over settings: --port and --listen say where the main listener is, --advertise what is told of it.
 * @throws UsageError, CliError
 */
export function readListeners(flags: { port?: string; listen?: string[]; advertise?: string }, settings: Settings): Listeners {
  const listed = listedIn('listeners', settings);
  checkSecurity(listed, settings);
  const controllers = new Set(listOf(settings.get('controller.listener.names')));
  const main = mainOf(listed, controllers, settings.get('inter.broker.listener.name'));
  const name = main?.name ?? defaultName;
  const port = flags.port === undefined ? main?.port : parsePort('--port', flags.port, 0);
  if (port === undefined) throw new CliError('--port is missing. See --help.', exitCodes.usage);
  const hosts = flags.listen?.map(parseListenHost) ?? main?.hosts ?? loopbackHosts;
  const others = listed.filter((listener) => listener !== main && listener.port !== port);
  const told = toldIn(settings, [name, ...others.map((other) => other.name)]);
  const toldOfMain = told.get(name);
  return {
    name,
    port,
    hosts,
    advertised: flags.advertise === undefined ? toldOfMain : parseAdvertise(flags.advertise),
    more: others.map((other) => ({
      ...other,
      advertised: controllers.has(other.name) ? undefined : (told.get(other.name) ?? (told.size > 0 ? undefined : ofItself(other))),
    })),
  };
}

function mainOf(listed: readonly Listed[], controllers: ReadonlySet<string>, wanted: string | undefined): Listed | undefined {
  if (listed.length === 0) return undefined;
  const main = listed.find(({ name }) => (wanted === undefined ? !controllers.has(name) : name === wanted));
  if (main !== undefined) return main;
  if (wanted === undefined) return listed[0];
  throw new UsageError(
    'inter.broker.listener.name',
    wanted,
    'it is none of `listeners`',
    `Use one of ${listed.map(({ name }) => name).join(', ')}`,
  );
}

/** A listener of which nothing is advertised is told by the host that it listens on. */
function ofItself({ hosts, port }: Listed): Address {
  return { host: hosts.find((host) => !isLoopback(host) && !everyAddress.includes(host)) ?? 'localhost', port };
}

function toldIn(settings: Settings, names: readonly string[]): Map<string, Address> {
  const told = new Map<string, Address>();
  for (const { name, hosts, port } of listedIn('advertised.listeners', settings)) {
    const whole = settings.get('advertised.listeners')!;
    const host = hosts[0]!;
    if (!names.includes(name))
      throw new UsageError('advertised.listeners', whole, `there is no listener ${name}`, `Use ${names.join(', ')}`);
    if (everyAddress.includes(host))
      throw new UsageError('advertised.listeners', whole, `nobody can dial ${name} at every address`, 'Name a host');
    told.set(name, { host, port });
  }
  return told;
}

/** Two entries of one name and port are one listener at two addresses. */
function listedIn(setting: string, settings: Settings): Listed[] {
  const text = settings.get(setting) ?? '';
  const listed: Listed[] = [];
  for (const entry of listOf(text)) {
    const [, name, bracketed, plain, port] = /^([\w.-]+):\/\/(?:\[([0-9a-fA-F:.%]*)\]|([^\s:/[\]]*)):([0-9]+)$/.exec(entry) ?? [];
    if (name === undefined)
      throw new UsageError(setting, text, `${entry} is no listener`, 'Write NAME://host:port, as in PLAINTEXT://:9092');
    const host = bracketed ?? plain ?? '';
    const known = listed.find((other) => other.name === name);
    const hosts = host === '' ? everyAddress : [host];
    if (known === undefined) listed.push({ name, hosts, port: parsePort(setting, port!, 1, text) });
    else if (known.port === Number(port)) listed[listed.indexOf(known)] = { ...known, hosts: [...known.hosts, ...hosts] };
    else throw new UsageError(setting, text, `${name} is in it twice, at different ports`);
  }
  return listed;
}

/** @throws UsageError for a listener that is to speak what this version does not */
function checkSecurity(listed: readonly Listed[], settings: Settings): void {
  const protocols = new Map(listOf(settings.get('listener.security.protocol.map')).map((entry) => entry.split(':') as [string, string]));
  for (const { name } of listed) {
    const protocol = (protocols.get(name) ?? name).toUpperCase();
    if (['SSL', 'SASL_PLAINTEXT', 'SASL_SSL'].includes(protocol)) {
      throw new UsageError(
        'listeners',
        settings.get('listeners')!,
        `${name} is to speak ${protocol}, and this version speaks PLAINTEXT only`,
      );
    }
  }
}

function listOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** A host, or host:port; an IPv6 host that a port follows stands in brackets. @throws UsageError */
/** A host, and perhaps a port. @throws UsageError */
export function parseAdvertise(text: string): { host: string; port: number | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:/[\]]+))(?::([0-9]+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? (/^[0-9a-fA-F:.%]+$/.test(text) ? text : undefined);
  if (host === undefined)
    throw new UsageError('--advertise', text, 'this is not a host', 'Write a host, or host:port, as in kafka.example.org:9092');
  if (everyAddress.includes(host)) throw new UsageError('--advertise', text, 'nobody can dial every address', 'Name one');
  return { host, port: port === undefined ? undefined : parsePort('--advertise', port, 1, text) };
}

/** @throws UsageError */
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
