import { SeededRandom, SimulatedWorld } from '#platform';
import { OneLeaderPerEpoch } from './checkers/one-leader-per-epoch.ts';
import { OneMetadataHistory } from './checkers/one-metadata-history.ts';
import { OneVotePerEpoch } from './checkers/one-vote-per-epoch.ts';
import { RecordHistory } from './checkers/record-history.ts';
import { Producer } from './clients/producer.ts';
import { Reader } from './clients/reader.ts';
import { SimulatedClient } from './clients/simulated-client.ts';
import { TopicAdmin } from './clients/topic-admin.ts';
import { type FaultKind, faultKinds, Nemesis } from './faults.ts';
import { SimulatedCluster, timelineLogger } from './simulated-cluster.ts';
import { Timeline } from './timeline.ts';
import { Violation } from './violation.ts';

const livenessMs = 60_000;
/** Clients take their time from clocks that do not jump, so records may lie far from what a broker believes to be now. */
const properties = new Map([['log.message.timestamp.after.max.ms', String(Number.MAX_SAFE_INTEGER)]]);

export interface SeedOptions {
  /** Print what happens as it happens, with the brokers' log lines. */
  readonly trace?: (line: string) => void;
  /** Virtual milliseconds of trouble. Default: drawn, 10 to 30 s. */
  readonly faultMs?: number;
}

/** How a run of one seed went. */
export interface SeedResult {
  readonly seed: number;
  readonly failure: Error | undefined;
  readonly timeline: readonly string[];
  readonly virtualMs: number;
  readonly events: number;
  /** Equal for equal seeds and equal code. */
  readonly digest: number;
  readonly acknowledged: number;
  readonly read: number;
  readonly elections: number;
}

/**
 * One seed: three brokers form a cluster, clients create, delete, write and read while things go wrong; then all is healed, everything must work again,
 * and everything that was acknowledged must be there; then all brokers are restarted after a power cut, and it must be there still.
 */
export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  let timeline: Timeline | undefined;
  const syncMs = [0.8, 5, 40][new SeededRandom(seed).fork('disks').below(3)]!;
  const world = new SimulatedWorld({
    seed,
    disk: { syncDelay: { minMs: 0.2, meanMs: syncMs } },
    log: (name) => timelineLogger(name, () => timeline!, options.trace === undefined ? 'warn' : 'debug'),
  });
  timeline = new Timeline(() => world.nowMs, options.trace);
  timeline.note(`a sync takes ${syncMs} ms`);
  const run = new SeedRun(seed, world, timeline, options);
  let failure: Error | undefined;
  try {
    await run.all();
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    timeline.note(`FAILED ${failure.message}`);
  }
  return {
    seed,
    failure,
    timeline: timeline.lines,
    virtualMs: world.nowMs,
    events: world.eventCount,
    digest: world.digest,
    acknowledged: run.history.acknowledgedCount,
    read: run.history.readCount,
    elections: run.leaders.elections,
  };
}

class SeedRun {
  readonly history = new RecordHistory();
  readonly leaders = new OneLeaderPerEpoch();
  readonly #random: SeededRandom;
  readonly #world: SimulatedWorld;
  readonly #timeline: Timeline;
  readonly #cluster: SimulatedCluster;
  readonly #clients: SimulatedClient[];
  readonly #admin: TopicAdmin;
  readonly #reader: Reader;
  readonly #nemesis: Nemesis;
  readonly #faultMs: number;
  #workloads: Promise<void>[] = [];
  #workloadFailure: unknown;

  constructor(seed: number, world: SimulatedWorld, timeline: Timeline, options: SeedOptions) {
    this.#world = world;
    this.#timeline = timeline;
    this.#random = new SeededRandom(seed).fork('run');
    const kinds = this.#drawKinds();
    this.#faultMs = options.faultMs ?? 10_000 + this.#random.below(20_000);
    this.#cluster = new SimulatedCluster({
      world,
      brokers: 3,
      timeline,
      properties,
      observers: [this.leaders, new OneVotePerEpoch(), new OneMetadataHistory()],
    });
    const client = (name: string) => new SimulatedClient(world, name, this.#cluster.addresses);
    this.#clients = ['admin', 'reader', 'producer-1', 'producer-2'].map(client);
    const [admin, reader] = this.#clients as [SimulatedClient, SimulatedClient];
    this.#admin = new TopicAdmin(admin, 2 + this.#random.below(4));
    this.#reader = new Reader(reader, this.history);
    this.#nemesis = new Nemesis({ cluster: this.#cluster, random: this.#random.fork('faults'), timeline, kinds });
    timeline.note(`seed ${seed}: ${(this.#faultMs / 1000).toFixed(1)} s of ${kinds.join(', ')}`);
  }

  async all(): Promise<void> {
    this.#startBrokers();
    this.#startWorkloads();
    this.#nemesis.start();
    await this.#runFor(this.#faultMs);
    this.#nemesis.heal();
    await this.#untilReady('L1');
    await this.#runFor(3000);
    await this.#endWorkloads();
    await this.#verify();
    for (const name of this.#cluster.names) if (this.#cluster.isUp(name)) this.#cluster.cutPower(name, 'hostile');
    for (const name of this.#cluster.names) this.#cluster.start(name);
    await this.#untilReady('L1');
    await this.#verify();
  }

  #drawKinds(): FaultKind[] {
    const kinds = faultKinds.filter(() => this.#random.below(2) === 0);
    return kinds.length > 0 ? kinds : [faultKinds[this.#random.below(faultKinds.length)]!];
  }

  /** In any order and at any time; the third may be long in coming. */
  #startBrokers(): void {
    for (const name of this.#cluster.names) {
      const delayMs = this.#random.below(4) === 0 ? this.#random.below(6000) : this.#random.below(300);
      this.#world.after(delayMs, () => {
        if (!this.#cluster.isUp(name)) this.#cluster.start(name);
      });
    }
  }

  #startWorkloads(): void {
    const [, , ...writers] = this.#clients;
    const usable = () => this.#admin.usable();
    this.#workloads = [
      this.#admin.run(),
      this.#reader.run(usable),
      ...writers.map((client) => new Producer(client, this.history, client.name).run(usable)),
    ];
    for (const workload of this.#workloads) {
      workload.catch((error: unknown) => {
        this.#workloadFailure ??= error;
      });
    }
  }

  async #endWorkloads(): Promise<void> {
    for (const client of this.#clients) client.stop();
    let ended = false;
    void Promise.allSettled(this.#workloads).then(() => {
      ended = true;
    });
    await this.#run({ forMs: livenessMs, until: () => ended });
    if (!ended) throw new Violation('L2', 'a client request did not end');
  }

  async #untilReady(invariant: string): Promise<void> {
    const ready = () =>
      this.#cluster.running.length === this.#cluster.names.length && this.#cluster.running.every(({ broker }) => broker.readiness().ready);
    await this.#run({ forMs: livenessMs, until: ready });
    if (ready()) return;
    const states = this.#cluster.names.map((name) => `${name}: ${this.#cluster.broker(name)?.readiness().why ?? 'not open'}`);
    throw new Violation(invariant, `not ready ${livenessMs / 1000} s after all was healed: ${states.join('; ')}`);
  }

  /** Everything as it was acknowledged, in the eyes of every broker and of a reader. */
  async #verify(): Promise<void> {
    this.#timeline.note('verifying');
    const image = () => this.#cluster.running.map(({ name, broker }) => ({ name, image: broker.router.image }));
    await this.#run({ forMs: livenessMs, until: () => new Set(image().map((seen) => seen.image.offset)).size === 1 });
    for (const { name, image: seen } of image()) this.#admin.checkFinal(name, seen);
    const topics = image()[0]!.image.topics.all();
    for (const { name, id, partitions } of topics) {
      for (const { partition } of partitions) await this.#verifyPartition(name, id, partition);
    }
  }

  async #verifyPartition(topic: string, topicId: string, partition: number): Promise<void> {
    let values: string[] | undefined;
    let last = 'no leader';
    const attempt = async (): Promise<void> => {
      while (values === undefined) {
        const found = await this.#clients[1]!.find(topic);
        const leader = found?.leaders[partition];
        last = leader === undefined ? 'no leader' : `the leader ${leader.host} gives no records`;
        if (leader !== undefined) values = await this.#reader.readAll(leader, topicId, partition);
        if (values === undefined) await this.#clients[1]!.pause();
      }
    };
    void attempt();
    await this.#run({ forMs: livenessMs, until: () => values !== undefined });
    if (values === undefined) throw new Violation('L2', `${topic}-${partition} cannot be read: ${last}`);
    this.history.checkFinal(topicId, partition, values);
  }

  #runFor(forMs: number): Promise<void> {
    return this.#run({ forMs });
  }

  async #run(options: { forMs: number; until?: () => boolean }): Promise<void> {
    await this.#cluster.run({ forMs: options.forMs, until: () => this.#workloadFailure !== undefined || (options.until?.() ?? false) });
    if (this.#workloadFailure !== undefined) throw this.#workloadFailure;
  }
}
