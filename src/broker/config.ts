import type { Address } from '#platform';

/** How one broker is run. Everything else has Kafka's dotted names and lies in `properties`. */
export interface BrokerConfig {
  /** 0 or more, unique in the cluster. */
  readonly nodeId: number;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Where to listen. Default: loopback only, 127.0.0.1 and ::1. */
  readonly hosts?: readonly string[];
  /** Of the listener that brokers use among themselves, and clients too where there is no other. Default PLAINTEXT. */
  readonly listenerName?: string;
  /** The host that others are told to dial. Default localhost. */
  readonly advertisedHost?: string;
  /** The port that they are told to dial. Default the one that is listened on. */
  readonly advertisedPort?: number;
  /** Whether clients are told the address of this machine that they dialled. Default: when no advertisedHost is given. */
  readonly advertisesDialled?: boolean;
  /** Further ports; everything is served on each. */
  readonly moreListeners?: readonly MoreListener[];
  /** The other brokers that are to form the cluster with this one; empty for a cluster of one. */
  readonly peers: readonly Address[];
  /** The data directory. */
  readonly directory: string;
  /** Static configuration by Kafka's names, as in server.properties. */
  readonly properties?: ReadonlyMap<string, string>;
}

/** Who comes in here is told the addresses that brokers advertise for the listener of this name. */
export interface MoreListener {
  readonly name: string;
  readonly port: number;
  readonly hosts: readonly string[];
  /** Undefined: this listener is not told to clients. */
  readonly advertised: Address | undefined;
}

/** A listener as it is made known to the cluster. */
export interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export const loopbackHosts: readonly string[] = ['127.0.0.1', '::1'];
export const defaultAdvertisedHost = 'localhost';
export const defaultListenerName = 'PLAINTEXT';
