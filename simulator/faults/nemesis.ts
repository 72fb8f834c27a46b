import type { Operator } from '../clients/operator.ts';
import type { WorkloadKind } from '../plan/plan.ts';
import type { SimulatedCluster } from '../simulated-cluster.ts';
import type { Timeline } from '../timeline.ts';
import { ambushKinds, type Fault, type FaultKind, type Victim } from './fault.ts';
import { FormerFetches } from './former-fetches.ts';
import { Holds } from './holds.ts';
import { OverheardRequests } from './overheard-requests.ts';
import { RecordedRequests, sendAgain } from './recorded-requests.ts';
import { goodLinks, strikes } from './strikes.ts';

export interface NemesisOptions {
  readonly cluster: SimulatedCluster;
  readonly timeline: Timeline;
  readonly faults: readonly Fault[];
  /** Does what takes an administrator. */
  readonly operator: Operator;
  readonly workload: WorkloadKind;
}

const listeningKinds: readonly FaultKind[] = ['replay', ...ambushKinds];

/** Plays a list of faults, each at its time and taken back after its time; {@link heal} takes back all that lasts. */
export class Nemesis {
  readonly cluster: SimulatedCluster;
  readonly operator: Operator;
  readonly holds = new Holds();
  /** Hosts on whose disks some operation has failed, or will. */
  readonly failedDisks = new Set<string>();
  readonly #timeline: Timeline;
  readonly #faults: readonly Fault[];
  /** What is sent to brokers; undefined where no fault asks for it. */
  readonly overheard: OverheardRequests | undefined;
  readonly #recorded: RecordedRequests | undefined;
  readonly #formerFetches: FormerFetches | undefined;
  /** Hosts whose broker may end of its disk. */
  readonly #expected = new Map<string, number>();
  #formerFetchesAfterMs: number | undefined;
  #healed = false;

  constructor(options: NemesisOptions) {
    this.cluster = options.cluster;
    this.operator = options.operator;
    this.#timeline = options.timeline;
    this.#faults = options.faults;
    const has = (...kinds: readonly FaultKind[]) => options.faults.some(({ kind }) => kinds.includes(kind));
    const { world } = options.cluster;
    this.overheard = has(...listeningKinds) ? new OverheardRequests(world) : undefined;
    this.#recorded = has('replay') ? new RecordedRequests(this.overheard!, options.workload) : undefined;
    this.#formerFetches = has('former-fetches') ? new FormerFetches(this.overheard!) : undefined;
    this.cluster.onStarted = (name) => this.#started(name);
    this.cluster.onBrokerFailed = (name, error) => this.#brokerFailed(name, error);
  }

  start(): void {
    for (const fault of this.#faults) {
      this.later(fault.atMs, () => {
        (strikes[fault.kind] as (fault: Fault, nemesis: Nemesis) => void)(fault, this);
      });
    }
  }

  /** No more faults; those that last are taken back, all brokers are started again. */
  heal(): void {
    this.#healed = true;
    this.note('all is healed');
    const { world, names } = this.cluster;
    this.holds.releaseAll();
    world.network.healAll();
    world.network.setConditions(goodLinks);
    for (const name of names) {
      const node = world.node(name);
      // Where something could not be read once, a replica is offline until its broker is started anew.
      if (this.failedDisks.has(name) && this.cluster.isUp(name)) this.cluster.kill(name);
      if (node.isPaused) node.resume();
      node.disk.setSlowness(1);
      node.disk.setCapacity(undefined);
      node.disk.clearFailures();
      node.setClockRate(1);
      if (!this.cluster.isUp(name)) this.cluster.start(name);
    }
  }

  get isHealed(): boolean {
    return this.#healed;
  }

  note(what: string): void {
    this.#timeline.note(`* ${what}`);
  }

  /** Unless all is healed by then. */
  later(delayMs: number, act: () => void): void {
    this.cluster.world.after(delayMs, () => {
      if (!this.#healed) act();
    });
  }

  /** Lets something last: over when its time is over, when all is healed, or never sooner than others that hold the same. */
  hold(key: string, forMs: number, take: () => void, letGo: () => void): void {
    this.holds.hold(key, take, letGo);
    this.later(forMs, () => this.holds.release(key));
  }

  /** The host that is meant, now. */
  find(victim: Victim): string {
    if (victim === 'controller') return this.cluster.controller ?? this.cluster.names[0]!;
    if (victim === 'leader') return this.cluster.busiestLeader ?? this.cluster.names[0]!;
    return victim;
  }

  /** Starts a host that is down, after a while; at once when all is healed. */
  restart(name: string, afterMs: number): void {
    this.cluster.world.after(this.#healed ? 0 : afterMs, () => {
      if (!this.cluster.isUp(name)) this.cluster.start(name);
    });
  }

  replay(count: number, laterMs: number): void {
    const taken = this.#recorded?.take(count) ?? [];
    this.later(laterMs, () => {
      this.note(`${taken.length} requests of ${laterMs} ms ago come again`);
      for (const request of taken) sendAgain(this.cluster.world, request);
    });
  }

  /** From now on what the former incarnation of a broker that starts has fetched is fetched again, so much later. */
  replayFormerFetches(laterMs: number): void {
    this.#formerFetchesAfterMs = laterMs;
  }

  /** From now on, for a while, it is no surprise when the broker of that host ends of its disk. */
  expectFailure(name: string, forMs: number): void {
    this.#expected.set(name, Math.max(this.#expected.get(name) ?? 0, this.cluster.world.nowMs + forMs));
  }

  #started(name: string): void {
    this.#formerFetches?.started(name);
    const laterMs = this.#formerFetchesAfterMs;
    if (laterMs === undefined) return;
    this.later(laterMs, () => {
      const fetches = this.#formerFetches!.of(name);
      this.note(`${fetches.length} fetches of the former incarnation of ${name} come again`);
      for (const request of fetches) sendAgain(this.cluster.world, request);
    });
  }

  /** The process of a broker that cannot go on has ended; the machine is started anew, as what its disk holds is not known. */
  #brokerFailed(name: string, error: unknown): boolean {
    if (this.cluster.world.nowMs > (this.#expected.get(name) ?? -1)) return false;
    this.note(`${name} has ended of its disk: ${error instanceof Error ? error.message : String(error)}`);
    this.cluster.cutPower(name, 'ordered');
    this.restart(name, 1000);
    return true;
  }
}
