import type { KafkaCluster } from './kafka-cluster.ts';

/** How to reach a cluster from another process, as plain values. */
export interface ClusterInformation {
  /** Addresses of all brokers, separated by commas. */
  readonly bootstrap: string;
  /** The same as a list. */
  readonly brokers: string[];
  readonly httpUrl: string;
}

export function informationOf({ bootstrap, brokers, httpUrl }: KafkaCluster): ClusterInformation {
  return { bootstrap, brokers, httpUrl };
}

/** What programs under test find in their environment. */
export function environmentOf({ bootstrap, httpUrl }: KafkaCluster): Record<string, string> {
  return { KAFKA_BROKERS: bootstrap, KAFKA_BOOTSTRAP_SERVERS: bootstrap, KAFKA_REST_URL: httpUrl };
}
