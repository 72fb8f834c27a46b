import { BrokerProcesses } from '../support/broker-processes.ts';

/** What the clients talk to. */
export interface ClusterUnderTest {
  readonly bootstrap: string;
  /** Our processes, unless the cluster is somebody else's. */
  readonly brokers: BrokerProcesses | undefined;
  createTopic(name: string, partitions: number): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts three brokers of this checkout. With CLIENTS_BOOTSTRAP=host:port it takes a cluster that runs already: the same tests against
 * Apache Kafka tell whether a test, a client or our broker is wrong.
 * @param configs settings of the brokers that make a test quicker, and that others may have their own values of
 */
export async function startClusterUnderTest(configs: Readonly<Record<string, string | number>> = {}): Promise<ClusterUnderTest> {
  const foreign = process.env['CLIENTS_BOOTSTRAP'];
  const brokers =
    foreign === undefined
      ? await BrokerProcesses.start(3, { args: Object.entries(configs).flatMap(([name, value]) => ['--config', `${name}=${value}`]) })
      : undefined;
  const bootstrap = foreign ?? brokers!.bootstrap;
  const { Kafka, logLevel } = (await import('kafkajs')).default;
  const admin = new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  // A cluster that outlives the run must not meet the same names again.
  const suffix = foreign === undefined ? '' : `-${Date.now().toString(36)}`;
  return {
    bootstrap,
    brokers,
    async createTopic(name, numPartitions) {
      const topic = `${name}${suffix}`;
      if (!(await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true }))) throw new Error(`${topic} exists`);
      return topic;
    },
    async stop() {
      await admin.disconnect();
      await brokers?.stop();
    },
  };
}
