import { NetworkError, sleep } from '#platform';
import { asKafkaError, type ErrorName, KafkaError } from '#protocol';
import { eachOf, isPassing } from './again.ts';
import type { Cluster } from './cluster.ts';
import { type KnownPartition, type KnownTopic, readMetadata, type TopicPartition } from './metadata.ts';

const pauseMs = 50;
/** Requests that are under way to one cluster at a time. */
const atOnce = 16;

/** A partition that is to be asked, and where. */
export interface Asked<T extends TopicPartition> {
  readonly item: T;
  readonly topic: KnownTopic;
  readonly place: KnownPartition;
}

/** What a partition answered: a value, or the error that stayed until the time was over. */
export type PartitionAnswer<R> = { readonly value: R } | { readonly error: KafkaError };

/**
 * Asks the leaders of partitions, and those that cannot answer at the moment again until the time is over.
 * @param ask sends one request to one leader for all that it leads; the answers in the order of the questions
 * @returns in the order of `items`
 */
export async function askLeaders<T extends TopicPartition, R>(
  cluster: Cluster,
  items: readonly T[],
  ask: (leader: number, asked: readonly Asked<T>[]) => Promise<(PartitionAnswer<R> | undefined)[]>,
  batch: 'together' | 'one by one' = 'together',
): Promise<PartitionAnswer<R>[]> {
  const deadline = cluster.clock.monotonic() + cluster.patienceMs;
  const answers = new Map<T, PartitionAnswer<R>>();
  for (let open: readonly T[] = items; open.length > 0; ) {
    const byLeader = new Map<number, Asked<T>[]>();
    const { topics } = await readMetadata(
      cluster,
      open.map(({ topic }) => topic),
    );
    for (const item of open) {
      const topic = topics.get(item.topic);
      const place = placeIn(topic, item.partition);
      if (topic === undefined || place === undefined) answers.set(item, failed('UNKNOWN_TOPIC_OR_PARTITION', item, 'it is not there'));
      else if (place.leader < 0) answers.set(item, failed('LEADER_NOT_AVAILABLE', item, 'it has no leader'));
      else {
        let asked = byLeader.get(place.leader);
        if (asked === undefined) byLeader.set(place.leader, (asked = []));
        asked.push({ item, topic, place });
      }
    }
    const requests = [...byLeader].flatMap(([leader, asked]) =>
      batch === 'together' ? [{ leader, asked }] : asked.map((one) => ({ leader, asked: [one] })),
    );
    await eachOf(requests, atOnce, async ({ leader, asked }) => {
      const told = await answersOf(leader, asked, ask);
      for (const [index, { item }] of asked.entries())
        answers.set(item, told[index] ?? failed('UNKNOWN_SERVER_ERROR', item, `broker ${leader} did not answer for it`));
    });
    open = open.filter((item) => mayChange(answers.get(item)!, topics.get(item.topic)));
    if (open.length === 0 || cluster.clock.monotonic() + pauseMs > deadline) break;
    await sleep(cluster.clock, pauseMs);
  }
  return items.map((item) => answers.get(item)!);
}

/** A failed request is the failure of all that it asked for. */
async function answersOf<T extends TopicPartition, R>(
  leader: number,
  asked: readonly Asked<T>[],
  ask: (leader: number, asked: readonly Asked<T>[]) => Promise<(PartitionAnswer<R> | undefined)[]>,
): Promise<(PartitionAnswer<R> | undefined)[]> {
  try {
    return await ask(leader, asked);
  } catch (error) {
    if (error instanceof NetworkError)
      return asked.map(({ item }) => failed('NETWORK_EXCEPTION', item, `broker ${leader} does not answer (${error.code})`));
    const { errorName, message } = asKafkaError(error);
    return asked.map(({ item }) => failed(errorName, item, message));
  }
}

/** Partitions are numbered without gaps, unless some are not told of. */
function placeIn(topic: KnownTopic | undefined, index: number): KnownPartition | undefined {
  const expected = topic?.partitions[index];
  return expected?.partition === index ? expected : topic?.partitions.find(({ partition }) => partition === index);
}

function mayChange(answer: PartitionAnswer<unknown>, topic: KnownTopic | undefined): boolean {
  return 'error' in answer && topic !== undefined && isPassing(answer.error.errorName);
}

export function failed(name: ErrorName, { topic, partition }: TopicPartition, why: string): { error: KafkaError } {
  return { error: new KafkaError(name, `partition ${topic}-${partition}: ${why}`) };
}
