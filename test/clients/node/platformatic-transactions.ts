import { setTimeout as sleep } from 'node:timers/promises';
import * as kafka from '@platformatic/kafka';
import { transactionalProgram } from './transactional-program.ts';

/** @platformatic/kafka as a program of test/clients/transactions; the README there tells what it is asked and what it answers. */
type Message = kafka.Message<string, string, string, string>;
type Transaction = Awaited<ReturnType<kafka.Producer<string, string, string, string>['beginTransaction']>>;

/**
 * It makes itself known to the coordinator, and fences its predecessors, when it begins its first transaction. Its timeout is that of its
 * requests. Unless it is told that it has no producer id yet it claims to be number 0, which is refused once another one is known (KIP-360).
 */
function producerOf(bootstrap: string, transactionalId: string, timeout: number): kafka.Producer<string, string, string, string> {
  return new kafka.Producer({
    ...{ clientId: transactionalId, bootstrapBrokers: bootstrap.split(','), serializers: kafka.stringSerializers },
    ...{ idempotent: true, transactionalId, producerId: -1n, producerEpoch: -1, timeout, acks: -1, retries: 40, retryDelay: 100 },
  });
}

await transactionalProgram({
  async produce(bootstrap, topic, transactionalId, timeoutMs) {
    const producer = producerOf(bootstrap, transactionalId, timeoutMs);
    let transaction: Transaction;
    return {
      begin: async () => {
        transaction = await producer.beginTransaction();
      },
      send: (partition, value) => transaction.send({ messages: [{ topic, partition, value }] }),
      commit: () => transaction.commit(),
      abort: () => transaction.abort(),
    };
  },

  async copy({ bootstrap, source, target, group, transactionalId, timeoutMs, targets, isInVain, copied }) {
    const producer = producerOf(bootstrap, transactionalId, timeoutMs);
    const consumer = new kafka.Consumer({
      ...{ clientId: transactionalId, groupId: group, bootstrapBrokers: bootstrap.split(','), deserializers: kafka.stringDeserializers },
      ...{
        autocommit: false,
        sessionTimeout: 6000,
        heartbeatInterval: 500,
        rebalanceTimeout: 10_000,
        maxWaitTime: 200,
        retries: 40,
        retryDelay: 100,
      },
    });
    const fail = (error: unknown) => {
      // What has become of it is known to whoever starts next under this transactional id.
      console.error(error);
      process.exit(1);
    };
    const stream = await consumer.consume({ topics: [source], mode: 'committed', fallbackMode: 'earliest', isolationLevel: 1 });
    stream.on('error', fail);
    const write = async (messages: readonly Message[], end: 'commit' | 'abort') => {
      const transaction = await producer.beginTransaction();
      const copies = messages.flatMap(({ partition, key, value }) =>
        targets(partition).map((to) => ({ topic: target, partition: to, key, value })),
      );
      await transaction.send({ messages: copies });
      await transaction.addConsumer(consumer);
      const last = new Map(messages.map((message) => [message.partition, message]));
      for (const message of last.values()) await transaction.addOffset(message);
      await transaction[end]();
    };
    const waiting: Message[] = [];
    stream.on('data', (message) => waiting.push(message));
    let isStopped = false;
    const copying = (async () => {
      for (; !isStopped; await sleep(20)) {
        const messages = waiting.splice(0, 100);
        if (messages.length === 0) continue;
        if (isInVain()) await write(messages, 'abort');
        await write(messages, 'commit');
        copied(messages.length);
      }
    })();
    copying.catch(fail);
    return async () => {
      isStopped = true;
      await copying;
      await consumer.close(true);
      await producer.close();
    };
  },
});
