import type { Address } from '#platform';
import type { Surroundings } from './surroundings.ts';

/** Every address of this machine that others could dial. */
export function ownAddresses({ interfaces }: Pick<Surroundings, 'interfaces'>): string[] {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  const reachable = all.filter(({ internal, address }) => !internal && !/^(fe80:|169\.254\.)/i.test(address));
  return [...reachable.filter(({ family }) => family === 'IPv4'), ...reachable.filter(({ family }) => family !== 'IPv4')].map(
    ({ address }) => address,
  );
}

/**
 * The address by which brokers on other machines are to find this one, where the user named none: that of the network that a peer is in
 * too, else the first, else the name of the machine. `others`: what else it could have been.
 */
export function ownAddress(
  peers: readonly Address[],
  machine: Pick<Surroundings, 'interfaces' | 'hostName'>,
): { host: string; others: string[] } {
  const all = ownAddresses(machine);
  const near = Object.values(machine.interfaces)
    .flatMap((addresses) => addresses ?? [])
    .find(
      ({ address, netmask, family, internal }) =>
        family === 'IPv4' && !internal && peers.some(({ host }) => isInNetwork(host, address, netmask)),
    );
  const host = near?.address ?? all[0] ?? machine.hostName;
  return { host, others: all.filter((other) => other !== host) };
}

function isInNetwork(host: string, address: string, netmask: string): boolean {
  const [a, b, mask] = [host, address, netmask].map(bitsOf);
  return a !== undefined && b !== undefined && mask !== undefined && (a & mask) === (b & mask);
}

function bitsOf(address: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return undefined;
  return address.split('.').reduce((bits, part) => (bits << 8) | Number(part), 0);
}
