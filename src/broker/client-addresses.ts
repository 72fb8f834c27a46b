import type { MetadataImage } from '#metadata';
import { type Address, isLoopback } from '#platform';

/**
 * Where clients are told to find each broker. A broker that was told what to advertise, or whose peers were, passes on what they registered. One that
 * was not knows no name that means it elsewhere, but the client has just dialled one of its addresses: so brokers of this machine are to be found
 * there, each at its own port.
 */
export class ClientAddresses {
  readonly #nodeId: number;
  readonly #image: () => MetadataImage;
  readonly #advertisesDialled: boolean;
  /** By the port that is listened on. */
  readonly #listenerNames: ReadonlyMap<number, string>;

  constructor(options: {
    nodeId: number;
    image: () => MetadataImage;
    advertisesDialled: boolean;
    listenerNames: ReadonlyMap<number, string>;
  }) {
    this.#nodeId = options.nodeId;
    this.#image = options.image;
    this.#advertisesDialled = options.advertisesDialled;
    this.#listenerNames = options.listenerNames;
  }

  /** @param local the address of this broker that the client dialled; without it the answer is what brokers tell each other */
  of(brokerId: number, local: Address | undefined): Address | undefined {
    const endpoints = this.#image().brokers.get(brokerId)?.endpoints;
    if (endpoints === undefined || endpoints.length === 0) return undefined;
    const name = local && this.#listenerNames.get(local.port);
    const { host, port } = endpoints.find((endpoint) => endpoint.name === name) ?? endpoints[0]!;
    if (local === undefined || !this.#advertisesDialled || !this.#isHere(brokerId, host)) return { host, port };
    // "localhost" says more than 127.0.0.1, and link-local addresses mean nothing without the interface of the one who dials.
    if ((isLoopback(local.host) && isLoopback(host)) || /^(fe80:.*)?$/i.test(local.host)) return { host, port };
    return { host: local.host, port };
  }

  /** A loopback name that others could be reached by as well leads to nobody but brokers of this machine. */
  #isHere(brokerId: number, host: string): boolean {
    return brokerId === this.#nodeId || isLoopback(host) || host === this.#image().brokers.get(this.#nodeId)?.endpoints[0]?.host;
  }
}
