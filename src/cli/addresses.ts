import type { Address } from '#platform';
import { UsageError } from './cli-error.ts';

export const largestPort = 65_535;

/** Where a broker listens unless it is told otherwise. */
export const loopbackHosts: readonly string[] = ['127.0.0.1', '::1'];

/** Names of this machine's own loopback, which are one and the same here. */
const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);

/** host:port, with brackets round an IPv6 host. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Reads host:port; an IPv6 host stands in brackets. @throws UsageError naming the flag */
export function parseAddress(flag: string, text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:/[\]]+)):([0-9]+)$/.exec(text);
  if (match === null) throw new UsageError(flag, text, 'this is not an address', 'Write host:port, as in localhost:8080 or [::1]:8080');
  return { host: (match[1] ?? match[2])!, port: parsePort(flag, match[3]!, 1, text) };
}

/** Reads a port; 0 lets the system choose where that is allowed. @throws UsageError naming the flag */
export function parsePort(flag: string, text: string, least = 1, whole = text): number {
  const port = parseWhole(text);
  if (port === undefined || port < least || port > largestPort)
    throw new UsageError(flag, whole, `a port is a number from ${least} to ${largestPort}`);
  return port;
}

/** A whole number in plain digits, or undefined. */
export function parseWhole(text: string): number | undefined {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * The other brokers' addresses from a list with commas. The broker's own address is left out with a note, as one list for all brokers is
 * a common way to write it.
 * @param own under which hosts and ports this broker is reached
 * @throws UsageError for an entry that is no address or is there twice
 */
export function parsePeers(
  text: string,
  own: { hosts: readonly string[]; ports: readonly number[] },
  flag = '--peers',
): { peers: Address[]; notes: string[] } {
  const peers: Address[] = [];
  const notes: string[] = [];
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const address = parseAddress(flag, entry);
    if (isOwn(address, own)) {
      notes.push(`${flag} names ${entry}, which is this broker itself; it is left out.`);
      continue;
    }
    if (peers.some((peer) => sameAddress(peer, address))) {
      throw new UsageError(flag, text, `${entry} is in it twice`, 'Name each of the other brokers once');
    }
    peers.push(address);
  }
  return { peers, notes };
}

function isOwn(address: Address, own: { hosts: readonly string[]; ports: readonly number[] }): boolean {
  return own.ports.includes(address.port) && own.hosts.some((host) => sameHost(host, address.host));
}

function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && sameHost(a.host, b.host);
}

function sameHost(a: string, b: string): boolean {
  const [first, second] = [a.toLowerCase(), b.toLowerCase()];
  return first === second || (loopback.has(first) && loopback.has(second));
}
