import { type Context, identityOf, Loop, reached, rest, type Worker } from './context.ts';

/** GET /consume of one partition after the other and of offsets of chance, half of them near the end, from any broker. */
export function httpReader(name: string, context: Context): Worker {
  const { cluster, history, partitions, random, ends } = context;
  const step = async () => {
    const partition = random.below(partitions);
    const broker = cluster.ids[random.below(cluster.ids.length)]!;
    const end = ends[partition] ?? 0;
    const from = random.below(2) === 0 ? Math.max(0, end - random.below(5)) : random.below(end + 1);
    // Some in a row, as a reader does.
    for (let asked = from; asked < from + 5; asked++) {
      const invokedAt = history.now();
      const value = await readOverHttp(context, broker, partition, asked);
      if (value === undefined) break;
      history.read({ process: name, broker, partition, asked, invokedAt, records: [{ offset: asked, value: identityOf(value) }] });
      reached(context, partition, asked + 1);
    }
    await rest(20 + random.below(40));
  };
  return new Loop(name, step);
}

/** @returns undefined when there is no answer, or none with a message */
export async function readOverHttp(
  { cluster, topic }: Pick<Context, 'cluster' | 'topic'>,
  broker: number,
  partition: number,
  offset: number,
): Promise<string | undefined> {
  try {
    const answer = await fetch(cluster.url(broker, `/consume?topic=${topic}&partition=${partition}&offset=${offset}`), {
      signal: AbortSignal.timeout(5_000),
    });
    const text = await answer.text();
    return answer.status === 200 ? (JSON.parse(text) as { message: string }).message : undefined;
  } catch {
    return undefined;
  }
}
