/** Clusters in Vitest: one for a whole run as its `globalSetup`, or one for a file with {@link useCluster}. */
import './check-node.ts';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { TestProject } from 'vitest/node';
import { type ClusterInformation, environmentOf, informationOf } from './cluster-information.ts';
import type { KafkaCluster } from './kafka-cluster.ts';
import type { ClusterOptions } from './options.ts';
import { startCluster } from './start-cluster.ts';
import { type UseClusterOptions, useClusterWith } from './use-cluster.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the cluster of the global setup is: `inject('kafkaLite').brokers`. */
    kafkaLite: ClusterInformation;
  }
}

/**
 * A global setup with options of its own: `export default globalSetup({ brokers: 3 })` in a file that `globalSetup` names. Tests find the cluster by
 * `inject('kafkaLite')` and in KAFKA_BROKERS; when files are run again, as in watch mode, it is reset before.
 */
export function globalSetup(options: ClusterOptions = {}): (project: TestProject) => Promise<() => Promise<void>> {
  return async (project) => {
    const cluster = await startCluster(options);
    project.provide('kafkaLite', informationOf(cluster));
    Object.assign(process.env, environmentOf(cluster));
    project.onTestsRerun(() => cluster.reset());
    return () => cluster.close();
  };
}

/** For `globalSetup: 'kafka-lite-cluster/vitest'`: one broker, topics as they are asked for. */
export default globalSetup();

/** One cluster for the tests of a file: started before the first, reset before each other, closed after the last. */
export function useCluster(options: UseClusterOptions = {}): KafkaCluster {
  return useClusterWith({ beforeAll, beforeEach, afterAll }, options);
}

export * from './index.ts';
