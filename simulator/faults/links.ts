import type { Nemesis } from './nemesis.ts';

/** Nothing passes from one to the other, for a while. */
export function cut(nemesis: Nemesis, from: string, to: string, forMs: number): void {
  const { network } = nemesis.cluster.world;
  nemesis.hold(
    `link ${from} ${to}`,
    forMs,
    () => {
      nemesis.note(`${from} -x> ${to}`);
      network.cut(from, to, 'one-way');
    },
    () => {
      nemesis.note(`${from} ---> ${to}`);
      network.mend(from, to);
    },
  );
}

export function cutBothWays(nemesis: Nemesis, one: string, other: string, forMs: number): void {
  cut(nemesis, one, other, forMs);
  cut(nemesis, other, one, forMs);
}

/** The host is cut off from all others, for a while. */
export function isolate(nemesis: Nemesis, name: string, forMs: number): void {
  const { network } = nemesis.cluster.world;
  nemesis.hold(
    `host ${name}`,
    forMs,
    () => {
      nemesis.note(`${name} is isolated`);
      network.isolate(name);
    },
    () => {
      nemesis.note(`${name} is joined again`);
      network.rejoin(name);
    },
  );
}
