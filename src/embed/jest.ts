/** A cluster for a whole run of Jest: `globalSetup: 'kafka-lite-cluster/jest'`, and `globalTeardown: 'kafka-lite-cluster/jest/teardown'`. */
import './check-node.ts';
import { environmentOf } from './cluster-information.ts';
import { started } from './jest-cluster.ts';
import type { ClusterOptions } from './options.ts';
import { startCluster } from './start-cluster.ts';

/** A global setup with options of its own: `export default globalSetup({ brokers: 3 })` in a file that `globalSetup` names. */
export function globalSetup(options: ClusterOptions = {}): () => Promise<void> {
  return async () => {
    // In watch mode it is called for every run.
    await started.cluster?.close();
    started.cluster = await startCluster(options);
    // Jest may be told to look for what keeps its process alive, and to wait for it: this does not.
    started.cluster.unref();
    Object.assign(process.env, environmentOf(started.cluster));
  };
}

/** One broker, topics as they are asked for. Tests find it in KAFKA_BROKERS. */
export default globalSetup();

export * from './index.ts';
