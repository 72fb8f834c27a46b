import { Consumer, Producer, stringSerializers } from '@platformatic/kafka';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClusterUnderTest, startClusterUnderTest } from './cluster-under-test.ts';
import { leftOut } from './installed.ts';

/** The clients that npm installs: each writes to every partition of a topic, on three brokers, and what it wrote is read back by partition. */
const partitions = 3;
const count = 500;
let cluster: ClusterUnderTest;

beforeAll(async () => {
  for (const line of leftOut()) console.log(line);
  cluster = await startClusterUnderTest();
});
afterAll(() => cluster?.stop());

interface Read {
  readonly offset: bigint;
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly headers: readonly string[];
}

/** All of a partition, by the one npm client that reads without a group. */
async function readWithPlatformatic(topic: string, partition: number): Promise<Read[]> {
  const consumer = new Consumer({ clientId: 'reader', groupId: 'unused', bootstrapBrokers: cluster.bootstrap.split(',') });
  try {
    const { id: topicId, partitions: places } = (await consumer.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic)!;
    const read: Read[] = [];
    while (read.length < count) {
      const fetchOffset = (read.at(-1)?.offset ?? -1n) + 1n;
      const asked = { partition, currentLeaderEpoch: -1, fetchOffset, lastFetchedEpoch: -1, partitionMaxBytes: 1_048_576 };
      const answer = await consumer.fetch({
        node: places[partition]!.leader,
        topics: [{ topicId, partitions: [asked] }],
        maxWaitTime: 500,
      });
      const { errorCode, records: batches } = answer.responses[0]!.partitions[0]!;
      if (errorCode !== 0 || !batches?.length) throw new Error(`error ${errorCode}, ${batches?.length ?? 0} batches at ${fetchOffset}`);
      for (const batch of batches)
        for (const { offsetDelta, key, value, headers } of batch.records)
          read.push({
            offset: batch.firstOffset + BigInt(offsetDelta),
            key: key?.toString(),
            value: value?.toString(),
            headers: headers.map(([name, content]) => `${name}=${content}`),
          });
    }
    return read;
  } finally {
    await consumer.close();
  }
}

const textOf = (i: number, partition: number) => `value ${i} of partition ${partition} `.repeat(10);
function written(partition: number, codec: string): Read[] {
  return Array.from({ length: count }, (_, i) => ({
    offset: BigInt(i),
    key: `key ${i}`,
    value: textOf(i, partition),
    headers: [`codec=${codec}`],
  }));
}

test.each([
  'none',
  'gzip',
  'snappy',
  'lz4',
  'zstd',
] as const)('@platformatic/kafka writes and reads back by partition with %s', async (codec) => {
  const topic = await cluster.createTopic(`platformatic-${codec}`, partitions);
  const producer = new Producer({
    clientId: 'writer',
    bootstrapBrokers: cluster.bootstrap.split(','),
    serializers: stringSerializers,
    idempotent: true,
    acks: -1,
  });

  for (let partition = 0; partition < partitions; partition++) {
    const messages = written(partition, codec).map(({ key, value }) => ({
      topic,
      partition,
      key: key!,
      value: value!,
      headers: { codec },
    }));
    await producer.send({ messages: messages.slice(0, 100), compression: codec });
    await producer.send({ messages: messages.slice(100), compression: codec });
  }
  await producer.close();

  for (let partition = 0; partition < partitions; partition++) {
    expect(await readWithPlatformatic(topic, partition)).toEqual(written(partition, codec));
  }
});

test.each([
  { codec: 'none', compression: kafkajs.CompressionTypes.None },
  { codec: 'gzip', compression: kafkajs.CompressionTypes.GZIP },
])('kafkajs writes with $codec, knows the offsets, and what it wrote is read back by partition', async ({ codec, compression }) => {
  const topic = await cluster.createTopic(`kafkajs-${codec}`, partitions);
  const kafka = new kafkajs.Kafka({ brokers: cluster.bootstrap.split(','), logLevel: kafkajs.logLevel.ERROR });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  const admin = kafka.admin();
  await Promise.all([producer.connect(), admin.connect()]);

  for (let partition = 0; partition < partitions; partition++) {
    const messages = written(partition, codec).map(({ key, value }) => ({ partition, key: key!, value: value!, headers: { codec } }));
    const [first] = await producer.send({ topic, messages: messages.slice(0, 100), compression, acks: -1 });
    const [second] = await producer.send({ topic, messages: messages.slice(100), compression, acks: -1 });
    expect([first?.baseOffset, second?.baseOffset]).toEqual(['0', '100']);
  }
  const offsets = await admin.fetchTopicOffsets(topic);
  await Promise.all([producer.disconnect(), admin.disconnect()]);

  expect(offsets.map(({ low, high }) => [low, high])).toEqual(Array(partitions).fill(['0', String(count)]));
  for (let partition = 0; partition < partitions; partition++) {
    expect(await readWithPlatformatic(topic, partition)).toEqual(written(partition, codec));
  }
});

test.runIf(process.env['CLIENTS_BOOTSTRAP'] === undefined)('what a Kafka client wrote is there over HTTP, from any broker', async () => {
  const topic = await cluster.createTopic('over-http', partitions);
  const kafka = new kafkajs.Kafka({ brokers: cluster.bootstrap.split(','), logLevel: kafkajs.logLevel.ERROR });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ partition: 1, value: 'Hello' }], acks: -1 });
  await producer.disconnect();

  for (const id of cluster.brokers!.ids) {
    const answer = await fetch(cluster.brokers!.url(id, `/consume?topic=${topic}&partition=1&offset=0`));
    expect([answer.status, await answer.json()]).toEqual([200, { offset: 0, message: 'Hello' }]);
  }
});
