import type { CrashMode, SeededRandom } from '#platform';
import type { SimulatedCluster } from './simulated-cluster.ts';
import type { Timeline } from './timeline.ts';

/** What may go wrong in a run; about half of the kinds are drawn for each seed. */
export type FaultKind =
  | 'kill'
  | 'power-cut'
  | 'all-power'
  | 'pause'
  | 'cut'
  | 'one-way-cut'
  | 'isolate'
  | 'bad-links'
  | 'resets'
  | 'clock-jump'
  | 'clock-drift'
  | 'slow-disk'
  | 'clean-stop';

export const faultKinds: readonly FaultKind[] = [
  'kill',
  'power-cut',
  'all-power',
  'pause',
  'cut',
  'one-way-cut',
  'isolate',
  'bad-links',
  'resets',
  'clock-jump',
  'clock-drift',
  'slow-disk',
  'clean-stop',
];

const crashModes: readonly CrashMode[] = ['strict', 'ordered', 'hostile'];
const goodLinks = { minDelayMs: 0.1, meanExtraDelayMs: 0.2, lossProbability: 0, splitProbability: 0.05, resetProbability: 0 };

/** Makes trouble, a fault at a time with pauses between them, and takes all of it back. */
export class Nemesis {
  readonly #cluster: SimulatedCluster;
  readonly #random: SeededRandom;
  readonly #timeline: Timeline;
  readonly #kinds: readonly FaultKind[];
  #stopped = false;

  constructor(options: { cluster: SimulatedCluster; random: SeededRandom; timeline: Timeline; kinds: readonly FaultKind[] }) {
    this.#cluster = options.cluster;
    this.#random = options.random;
    this.#timeline = options.timeline;
    this.#kinds = options.kinds;
  }

  start(): void {
    this.#next();
  }

  /** No more faults; those that last are taken back, all brokers are started again. */
  heal(): void {
    this.#stopped = true;
    this.#timeline.note('all is healed');
    const { world, names } = this.#cluster;
    world.network.healAll();
    world.network.setConditions(goodLinks);
    for (const name of names) {
      const node = world.node(name);
      if (node.isPaused) node.resume();
      node.disk.setSlowness(1);
      node.setClockRate(1);
      if (!this.#cluster.isUp(name)) this.#cluster.start(name);
    }
  }

  #next(): void {
    this.#later(300 + this.#random.below(2500), () => {
      this.#strike(this.#kinds[this.#random.below(this.#kinds.length)]!);
      this.#next();
    });
  }

  #later(delayMs: number, act: () => void): void {
    this.#cluster.world.after(delayMs, () => {
      if (!this.#stopped) act();
    });
  }

  #strike(kind: FaultKind): void {
    this.#strikes[kind](this.#anyName());
  }

  readonly #strikes: Readonly<Record<FaultKind, (name: string) => void>> = {
    kill: (name) => {
      if (this.#cluster.isUp(name)) this.#cluster.kill(name);
      this.#restartSoon(name);
    },
    'power-cut': (name) => {
      if (this.#cluster.isUp(name)) this.#cluster.cutPower(name, this.#mode());
      this.#restartSoon(name);
    },
    'all-power': () => {
      for (const name of this.#cluster.names) {
        if (this.#cluster.isUp(name)) this.#cluster.cutPower(name, this.#mode());
        this.#restartSoon(name);
      }
    },
    'clean-stop': (name) => {
      if (!this.#cluster.isUp(name) || this.#node(name).isPaused) return;
      void this.#cluster.stop(name).then(() => this.#restartSoon(name));
    },
    pause: (name) => {
      const node = this.#node(name);
      if (!this.#cluster.isUp(name) || node.isPaused) return;
      this.#timeline.note(`${name} is paused`);
      node.pause();
      this.#later(100 + this.#random.below(5000), () => {
        if (!node.isPaused) return;
        this.#timeline.note(`${name} goes on`);
        node.resume();
      });
    },
    cut: (name) => this.#cut(name, this.#anyName(), 'both'),
    'one-way-cut': (name) => this.#cut(name, this.#anyName(), 'one-way'),
    isolate: (name) => {
      this.#timeline.note(`${name} is isolated`);
      this.#network.isolate(name);
      this.#later(500 + this.#random.below(8000), () => {
        this.#timeline.note('all links are whole');
        this.#network.healAll();
      });
    },
    'bad-links': () => {
      this.#timeline.note('links are slow and lossy');
      this.#network.setConditions({
        minDelayMs: 1,
        meanExtraDelayMs: this.#random.below(60),
        lossProbability: this.#random.below(20) / 100,
      });
      this.#later(1000 + this.#random.below(5000), () => this.#network.setConditions(goodLinks));
    },
    resets: () => {
      this.#timeline.note('connections are reset now and then');
      this.#network.setConditions({ resetProbability: 0.01 });
      this.#later(1000 + this.#random.below(3000), () => this.#network.setConditions(goodLinks));
    },
    'clock-jump': (name) => {
      const byMs = (this.#random.below(2) === 0 ? -1 : 1) * this.#random.below(3_600_000);
      this.#timeline.note(`the clock of ${name} jumps by ${(byMs / 1000).toFixed(0)} s`);
      this.#node(name).jumpClock(byMs);
    },
    'clock-drift': (name) => this.#node(name).setClockRate(0.9 + this.#random.below(21) / 100),
    'slow-disk': (name) => {
      this.#timeline.note(`the disk of ${name} is slow`);
      this.#node(name).disk.setSlowness(10 + this.#random.below(200));
      this.#later(500 + this.#random.below(4000), () => this.#node(name).disk.setSlowness(1));
    },
  };

  get #network() {
    return this.#cluster.world.network;
  }

  #node(name: string) {
    return this.#cluster.world.node(name);
  }

  #anyName(): string {
    const { names } = this.#cluster;
    return names[this.#random.below(names.length)]!;
  }

  #cut(name: string, other: string, ways: 'both' | 'one-way'): void {
    if (name === other) return;
    this.#timeline.note(`${name} ${ways === 'both' ? '=x=' : '-x>'} ${other}`);
    this.#network.cut(name, other, ways);
    this.#later(500 + this.#random.below(8000), () => {
      this.#timeline.note(`${name} === ${other}`);
      this.#network.heal(name, other);
      this.#network.heal(other, name);
    });
  }

  #mode(): CrashMode {
    return crashModes[this.#random.below(crashModes.length)]!;
  }

  /** Also when all is healed by then. */
  #restartSoon(name: string): void {
    this.#cluster.world.after(this.#stopped ? 0 : 50 + this.#random.below(4000), () => {
      if (!this.#cluster.isUp(name)) this.#cluster.start(name);
    });
  }
}
