import { Broker } from '#broker';
import { createHttpDoor } from '#http';
import { memoryDisk, nodePlatform } from '#platform';
import { freePorts } from './ports.ts';

/** Brokers in this process, in memory, behind real ports. */
export class BrokersInProcess {
  readonly brokers: readonly Broker[];
  /** One each, for faults. */
  readonly disks: readonly ReturnType<typeof memoryDisk>[];

  private constructor(brokers: readonly Broker[], disks: BrokersInProcess['disks']) {
    this.brokers = brokers;
    this.disks = disks;
  }

  /** All of them, ready. */
  static async start(count: number, properties: Readonly<Record<string, string>> = {}): Promise<BrokersInProcess> {
    const cluster = await BrokersInProcess.startSome(count, count, properties);
    for (const broker of cluster.brokers) if (!(await broker.whenReady(30_000))) throw new Error(broker.readiness().why);
    return cluster;
  }

  /** The first few of a cluster of so many, not waited for. */
  static async startSome(some: number, count: number, properties: Readonly<Record<string, string>> = {}): Promise<BrokersInProcess> {
    const ports = await freePorts(count);
    const disks = ports.map(() => memoryDisk());
    const brokers = await Promise.all(
      ports.slice(0, some).map((port, index) => {
        const platform = { ...nodePlatform(), disk: disks[index]! };
        const peers = ports.filter((other) => other !== port).map((other) => ({ host: 'localhost', port: other }));
        return Broker.start({
          platform,
          config: { nodeId: index + 1, port, peers, directory: '/memory', properties: new Map(Object.entries(properties)) },
          http: (router) => createHttpDoor({ router, clock: platform.clock, log: platform.log }),
        });
      }),
    );
    return new BrokersInProcess(brokers, disks);
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
