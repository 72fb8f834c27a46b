import { NetworkError } from '#platform';
import { KafkaError } from '#protocol';
import { KafkaClient } from '../../support/kafka-client.ts';
import { bootstrapOf, type Context, identityOf, Loop, reached, rest, type Worker } from './context.ts';

/**
 * Follows all partitions from their starts, at their leaders. Like any good client it names the leader epoch that it knows and never goes
 * back to an older one; so whatever a leader of that epoch answers counts.
 */
export function followingReader(name: string, context: Context): Worker {
  const { history, topic, partitions, random } = context;
  const client = new KafkaClient(bootstrapOf(context).join(','), 6_000);
  const positions = new Array<number>(partitions).fill(0);
  const epochs = new Array<number>(partitions).fill(-1);

  const readOn = async (partition: number): Promise<number> => {
    const state = client.partitionsOf(topic)[partition];
    if (state === undefined || state.leader < 0 || state.leaderEpoch < epochs[partition]!) {
      await client.refresh();
      return 0;
    }
    epochs[partition] = state.leaderEpoch;
    const { leader: broker, leaderEpoch } = state;
    const asked = positions[partition]!;
    const invokedAt = history.now();
    const read = { process: name, broker, partition, asked, invokedAt };
    if (random.below(20) === 0) {
      const offset = await client.endOffset(topic, partition, leaderEpoch);
      history.end(name, broker, partition, invokedAt, Number(offset));
      return 0;
    }
    const fetched = await client.fetchFrom(topic, { partition, offset: BigInt(asked), leaderEpoch, maxBytes: 262_144 });
    if (fetched.errorCode === 'OFFSET_OUT_OF_RANGE') history.read({ ...read, records: [], isOutOfRange: true });
    if (fetched.errorCode !== 'NONE') {
      await client.refresh();
      return 0;
    }
    const records = fetched.records.map(({ offset, value }) => ({ offset: Number(offset), value: identityOf(value?.toString() ?? '') }));
    if (records.length === 0) return 0;
    history.read({ ...read, records, highWatermark: Number(fetched.highWatermark) });
    positions[partition] = records.at(-1)!.offset + 1;
    reached(context, partition, positions[partition]);
    return records.length;
  };

  const step = async () => {
    let count = 0;
    for (let partition = 0; partition < partitions; partition++) {
      count += await readOn(partition).catch(async (error: unknown) => {
        mayHappen(error);
        await client.refresh().catch(mayHappen);
        return 0;
      });
    }
    await rest(count === 0 ? 200 : 50);
  };
  return new Loop(name, step, async () => client.close());
}

/** Reads again, from offsets of chance, from brokers of chance: leaders, followers, and those that were leaders. */
export function anywhereReader(name: string, context: Context): Worker {
  const { cluster, history, topic, partitions, random, ends } = context;
  const client = new KafkaClient(bootstrapOf(context).join(','), 6_000);
  const step = async () => {
    const partition = random.below(partitions);
    const broker = cluster.ids[random.below(cluster.ids.length)]!;
    const end = ends[partition] ?? 0;
    // Half of them near the end, where it matters.
    const asked = random.below(2) === 0 ? Math.max(0, end - random.below(20)) : random.below(end + 1);
    const invokedAt = history.now();
    try {
      const fetched = await client.fetchFrom(topic, { partition, offset: BigInt(asked), broker, maxBytes: 16_384 });
      const records = fetched.records.map(({ offset, value }) => ({ offset: Number(offset), value: identityOf(value?.toString() ?? '') }));
      if (records.length > 0) {
        history.read({ process: name, broker, partition, asked, invokedAt, records, highWatermark: Number(fetched.highWatermark) });
      }
    } catch (error) {
      mayHappen(error);
      await client.refresh().catch(mayHappen);
    }
    await rest(30 + random.below(60));
  };
  return new Loop(name, step, async () => client.close());
}

/** @throws what no fault explains */
export function mayHappen(error: unknown): void {
  if (error instanceof NetworkError) return;
  if (error instanceof KafkaError && error.errorName !== 'CORRUPT_MESSAGE') return;
  throw error;
}
