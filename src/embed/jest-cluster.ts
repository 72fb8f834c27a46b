import type { KafkaCluster } from './kafka-cluster.ts';

const place = Symbol.for('kafka-lite-cluster of the global setup of Jest');

/** Shared by setup and teardown, which Jest may load as modules that do not know each other. */
export const started: { cluster: KafkaCluster | undefined } = ((
  globalThis as unknown as Record<symbol, { cluster: KafkaCluster | undefined }>
)[place] ??= {
  cluster: undefined,
});
