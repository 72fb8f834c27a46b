import { Broker } from '#broker';
import { createHttpDoor } from '#http';
import { memoryDisk, nodePlatform } from '#platform';
import { freePorts } from './ports.ts';

/** Brokers in this process, in memory, behind real ports. */
export class BrokersInProcess {
  readonly brokers: readonly Broker[];

  private constructor(brokers: readonly Broker[]) {
    this.brokers = brokers;
  }

  /** All of them, ready. */
  static async start(count: number, properties: Readonly<Record<string, string>> = {}): Promise<BrokersInProcess> {
    const ports = await freePorts(count);
    const brokers = await Promise.all(
      ports.map((port, index) => {
        const platform = { ...nodePlatform(), disk: memoryDisk() };
        const peers = ports.filter((other) => other !== port).map((other) => ({ host: 'localhost', port: other }));
        return Broker.start({
          platform,
          config: { nodeId: index + 1, port, peers, directory: '/memory', properties: new Map(Object.entries(properties)) },
          http: (router) => createHttpDoor({ router, clock: platform.clock, log: platform.log }),
        });
      }),
    );
    const cluster = new BrokersInProcess(brokers);
    for (const broker of brokers) if (!(await broker.whenReady(30_000))) throw new Error(broker.readiness().why);
    return cluster;
  }

  get bootstrap(): string {
    return this.brokers.map(({ port }) => `localhost:${port}`).join(',');
  }

  /** The number of the broker that is the controller, counted from 0. */
  get controller(): number {
    return this.brokers[0]!.raft.leader.leaderId - 1;
  }

  url(index: number, path: string): string {
    return `http://localhost:${this.brokers[index]!.port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.stop()));
  }
}
