import type { CommittedOffsets } from '../checkers/committed-offsets.ts';
import { diskLeftovers } from '../checkers/disk-leftovers.ts';
import { RecordHistory } from '../checkers/record-history.ts';
import { checkServed } from '../checkers/topic-is-served.ts';
import { Looker } from '../clients/looker.ts';
import type { SimulatedClient } from '../clients/simulated-client.ts';
import { TopicAdmin } from '../clients/topic-admin.ts';
import { workerOf } from '../clients/workers.ts';
import type { FaultKind } from '../faults/fault.ts';
import type { RunningWorkload, Stage } from './running-workload.ts';

const diskFaults: readonly FaultKind[] = ['io-error', 'read-error', 'full-disk', 'bit-flip', 'rotten-end'];

/** Clients write and read records; an administrator creates, changes and deletes topics. */
export class RecordsWorkload implements RunningWorkload {
  readonly #stage: Stage;
  readonly #history: RecordHistory;
  readonly #verifier: SimulatedClient;
  readonly #looker: Looker;
  readonly #admin: TopicAdmin;

  constructor(stage: Stage, committed: CommittedOffsets) {
    this.#stage = stage;
    const { plan, cluster } = stage;
    const { mayLose, workload, faults, topology } = plan;
    this.#history = new RecordHistory({ mayLose, committed });
    this.#verifier = stage.client('verifier', { staysToTheEnd: true });
    this.#looker = new Looker(this.#verifier, this.#history);
    const disksFail = faults.some(({ kind }) => diskFaults.includes(kind));
    const onCreated = (topic: string) => (disksFail ? undefined : checkServed(cluster, topic));
    const brokers = topology.brokers.length;
    this.#admin = new TopicAdmin({ client: stage.client('admin'), history: this.#history, workload, brokers, onCreated });
  }

  get acknowledgedCount(): number {
    return this.#history.acknowledgedCount;
  }

  get readCount(): number {
    return this.#history.readCount;
  }

  start(): readonly Promise<void>[] {
    const { workload, mayLose } = this.#stage.plan;
    const workers = workload.clients.map((plan) =>
      workerOf(plan, this.#stage.client(plan.name), this.#history, { admin: this.#admin, mayLose }),
    );
    return [this.#admin.run(), ...workers];
  }

  healed(): void {}

  comeToRest(): Promise<void> {
    return Promise.resolve();
  }

  async verify(): Promise<void> {
    const { cluster } = this.#stage;
    for (const { name, broker } of cluster.running) this.#admin.checkFinal(name, broker.router.image);
    for (const { name, id, partitions } of cluster.running[0]!.broker.router.image.topics.all()) {
      for (const { partition } of partitions) await this.#verifyPartition(name, id, partition);
    }
    await this.#stage.until(
      'M7',
      () => `left on disk: ${diskLeftovers(cluster).join(', ')}`,
      () => diskLeftovers(cluster).length === 0,
    );
  }

  async #verifyPartition(topic: string, topicId: string, partition: number): Promise<void> {
    let last = 'no leader';
    const attempt = async () => {
      while (!this.#isGone(topic)) {
        const leader = (await this.#verifier.find(topic))?.partitions[partition]?.leader;
        last = leader === undefined ? 'no leader' : `the leader ${leader.host} gives no records`;
        const found = leader === undefined ? undefined : await this.#looker.readAll(leader, topicId, partition);
        if (found !== undefined) return found;
        await this.#verifier.pause();
      }
      return undefined;
    };
    const read = await this.#stage.settle(attempt(), 'L2', () => `${topic}-${partition} cannot be read: ${last}`);
    if (read !== undefined) this.#history.checkFinal(topicId, partition, read.logStartOffset, read.records);
  }

  /** A request to delete it that was not answered may be carried out as soon as there is a controller. */
  #isGone(topic: string): boolean {
    return this.#admin.mayBeGone(topic) && this.#stage.cluster.latestImage?.topics.byName(topic) === undefined;
  }
}
