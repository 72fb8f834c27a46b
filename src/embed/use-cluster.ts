import type { KafkaCluster } from './kafka-cluster.ts';
import { type ClusterOptions, OptionError } from './options.ts';
import { startCluster } from './start-cluster.ts';

export interface UseClusterOptions extends ClusterOptions {
  /** Default true: each test finds the cluster as it was at the start. */
  readonly reset?: boolean;
}

/** What a test framework calls. */
export interface Hooks {
  beforeAll(action: () => Promise<void>): void;
  beforeEach(action: () => Promise<void>): void;
  afterAll(action: () => Promise<void>): void;
}

/**
 * One cluster for the tests of a file: started before the first, reset before each other, closed after the last.
 * @returns the cluster, to be used within tests and hooks
 */
export function useClusterWith(hooks: Hooks, { reset = true, ...options }: UseClusterOptions): KafkaCluster {
  let cluster: KafkaCluster | undefined;
  let isFresh = true;
  hooks.beforeAll(async () => {
    cluster = await startCluster(options);
  });
  hooks.beforeEach(async () => {
    if (!isFresh && reset) await cluster?.reset();
    isFresh = false;
  });
  hooks.afterAll(async () => {
    await cluster?.close();
    cluster = undefined;
  });
  return new Proxy({} as KafkaCluster, {
    get(_, name) {
      if (cluster === undefined)
        throw new OptionError(
          'useCluster',
          String(name),
          'the cluster is not there yet',
          'It is started before the first test: use it within tests and hooks',
        );
      const value: unknown = Reflect.get(cluster, name, cluster);
      return typeof value === 'function' ? value.bind(cluster) : value;
    },
  });
}
