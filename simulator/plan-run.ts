import type { SimulatedWorld } from '#platform';
import { diskLeftovers } from './checkers/disk-leftovers.ts';
import { RecordHistory } from './checkers/record-history.ts';
import { compareReplicas, notConverged } from './checkers/replica-sets.ts';
import { checkServed } from './checkers/topic-is-served.ts';
import { Watchers } from './checkers/watchers.ts';
import { Looker } from './clients/looker.ts';
import { Operator } from './clients/operator.ts';
import { SimulatedClient } from './clients/simulated-client.ts';
import { TopicAdmin } from './clients/topic-admin.ts';
import { workerOf } from './clients/workers.ts';
import type { FaultKind } from './faults/fault.ts';
import { Nemesis } from './faults/nemesis.ts';
import type { Plan } from './plan/plan.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import type { Timeline } from './timeline.ts';
import { Violation } from './violation.ts';

const livenessMs = 60_000;
const quietMs = 2000;
const diskFaults: readonly FaultKind[] = ['io-error', 'read-error', 'full-disk', 'bit-flip'];

/** The phases of one run. */
export class PlanRun {
  readonly history: RecordHistory;
  readonly #plan: Plan;
  readonly #watchers: Watchers;
  readonly #world: SimulatedWorld;
  readonly #timeline: Timeline;
  readonly #cluster: SimulatedCluster;
  readonly #clients: SimulatedClient[] = [];
  readonly #admin: TopicAdmin;
  readonly #operator: Operator;
  readonly #verifier: SimulatedClient;
  readonly #looker: Looker;
  readonly #nemesis: Nemesis;
  #workloads: Promise<void>[] = [];
  #workloadFailure: unknown;

  constructor(plan: Plan, world: SimulatedWorld, timeline: Timeline) {
    this.#plan = plan;
    this.#world = world;
    this.#timeline = timeline;
    const { mayLose } = plan;
    this.#watchers = new Watchers({ timeline, mayLose, cluster: () => this.#cluster });
    this.history = new RecordHistory({ mayLose, committed: this.#watchers.committed });
    const { topology, configuration, workload, faults } = plan;
    this.#cluster = new SimulatedCluster({
      world,
      brokers: topology.brokers,
      timeline,
      properties: configuration.properties,
      observers: this.#watchers.observers,
    });
    this.#operator = new Operator(this.#client('operator'), this.#cluster);
    this.#verifier = this.#client('verifier');
    this.#looker = new Looker(this.#verifier, this.history);
    const brokers = topology.brokers.length;
    const disksFail = faults.some(({ kind }) => diskFaults.includes(kind));
    const onCreated = (topic: string) => (disksFail ? undefined : checkServed(this.#cluster, topic));
    this.#admin = new TopicAdmin({ client: this.#client('admin'), history: this.history, workload, brokers, onCreated });
    this.#nemesis = new Nemesis({ cluster: this.#cluster, timeline, faults, operator: this.#operator });
  }

  get elections(): number {
    return this.#watchers.leaders.elections;
  }

  async all(): Promise<void> {
    for (const [index, { startMs }] of this.#plan.topology.brokers.entries()) this.#nemesis.restart(this.#cluster.names[index]!, startMs);
    this.#startWorkloads();
    this.#nemesis.start();
    await this.#run({ forMs: this.#plan.faultMs });
    this.#nemesis.heal();
    await this.#untilReady();
    await this.#restoreVoters();
    await this.#run({ forMs: 1000 });
    await this.#settle(this.#operator.trustLastCopies(), 'L2', 'an election did not end');
    await this.#run({ forMs: 2000 });
    await this.#endWorkloads();
    await this.#verify();
    this.#restartAll();
    await this.#untilReady();
    await this.#verify();
    await this.#staysQuiet();
  }

  /** Something has gone wrong that no part of the run has heard of. */
  fail(error: unknown): void {
    this.#workloadFailure ??= error;
  }

  /** Lets go of everything that the real world keeps. */
  close(): void {
    this.#cluster.close();
  }

  #client(name: string): SimulatedClient {
    const client = new SimulatedClient(this.#world, name, this.#cluster.addresses);
    this.#clients.push(client);
    return client;
  }

  #startWorkloads(): void {
    const { workload, mayLose } = this.#plan;
    const workers = workload.clients.map((plan) => workerOf(plan, this.#client(plan.name), this.history, { admin: this.#admin, mayLose }));
    this.#workloads = [this.#admin.run(), ...workers];
    for (const work of this.#workloads) {
      work.catch((error: unknown) => {
        this.#workloadFailure ??= error;
      });
    }
  }

  async #endWorkloads(): Promise<void> {
    for (const client of this.#clients) if (client !== this.#verifier) client.stop();
    await this.#settle(Promise.allSettled(this.#workloads), 'L2', 'a client request did not end');
  }

  async #restoreVoters(): Promise<void> {
    if (!this.#plan.faults.some(({ kind }) => kind === 'voter-change' || kind === 'replace-disk')) return;
    await this.#settle(this.#operator.restoreVoters(), 'L1', 'the voters could not be restored');
  }

  /** Everybody goes down at the same moment and comes back. Where syncs wait for the disk's own time, a power cut of all would take what nobody promised to keep. */
  #restartAll(): void {
    const isLazy = this.#plan.configuration.properties['log.flush.mode'] === 'os';
    for (const name of this.#cluster.names) {
      if (!this.#cluster.isUp(name)) continue;
      if (isLazy) this.#cluster.kill(name);
      else this.#cluster.cutPower(name, 'hostile');
    }
    for (const name of this.#cluster.names) this.#cluster.start(name);
  }

  async #untilReady(): Promise<void> {
    const { names } = this.#cluster;
    const ready = () =>
      this.#cluster.running.length === names.length && this.#cluster.running.every(({ broker }) => broker.readiness().ready);
    await this.#run({ forMs: livenessMs, until: ready });
    if (ready()) return;
    const states = names.map((name) => `${name}: ${this.#cluster.broker(name)?.readiness().why ?? 'not open'}`);
    throw new Violation('L1', `not ready ${livenessMs / 1000} s after all was healed: ${states.join('; ')}`);
  }

  /** Everything as it was acknowledged, in the eyes of every broker and of a reader. */
  async #verify(): Promise<void> {
    this.#timeline.note('verifying');
    const images = () => this.#cluster.running.map(({ name, broker }) => ({ name, image: broker.router.image }));
    await this.#until('M5', 'the brokers have different metadata', () => new Set(images().map(({ image }) => image.offset)).size === 1);
    for (const { name, image } of images()) this.#admin.checkFinal(name, image);
    await this.#until(
      'L3',
      () => notConverged(this.#cluster) ?? '',
      () => notConverged(this.#cluster) === undefined,
    );
    compareReplicas(this.#cluster);
    for (const { name, id, partitions } of images()[0]!.image.topics.all()) {
      for (const { partition } of partitions) await this.#verifyPartition(name, id, partition);
    }
    await this.#until(
      'M7',
      () => `left on disk: ${diskLeftovers(this.#cluster).join(', ')}`,
      () => diskLeftovers(this.#cluster).length === 0,
    );
  }

  /** L4: where nothing goes wrong nobody is elected, and nobody leaves or joins an in-sync set. */
  async #staysQuiet(): Promise<void> {
    // Where a bit was flipped somebody may find it only now.
    if (this.#cluster.damaged.size > 0) return;
    const changes = () => `${this.elections} elections, ${this.#watchers.images.isrChanges} changes of in-sync sets`;
    const before = changes();
    await this.#run({ forMs: quietMs });
    if (changes() !== before) throw new Violation('L4', `in ${quietMs / 1000} s without faults ${before} have become ${changes()}`);
  }

  async #verifyPartition(topic: string, topicId: string, partition: number): Promise<void> {
    let last = 'no leader';
    const attempt = async () => {
      for (;;) {
        const leader = (await this.#verifier.find(topic))?.partitions[partition]?.leader;
        last = leader === undefined ? 'no leader' : `the leader ${leader.host} gives no records`;
        const found = leader === undefined ? undefined : await this.#looker.readAll(leader, topicId, partition);
        if (found !== undefined) return found;
        await this.#verifier.pause();
      }
    };
    const { logStartOffset, records } = await this.#settle(attempt(), 'L2', () => `${topic}-${partition} cannot be read: ${last}`);
    this.history.checkFinal(topicId, partition, logStartOffset, records);
  }

  /** Runs the world until the promise is settled. */
  async #settle<T>(work: Promise<T>, invariant: string, otherwise: string | (() => string)): Promise<T> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    work.then(settle, settle);
    await this.#until(invariant, otherwise, () => settled);
    return work;
  }

  async #until(invariant: string, otherwise: string | (() => string), holds: () => boolean): Promise<void> {
    await this.#run({ forMs: livenessMs, until: holds });
    if (!holds())
      throw new Violation(invariant, `${typeof otherwise === 'string' ? otherwise : otherwise()} (${livenessMs / 1000} s later)`);
  }

  async #run(options: { forMs: number; until?: () => boolean }): Promise<void> {
    await this.#cluster.run({ forMs: options.forMs, until: () => this.#workloadFailure !== undefined || (options.until?.() ?? false) });
    if (this.#workloadFailure !== undefined) throw this.#workloadFailure;
  }
}
