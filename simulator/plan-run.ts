import type { SimulatedWorld } from '#platform';
import { compareReplicas, notConverged } from './checkers/replica-sets.ts';
import { Watchers } from './checkers/watchers.ts';
import { Operator } from './clients/operator.ts';
import { SimulatedClient } from './clients/simulated-client.ts';
import { Nemesis } from './faults/nemesis.ts';
import type { Plan } from './plan/plan.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import type { Timeline } from './timeline.ts';
import { Violation } from './violation.ts';
import { GroupsWorkload } from './workloads/groups-workload.ts';
import { RecordsWorkload } from './workloads/records-workload.ts';
import type { RunningWorkload, Stage } from './workloads/running-workload.ts';
import { TransactionsWorkload } from './workloads/transactions-workload.ts';

const livenessMs = 60_000;
const quietMs = 2000;

/** The phases of one run. */
export class PlanRun {
  readonly workload: RunningWorkload;
  readonly #plan: Plan;
  readonly #watchers: Watchers;
  readonly #world: SimulatedWorld;
  readonly #timeline: Timeline;
  readonly #cluster: SimulatedCluster;
  readonly #toStop: SimulatedClient[] = [];
  readonly #operator: Operator;
  readonly #nemesis: Nemesis;
  #work: readonly Promise<void>[] = [];
  #workloadFailure: unknown;
  /** Clients have been told to stop; one that comes only now, as its topics were long in coming, has nothing to do. */
  #isOver = false;

  constructor(plan: Plan, world: SimulatedWorld, timeline: Timeline) {
    this.#plan = plan;
    this.#world = world;
    this.#timeline = timeline;
    this.#watchers = new Watchers({ timeline, mayLose: plan.mayLose, cluster: () => this.#cluster });
    const { topology, configuration, faults } = plan;
    this.#cluster = new SimulatedCluster({
      world,
      brokers: topology.brokers,
      timeline,
      properties: configuration.properties,
      observers: this.#watchers.observers,
    });
    this.#operator = new Operator(this.#client('operator'), this.#cluster);
    this.workload = this.#workloadOf(plan);
    this.#nemesis = new Nemesis({ cluster: this.#cluster, timeline, faults, operator: this.#operator, workload: plan.workload.kind });
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
    this.workload.healed();
    await this.#untilReady();
    await this.#restoreVoters();
    await this.#run({ forMs: 1000 });
    await this.#settle(this.#operator.trustLastCopies(), 'L2', 'an election did not end');
    await this.#run({ forMs: 2000 });
    await this.workload.comeToRest();
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

  #client(name: string, options: { readonly staysToTheEnd?: boolean } = {}): SimulatedClient {
    const client = new SimulatedClient(this.#world, name, this.#cluster.addresses);
    if (this.#isOver) client.stop();
    else if (!options.staysToTheEnd) this.#toStop.push(client);
    return client;
  }

  #workloadOf(plan: Plan): RunningWorkload {
    const stage: Stage = {
      plan,
      cluster: this.#cluster,
      timeline: this.#timeline,
      client: (name, options) => this.#client(name, options),
      settle: (work, invariant, otherwise) => this.#settle(work, invariant, otherwise),
      until: (invariant, otherwise, holds) => this.#until(invariant, otherwise, holds),
      pass: (ms) => this.#run({ forMs: ms }),
    };
    switch (plan.workload.kind) {
      case 'records':
        return new RecordsWorkload(stage, this.#watchers.committed);
      case 'transactions':
        return new TransactionsWorkload(stage);
      case 'groups':
        return new GroupsWorkload(stage);
    }
  }

  #startWorkloads(): void {
    this.#work = this.workload.start();
    for (const work of this.#work) {
      work.catch((error: unknown) => {
        this.#workloadFailure ??= error;
      });
    }
  }

  async #endWorkloads(): Promise<void> {
    this.#isOver = true;
    for (const client of this.#toStop) client.stop();
    await this.#settle(Promise.allSettled(this.#work), 'L2', 'a client request did not end');
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
    await this.#until(
      'L3',
      () => notConverged(this.#cluster) ?? '',
      () => notConverged(this.#cluster) === undefined,
    );
    compareReplicas(this.#cluster);
    await this.workload.verify();
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
