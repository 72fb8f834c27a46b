/** Clusters for Node's own test runner. */
import './check-node.ts';
import { after, before, beforeEach } from 'node:test';
import type { KafkaCluster } from './kafka-cluster.ts';
import { type UseClusterOptions, useClusterWith } from './use-cluster.ts';

/** One cluster for the tests of a file: started before the first, reset before each other, closed after the last. */
export function useCluster(options: UseClusterOptions = {}): KafkaCluster {
  return useClusterWith({ beforeAll: before, beforeEach, afterAll: after }, options);
}

export * from './index.ts';
