import kafkajs from 'kafkajs';
import { transactionalProgram } from './transactional-program.ts';

/** kafkajs as a program of test/clients/transactions; the README there tells what it is asked and what it answers. */
const retry = { initialRetryTime: 50, maxRetryTime: 500, retries: 40 };
const kafkaOf = (bootstrap: string) => new kafkajs.Kafka({ brokers: bootstrap.split(','), logLevel: kafkajs.logLevel.NOTHING, retry });

async function producerOf(bootstrap: string, transactionalId: string, transactionTimeout: number): Promise<kafkajs.Producer> {
  const { DefaultPartitioner: createPartitioner } = kafkajs.Partitioners;
  const settings = { transactionalId, transactionTimeout, idempotent: true, maxInFlightRequests: 1, createPartitioner };
  const producer = kafkaOf(bootstrap).producer(settings);
  await producer.connect();
  return producer;
}

await transactionalProgram({
  async produce(bootstrap, topic, transactionalId, timeoutMs) {
    const producer = await producerOf(bootstrap, transactionalId, timeoutMs);
    let transaction: kafkajs.Transaction;
    return {
      begin: async () => {
        transaction = await producer.transaction();
      },
      send: (partition, value) => transaction.send({ topic, messages: [{ partition, value }] }),
      commit: () => transaction.commit(),
      abort: () => transaction.abort(),
    };
  },

  // It commits offsets under the group's name alone (there is no KIP-447): another copier of its group would have to have its transactional id.
  async copy({ bootstrap, source, target, group, transactionalId, timeoutMs, targets, isInVain, copied }) {
    const producer = await producerOf(bootstrap, transactionalId, timeoutMs);
    const consumer = kafkaOf(bootstrap).consumer({ groupId: group, sessionTimeout: 6000, heartbeatInterval: 500, maxWaitTimeInMs: 200 });
    await consumer.connect();
    await consumer.subscribe({ topics: [source], fromBeginning: true });
    const write = async (messages: kafkajs.KafkaMessage[], partition: number, end: 'commit' | 'abort') => {
      const transaction = await producer.transaction();
      // One by one: when a leader moves, kafkajs forgets which partitions of a request have had their answer.
      for (const { key, value } of messages)
        for (const to of targets(partition)) await transaction.send({ topic: target, messages: [{ partition: to, key, value }] });
      const offsets = [{ partition, offset: String(BigInt(messages.at(-1)!.offset) + 1n) }];
      await transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic: source, partitions: offsets }] });
      await transaction[end]();
    };
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch: { messages, partition }, resolveOffset, heartbeat, isRunning, isStale }) => {
        for (let start = 0; start < messages.length && isRunning() && !isStale(); start += 10) {
          const some = messages.slice(start, start + 10);
          try {
            if (isInVain()) await write(some, partition, 'abort');
            await write(some, partition, 'commit');
          } catch (error) {
            // What has become of it is known to whoever starts next under this transactional id.
            console.error(error);
            process.exit(1);
          }
          resolveOffset(some.at(-1)!.offset);
          copied(some.length);
          await heartbeat();
        }
      },
    });
    return async () => {
      await consumer.disconnect();
      await producer.disconnect();
    };
  },
});
