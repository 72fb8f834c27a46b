import { askLeaders, failed, type PartitionAnswer, partitionForRecordKey, readMetadata } from '#client';
import { buildRecordBatch, KafkaError } from '#protocol';
import { produce } from '#protocol/apis/produce.ts';
import type { DirectCluster } from './direct-cluster.ts';
import type { ProduceRecord } from './record.ts';

/** Where a record came to lie. */
export interface ProducedRecord {
  readonly partition: number;
  readonly offset: bigint;
}

const timeoutMs = 5_000;

/** Written and committed, in the order of the records. @throws KafkaError */
export async function produceRecords(cluster: DirectCluster, topic: string, records: readonly ProduceRecord[]): Promise<ProducedRecord[]> {
  if (records.length === 0) return [];
  const found = (await readMetadata(cluster, [topic])).topics.get(topic);
  if (found === undefined)
    throw new KafkaError(
      'UNKNOWN_TOPIC_OR_PARTITION',
      `there is no topic ${topic}: make it with createTopics({ ${JSON.stringify(topic)}: 1 })`,
    );
  const count = found.partitions.length;
  const placed = records.map((record, index) => ({
    ...inputOf(record, cluster.clock.now()),
    index,
    partition: partitionOf(record, index, count, topic),
  }));
  const batches = [...Map.groupBy(placed, ({ partition }) => partition)].map(([partition, those]) => ({
    topic,
    partition,
    those,
    bytes: buildRecordBatch({ records: those }),
  }));
  const answers = await askLeaders(cluster, batches, async (leader, asked) => {
    const response = await cluster.send(leader, produce, {
      transactionalId: null,
      acks: -1,
      timeoutMs,
      topicData: [
        {
          name: topic,
          topicId: asked[0]!.topic.id,
          partitionData: asked.map(({ item }) => ({ index: item.partition, records: item.bytes })),
        },
      ],
    });
    const partitions = response.responses[0]?.partitionResponses ?? [];
    return asked.map(({ item }): PartitionAnswer<bigint> | undefined => {
      const answer = partitions.find(({ index }) => index === item.partition);
      if (answer === undefined) return undefined;
      if (answer.errorCode === 'NONE') return { value: answer.baseOffset };
      // It may have been written: another try could write it twice.
      if (answer.errorCode === 'REQUEST_TIMED_OUT')
        throw new KafkaError(
          'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
          `${topic}-${item.partition} has the records, and they are not committed in time`,
        );
      return failed(answer.errorCode, item, answer.errorMessage ?? 'the records were not taken');
    });
  });
  const produced: ProducedRecord[] = new Array(records.length);
  for (const [index, answer] of answers.entries()) {
    if ('error' in answer) throw answer.error;
    const { partition, those } = batches[index]!;
    for (const [delta, { index: place }] of those.entries()) produced[place] = { partition, offset: answer.value + BigInt(delta) };
  }
  return produced;
}

function inputOf(record: ProduceRecord, now: number) {
  if (typeof record === 'string') return { value: record, key: null, timestamp: now };
  const { value, key = null, headers = {}, timestamp = now } = record;
  return {
    value,
    key,
    headers: Object.entries(headers).map(([name, content]) => ({ key: name, value: content })),
    timestamp: Number(timestamp),
  };
}

function partitionOf(record: ProduceRecord, index: number, count: number, topic: string): number {
  const { partition, key } = typeof record === 'string' ? {} : record;
  if (partition !== undefined) {
    if (Number.isInteger(partition) && partition >= 0 && partition < count) return partition;
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${topic} has ${count} partitions, and no partition ${partition}`);
  }
  if (key === undefined || key === null) return index % count;
  return partitionForRecordKey(typeof key === 'string' ? Buffer.from(key) : key, count);
}
