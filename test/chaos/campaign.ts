import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SeededRandom } from '#platform';
import { KafkaClient } from '../support/kafka-client.ts';
import { ChaosCluster } from './cluster.ts';
import type { World } from './faults.ts';
import { readEverything, sampleOverHttp, whenHealed } from './final-reading.ts';
import { HistoryFile } from './history-file.ts';
import { Nemesis } from './nemesis.ts';
import { faultKinds, plan } from './plan.ts';
import { rest } from './workload/context.ts';
import { type Context, startWorkload, type Worker } from './workload/index.ts';

const topic = 'chaos';
const partitions = 6;
const progressMs = 10_000;
/** How long the cluster may take to be whole again when all faults are over. */
const healMs = 90_000;
const readMs = 120_000;

export interface CampaignOptions {
  readonly minutes: number;
  readonly brokers: number;
  readonly seed: number;
  readonly against: 'ours' | 'kafka';
  readonly directory: string;
  progress(line: string): void;
}

export interface CampaignReport {
  readonly name: string;
  readonly history: HistoryFile;
  /** How often each kind of fault was done. */
  readonly faults: ReadonlyMap<string, number>;
  /** Kinds of faults that this machine does not allow. */
  readonly leftOut: readonly string[];
  /** Brokers that ended by themselves, as often as they did. */
  readonly fallen: readonly number[];
  /** What is wrong already without a checker. */
  readonly problems: readonly string[];
  /** Until all replicas were in sync after the last fault. */
  readonly healedMs: number | undefined;
  /** Lines by which the brokers tell of errors, by count. */
  readonly loggedErrors: number;
}

/** Faults, clients and final readings, in that order of their ends. Checks nothing: the history is for the checkers. */
export class Campaign {
  readonly #options: CampaignOptions;
  readonly #random: SeededRandom;
  readonly #problems: string[] = [];
  readonly #fallen: number[] = [];
  readonly #faults = new Map<string, number>();
  #cluster: ChaosCluster | undefined;
  #nemesis: Nemesis | undefined;
  #isAborted = false;

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
  }

  /** Makes {@link run} end soon, without final readings. */
  abort(): void {
    this.#isAborted = true;
    this.#nemesis?.stop();
  }

  /** For the moment in which this process ends. */
  killNow(): void {
    this.#cluster?.killNow();
  }

  /** Ends the brokers. */
  async stop(options: { keep: boolean }): Promise<void> {
    await this.#cluster?.stop(options);
  }

  async run(): Promise<CampaignReport> {
    const { brokers, directory, against, seed, minutes, progress } = this.#options;
    const smallDiskOf = 1 + this.#random.fork('disk').below(brokers);
    const cluster = (this.#cluster = await ChaosCluster.prepare({ brokers, directory, against, smallDiskOf }));
    for (const id of cluster.ids) await cluster.start(id);
    await cluster.ready();
    const admin = new KafkaClient(cluster.bootstrap, 3_000);
    const created = await admin.createTopic(topic, partitions);
    if (created !== 'NONE') throw new Error(`the topic was not created: ${created}`);

    const history = new HistoryFile(join(directory, 'history.jsonl'));
    const common = { cluster, history, topic, partitions, ends: [], problem: (sentence: string) => this.#problems.push(sentence) };
    const kinds = faultKinds.filter((kind) => kind !== 'full disk' || cluster.smallDisk !== undefined);
    const totalMs = minutes * 60_000;
    const periods = plan({ seed, totalMs, kinds });
    for (const { kind } of periods.flatMap(({ faults }) => faults)) this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);

    await whenHealed(common, 10_000);
    const workers = startWorkload(common, this.#random.fork('workload'));
    const nemesis = (this.#nemesis = new Nemesis({
      periods,
      world: this.#world(cluster, admin),
      now: () => history.now(),
      note: (what) => history.fault(what),
      fallen: (id) => this.#noteFallen(id),
    }));
    if (this.#isAborted) nemesis.stop();
    const timer = setInterval(() => progress(this.#progressLine(history, nemesis)), progressMs);
    let healed: number | string;
    try {
      await nemesis.run();
      while (history.now() < totalMs && !this.#isAborted) await rest(100);
      healed = this.#isAborted ? 'aborted' : await whenHealed(common, healMs);
      await this.#stopWorkers(workers);
      for (const id of cluster.fallen()) this.#noteFallen(id);
    } finally {
      clearInterval(timer);
      admin.close();
    }
    if (typeof healed === 'string') this.#problems.push(`not whole again in ${healMs / 1000} s: ${healed}`);
    if (!this.#isAborted) await this.#readFinally(common);
    await history.close();
    return {
      name: cluster.name,
      history,
      faults: this.#faults,
      leftOut: faultKinds.filter((kind) => !kinds.includes(kind)),
      fallen: this.#fallen,
      problems: this.#problems,
      healedMs: typeof healed === 'number' ? healed : undefined,
      loggedErrors: cluster.ids.reduce((sum, id) => sum + errorsIn(cluster.logOf(id)), 0),
    };
  }

  /** Once as it is, and once after all brokers were killed at once and started again. */
  async #readFinally(common: Omit<Context, 'random'>): Promise<void> {
    const { cluster } = common;
    const { progress } = this.#options;
    progress('final reading 1');
    this.#problems.push(...(await readEverything(common, 1, readMs)));
    if (cluster.hasHttp) this.#problems.push(...(await sampleOverHttp(common, this.#random.fork('sample'), 200)));
    progress('final reading 2, after all brokers were killed and started again');
    await Promise.all(cluster.ids.map((id) => cluster.kill(id)));
    await cluster.heal();
    await cluster.ready();
    const healed = await whenHealed(common, healMs);
    if (typeof healed === 'string') this.#problems.push(`not whole again after the last restart: ${healed}`);
    this.#problems.push(...(await readEverything(common, 2, readMs)));
  }

  async #stopWorkers(workers: readonly Worker[]): Promise<void> {
    const ended = await Promise.allSettled(workers.map((worker) => worker.stop()));
    for (const each of ended) {
      if (each.status === 'rejected') this.#problems.push(`${each.reason}: ${each.reason.cause?.stack ?? ''}`);
    }
  }

  /** Ours never ends by itself; Apache Kafka does so by design when its disk is full. */
  #noteFallen(id: number): void {
    this.#fallen.push(id);
    if (this.#options.against === 'ours') this.#problems.push(`broker ${id} ended by itself, see ${this.#cluster!.logOf(id)}`);
  }

  #world(cluster: ChaosCluster, admin: KafkaClient): World {
    const inTime = async <T>(question: Promise<T>) => Promise.race([question.catch(() => undefined), rest(2_000).then(() => undefined)]);
    const known = (id: number | undefined) => (id !== undefined && cluster.ids.includes(id) ? id : undefined);
    return {
      cluster,
      partitions,
      leaderOf: async (partition) => known(await inTime(admin.refresh().then(() => admin.partitionsOf(topic)[partition]?.leader))),
      controller: async () => known(await inTime(admin.controller())),
    };
  }

  #progressLine(history: HistoryFile, nemesis: Nemesis): string {
    const { ok, fail, info, read } = history.total();
    const seconds = String(Math.round(history.now() / 1000)).padStart(5);
    const now = nemesis.current.size === 0 ? 'calm' : [...nemesis.current].join('; ');
    return `${seconds} s  ${ok} acknowledged, ${fail} refused, ${info} unknown, ${read} read  | ${now}`;
  }
}

function errorsIn(log: string): number {
  if (!existsSync(log)) return 0;
  return readFileSync(log, 'utf8').match(/"level":"error"|\] ERROR |^ERROR /gm)?.length ?? 0;
}
