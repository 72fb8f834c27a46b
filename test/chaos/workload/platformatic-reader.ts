import { Consumer } from '@platformatic/kafka';
import { bootstrapOf, type Context, identityOf, Loop, reached, rest, type Worker } from './context.ts';

/** Follows all partitions with @platformatic/kafka, without a group. */
export function platformaticReader(name: string, context: Context): Worker {
  const { history, topic, partitions } = context;
  const consumer = new Consumer({
    clientId: name,
    groupId: 'unused',
    bootstrapBrokers: bootstrapOf(context),
    timeout: 5_000,
    connectTimeout: 2_000,
    retries: 0,
  });
  consumer.on('error', () => {}); // told by the call as well
  const positions = new Array<number>(partitions).fill(0);
  let forceUpdate = true;

  const readOn = async (partition: number): Promise<number> => {
    const { id: topicId, partitions: places } = (await consumer.metadata({ topics: [topic], forceUpdate })).topics.get(topic)!;
    forceUpdate = false;
    const { leader: broker, leaderEpoch } = places[partition]!;
    const asked = positions[partition]!;
    const wanted = {
      partition,
      currentLeaderEpoch: leaderEpoch,
      fetchOffset: BigInt(asked),
      lastFetchedEpoch: -1,
      partitionMaxBytes: 262_144,
    };
    const invokedAt = history.now();
    const answer = await consumer.fetch({ node: broker, topics: [{ topicId, partitions: [wanted] }], maxWaitTime: 0, minBytes: 0 });
    const { records: batches, highWatermark } = answer.responses[0]!.partitions[0]!;
    const records = (batches ?? []).flatMap(({ firstOffset, records: inside }) =>
      inside.map(({ offsetDelta, value }) => ({ offset: Number(firstOffset) + offsetDelta, value: identityOf(value?.toString() ?? '') })),
    );
    const fresh = records.filter(({ offset }) => offset >= asked);
    if (fresh.length === 0) return 0;
    history.read({ process: name, broker, partition, asked, invokedAt, records: fresh, highWatermark: Number(highWatermark) });
    positions[partition] = fresh.at(-1)!.offset + 1;
    reached(context, partition, positions[partition]);
    return fresh.length;
  };

  const step = async () => {
    let count = 0;
    for (let partition = 0; partition < partitions; partition++) {
      count += await readOn(partition).catch(() => {
        forceUpdate = true;
        return 0;
      });
    }
    await rest(count === 0 ? 300 : 100);
  };
  return new Loop(name, step, () => consumer.close(true).catch(() => {}));
}
