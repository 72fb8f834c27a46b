import { Producer, stringSerializers } from '@platformatic/kafka';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { KafkaClient } from '../support/kafka-client.ts';

/** Transactions of clients that npm installs, on three brokers. What readers of committed records find decides. */
const partitions = 3;
let brokers: BrokerProcesses;
let reader: KafkaClient;
let kafka: kafkajs.Kafka;

beforeAll(async () => {
  const often = ['--config', 'transaction.abort.timed.out.transaction.cleanup.interval.ms=200'];
  brokers = await BrokerProcesses.start(3, { args: often });
  reader = new KafkaClient(brokers.bootstrap);
  const quiet = { brokers: brokers.bootstrap.split(','), logLevel: kafkajs.logLevel.NOTHING };
  kafka = new kafkajs.Kafka({ ...quiet, retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 40 } });
});
afterAll(async () => {
  reader?.close();
  await brokers?.stop();
});

let created = 0;

/** A topic of that name and a number: a test that is tried once more gets another. */
async function createTopic(name: string): Promise<string> {
  const topic = `${name}-${++created}`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });
  await admin.disconnect();
  return topic;
}

/** A message for each partition. */
const everywhere = (value: string) => Array.from({ length: partitions }, (_, partition) => ({ partition, value }));

/** The committed values of all partitions, when nothing is open there any more. */
async function committed(topic: string): Promise<string[][]> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await Promise.all(Array.from({ length: partitions }, (_, partition) => stable(topic, partition))).catch(() => []);
    if (found.length === partitions) return found;
    if (Date.now() > deadline) throw new Error(`a transaction in ${topic} does not end`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** @throws while a transaction is open, or the partition has no leader */
async function stable(topic: string, partition: number): Promise<string[]> {
  const { records, lastStableOffset } = await reader.committed(topic, partition);
  if (lastStableOffset !== (await reader.endOffset(topic, partition))) throw new Error(`something is open in ${topic}-${partition}`);
  return records.map(({ value }) => String(value));
}

const inAll = (values: string[]) => Array(partitions).fill(values);

function kafkajsProducer(transactionalId: string, transactionTimeout = 30_000): kafkajs.Producer {
  const { DefaultPartitioner: createPartitioner } = kafkajs.Partitioners;
  return kafka.producer({ transactionalId, transactionTimeout, idempotent: true, maxInFlightRequests: 1, createPartitioner });
}

test('kafkajs commits and aborts', { timeout: 60_000 }, async () => {
  const topic = await createTopic('kafkajs');
  const producer = kafkajsProducer('kafkajs');
  await producer.connect();

  for (let i = 0; i < 10; i++) {
    const transaction = await producer.transaction();
    // One by one: when a leader moves, as it does while a cluster is young, kafkajs sends again what has been answered, under another sequence.
    for (const message of [...everywhere(`${i}`), ...everywhere(`${i} again`)]) await transaction.send({ topic, messages: [message] });
    if (i % 3 === 2) await transaction.abort();
    else await transaction.commit();
  }
  await producer.disconnect();

  expect(await committed(topic)).toEqual(inAll([0, 1, 3, 4, 6, 7, 9].flatMap((i) => [`${i}`, `${i} again`])));
});

test('@platformatic/kafka commits and aborts', { timeout: 60_000 }, async () => {
  const topic = await createTopic('platformatic');
  const producer = new Producer({
    clientId: 'platformatic',
    bootstrapBrokers: brokers.bootstrap.split(','),
    serializers: stringSerializers,
    idempotent: true,
    transactionalId: 'platformatic',
    acks: -1,
    retries: 20,
    retryDelay: 50,
  });

  for (let i = 0; i < 10; i++) {
    const transaction = await producer.beginTransaction();
    await transaction.send({ messages: everywhere(`${i}`).map((message) => ({ topic, ...message })) });
    if (i % 3 === 2) await transaction.abort();
    else await transaction.commit();
  }
  await producer.close();

  expect(await committed(topic)).toEqual(inAll(['0', '1', '3', '4', '6', '7', '9']));
});

test('T4: kafkajs: who starts second fences who started first, and aborts what that has open', { timeout: 60_000 }, async () => {
  const topic = await createTopic('fenced');
  const [first, second] = [kafkajsProducer('same'), kafkajsProducer('same')];
  await first.connect();
  const left = await first.transaction();
  await left.send({ topic, messages: everywhere('left open') });

  await second.connect();
  const transaction = await second.transaction();
  await transaction.send({ topic, messages: everywhere('committed') });
  await expect(left.send({ topic, messages: everywhere('too late') })).rejects.toThrow();
  await expect(left.commit()).rejects.toThrow();
  await transaction.commit();
  await Promise.all([first.disconnect(), second.disconnect()]);

  expect(await committed(topic)).toEqual(inAll(['committed']));
});

test('T7: kafkajs: what is left open is aborted when its time is over, and others get on', { timeout: 60_000 }, async () => {
  const topic = await createTopic('timeout');
  const producer = kafkajsProducer('slow', 1000);
  await producer.connect();
  const slow = await producer.transaction();
  await slow.send({ topic, messages: everywhere('left open') });
  const other = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await other.connect();
  await other.send({ topic, messages: everywhere('plain') });

  expect(await committed(topic)).toEqual(inAll(['plain']));

  await expect(slow.commit()).rejects.toThrow();
  await Promise.all([producer.disconnect(), other.disconnect()]);
});

/** A producer of that name; the broker that it asks first may just have been killed. */
async function connected(name: string): Promise<ReturnType<typeof kafkajsProducer>> {
  for (;;) {
    const producer = kafkajsProducer(name);
    try {
      await producer.connect();
      return producer;
    } catch {
      await producer.disconnect().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

test('T6, T9: kafkajs reads, transforms and writes, with its offsets in the transaction: each input once', {
  timeout: 90_000,
}, async () => {
  const [source, target] = [await createTopic('source'), await createTopic('target')];
  const groupId = `copiers of ${source}`;
  const writer = kafkajsProducer('source');
  await writer.connect();
  const inputs = Array.from({ length: 40 }, (_, i) => `input ${i}`);
  for (let i = 0; i < inputs.length; i += 10) {
    const transaction = await writer.transaction();
    await transaction.send({
      topic: source,
      messages: inputs.slice(i, i + 10).map((value, at) => ({ value, partition: at % partitions })),
    });
    await transaction.commit();
  }
  await writer.disconnect();

  // Each copies some records one by one, every third in vain at first; then it stops in the middle of a batch, and the next goes on.
  const copy = async (enough: number) => {
    const producer = kafkajsProducer('copier');
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 200 });
    await Promise.all([producer.connect(), consumer.connect()]);
    await consumer.subscribe({ topics: [source], fromBeginning: true });
    let done = 0;
    const once = async (partition: number, offset: string, value: string, isInVain: boolean) => {
      const transaction = await producer.transaction();
      await transaction.send({ topic: target, messages: [{ partition, value }] });
      const offsets = [{ partition, offset: String(BigInt(offset) + 1n) }];
      await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic: source, partitions: offsets }] });
      await (isInVain ? transaction.abort() : transaction.commit());
    };
    const finished = Promise.withResolvers<void>();
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch: { messages, partition }, resolveOffset, heartbeat }) => {
        for (const { value, offset } of messages) {
          if (done === enough) break;
          if (done % 3 === 0) await once(partition, offset, 'in vain', true);
          await once(partition, offset, `${value} copied`, false);
          resolveOffset(offset);
          await heartbeat();
          if (++done === enough) finished.resolve();
        }
      },
    });
    await finished.promise;
    await Promise.all([consumer.disconnect(), producer.disconnect()]);
  };
  await copy(15);
  await copy(inputs.length - 15);

  const copied = (await committed(target)).flat();
  expect(copied.toSorted()).toEqual(inputs.map((value) => `${value} copied`).toSorted());
});

test('T1, T2, T7: while brokers are killed, leaders of partitions and coordinators, readers see whole transactions', {
  timeout: 180_000,
}, async () => {
  const topic = await createTopic('killed');
  const isOver = { now: false };
  const fates = new Map<string, 'committed' | 'aborted' | 'unknown'>();
  const write = async (name: string) => {
    let producer = await connected(name);
    for (let i = 0; !isOver.now; i++) {
      const value = `${name} ${i}`;
      fates.set(value, 'unknown');
      try {
        const transaction = await producer.transaction();
        // One by one: when a leader moves, kafkajs forgets which partitions of a request have had their answer, and leaves some out or sends them twice.
        for (const message of [...everywhere(value), ...everywhere(value)]) await transaction.send({ topic, messages: [message] });
        const isAborted = i % 4 === 3;
        await (isAborted ? transaction.abort() : transaction.commit());
        fates.set(value, isAborted ? 'aborted' : 'committed');
      } catch {
        // Whatever it was, whoever starts in its place may rely on that it is over.
        await producer.disconnect().catch(() => {});
        producer = await connected(name);
      }
    }
    await producer.disconnect().catch(() => {});
  };

  const writers = ['a', 'b', 'c', 'd'].map(write);
  for (const id of brokers.ids) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await brokers.kill(id);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    brokers.startBroker(id);
    await brokers.ready([id]);
  }
  await new Promise((resolve) => setTimeout(resolve, 1500));
  isOver.now = true;
  await Promise.all(writers);

  const found = await committed(topic);
  const times = new Map<string, number>();
  for (const value of found.flat()) times.set(value, (times.get(value) ?? 0) + 1);
  const whole = 2 * partitions;
  for (const [value, fate] of fates) {
    const expected = fate === 'committed' ? [whole] : fate === 'aborted' ? [0] : [0, whole];
    expect(expected, `${value}: ${fate}`).toContain(times.get(value) ?? 0);
  }
  const count = (fate: string) => [...fates.values()].filter((one) => one === fate).length;
  expect(count('committed')).toBeGreaterThan(20);
  expect(count('aborted')).toBeGreaterThan(5);
});
