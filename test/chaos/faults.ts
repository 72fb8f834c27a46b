import type { Random } from '#platform';
import type { ChaosCluster } from './cluster.ts';
import type { LinkCondition } from './links.ts';
import { type FaultKind, shuffled } from './plan.ts';

/** What a fault is done to. */
export interface World {
  readonly cluster: ChaosCluster;
  readonly partitions: number;
  /** As some broker says; undefined where none does in time. */
  leaderOf(partition: number): Promise<number | undefined>;
  controller(): Promise<number | undefined>;
}

/** A fault that has begun. */
export interface RunningFault {
  /** For people. */
  readonly what: string;
  end(): Promise<void>;
}

/** How long a broker may take to stop, or to start, in a rolling restart, before it goes on. */
const restartMs = 20_000;

/** Begins a fault. */
export const begin: Record<FaultKind, (world: World, random: Random) => Promise<RunningFault>> = {
  async 'kill one'(world, random) {
    const { id, why } = await victim(world, random);
    return killed(world, [id], why);
  },
  async 'kill some'(world, random) {
    const ids = shuffled(world.cluster.ids, random);
    return killed(world, ids.slice(0, 1 + random.below(ids.length - 1)), '');
  },
  'kill all': (world) => killed(world, world.cluster.ids, ''),
  async pause(world, random) {
    const { id, why } = await victim(world, random);
    const second = random.below(4) === 0 ? shuffled(world.cluster.ids, random)[0]! : id;
    const ids = [...new Set([id, second])];
    for (const each of ids) world.cluster.pause(each);
    return {
      what: `pause ${ids.join(' and ')}${why}`,
      async end() {
        for (const each of ids) world.cluster.resume(each);
      },
    };
  },
  async split({ cluster }, random) {
    const ids = shuffled(cluster.ids, random);
    const half = ids.splice(0, 1 + random.below(ids.length - 1));
    const what = `cut between ${half.join(', ')} and ${ids.join(', ')}`;
    return onLinks(cluster, what, [...between(half, ids), ...between(ids, half)], { isCut: true });
  },
  async isolate(world, random) {
    const { id, why } = await victim(world, random);
    const others = world.cluster.ids.filter((other) => other !== id);
    return onLinks(world.cluster, `isolate ${id}${why}`, [...between([id], others), ...between(others, [id])], { isCut: true });
  },
  async 'one-way cut'(world, random) {
    const { id, why } = await victim(world, random);
    const others = shuffled(
      world.cluster.ids.filter((other) => other !== id),
      random,
    ).slice(0, 1 + random.below(world.cluster.ids.length - 1));
    const isOutward = random.below(2) === 0;
    const what = isOutward ? `nothing from ${id}${why} to ${others.join(', ')}` : `nothing to ${id}${why} from ${others.join(', ')}`;
    return onLinks(world.cluster, what, isOutward ? between([id], others) : between(others, [id]), { isCut: true });
  },
  async bridge({ cluster }, random) {
    const [middle, ...rest] = shuffled(cluster.ids, random);
    const one = rest.slice(0, Math.floor(rest.length / 2));
    const other = rest.slice(one.length);
    const what = `cut between ${one.join(', ')} and ${other.join(', ')}, ${middle} sees both`;
    return onLinks(cluster, what, [...between(one, other), ...between(other, one)], { isCut: true });
  },
  async 'slow links'({ cluster }, random) {
    const delayMs = 20 + random.below(500);
    const pairs = between(cluster.ids, cluster.ids).filter(() => random.below(2) === 0);
    return onLinks(cluster, `${delayMs} ms more over ${named(pairs)}`, pairs, { delayMs });
  },
  async 'narrow links'({ cluster }, random) {
    const bytesPerSecond = 10_000 * (1 + random.below(20));
    const pairs = between(cluster.ids, cluster.ids).filter(() => random.below(2) === 0);
    return onLinks(cluster, `${bytesPerSecond / 1000} kB/s over ${named(pairs)}`, pairs, { bytesPerSecond });
  },
  async 'reset links'({ cluster }, random) {
    const seed = random.fork('which');
    const resetSome = () => {
      for (const [a, b] of between(cluster.ids, cluster.ids)) if (seed.below(3) === 0) cluster.links.reset(a, b);
    };
    resetSome();
    const timer = setInterval(resetSome, 300 + random.below(1000));
    return {
      what: 'break connections off, again and again',
      async end() {
        clearInterval(timer);
      },
    };
  },
  async 'rolling restart'({ cluster }, random) {
    const ids = shuffled(cluster.ids, random);
    const done = (async () => {
      for (const id of ids) {
        const isLate = await Promise.race([cluster.kill(id, 'SIGTERM').then(() => false), after(restartMs).then(() => true)]);
        if (isLate) await cluster.kill(id);
        await cluster.start(id);
        await cluster.ready([id], restartMs).catch(() => {}); // it may be cut off; then the next one goes all the same
      }
    })();
    return { what: `rolling restart of ${ids.join(', ')}`, end: () => done };
  },
  async 'full disk'({ cluster }, random) {
    const { broker, disk } = cluster.smallDisk!;
    disk.fill(random.below(200_000));
    return {
      what: `fill the disk of ${broker}`,
      async end() {
        disk.empty();
      },
    };
  },
};

async function killed({ cluster }: World, ids: readonly number[], why: string): Promise<RunningFault> {
  await Promise.all(ids.map((id) => cluster.kill(id)));
  return {
    what: `kill ${ids.join(', ')}${why}`,
    async end() {
      for (const id of ids) await cluster.start(id);
    },
  };
}

/** Any broker, or the leader of a partition, or the controller. */
async function victim({ cluster, partitions, leaderOf, controller }: World, random: Random): Promise<{ id: number; why: string }> {
  const anyone = cluster.ids[random.below(cluster.ids.length)]!;
  const partition = random.below(partitions);
  switch (random.below(3)) {
    case 0: {
      const leader = await leaderOf(partition);
      return leader === undefined ? { id: anyone, why: '' } : { id: leader, why: ` (leader of partition ${partition})` };
    }
    case 1: {
      const id = await controller();
      return id === undefined ? { id: anyone, why: '' } : { id, why: ' (controller)' };
    }
    default:
      return { id: anyone, why: '' };
  }
}

function onLinks({ links }: ChaosCluster, what: string, pairs: readonly [number, number][], condition: LinkCondition): RunningFault {
  for (const [from, to] of pairs) links.set(from, to, condition);
  return {
    what,
    async end() {
      for (const [from, to] of pairs) links.set(from, to, {});
    },
  };
}

/** All directions from one of these to one of those. */
function between(these: readonly number[], those: readonly number[]): [number, number][] {
  return these.flatMap((from) => those.filter((to) => to !== from).map((to): [number, number] => [from, to]));
}

function named(pairs: readonly [number, number][]): string {
  return pairs.map(([from, to]) => `${from}>${to}`).join(' ');
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
