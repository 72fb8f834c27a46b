/** For `globalTeardown: 'kafka-lite-cluster/jest/teardown'`: ends the cluster of the global setup. */
import './check-node.ts';
import { started } from './jest-cluster.ts';

export default async function globalTeardown(): Promise<void> {
  await started.cluster?.close();
  started.cluster = undefined;
}
