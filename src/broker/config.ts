import type { Address } from '#platform';

/** How one broker is run. Everything else has Kafka's dotted names and lies in `properties`. */
export interface BrokerConfig {
  /** 0 or more, unique in the cluster. */
  readonly nodeId: number;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Where to listen. Default: loopback only, 127.0.0.1 and ::1. */
  readonly hosts?: readonly string[];
  /** The host that others are told to dial. Default localhost. */
  readonly advertisedHost?: string;
  /** The other brokers that are to form the cluster with this one; empty for a cluster of one. */
  readonly peers: readonly Address[];
  /** The data directory. */
  readonly directory: string;
  /** Static configuration by Kafka's names, as in server.properties. */
  readonly properties?: ReadonlyMap<string, string>;
}

export const loopbackHosts: readonly string[] = ['127.0.0.1', '::1'];
export const defaultAdvertisedHost = 'localhost';
export const listenerName = 'PLAINTEXT';
