import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Producer, stringSerializers } from '@platformatic/kafka';
import { useCluster } from 'kafka-lite-cluster/node-test';
import { Kafka, logLevel } from 'kafkajs';

const cluster = useCluster({ brokers: 3, topics: { orders: 3 } });

test('a kafkajs consumer reads what a kafkajs producer wrote', async () => {
  const kafka = new Kafka({ clientId: 'shop', brokers: cluster.brokers, logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: 'orders', messages: [{ key: 'a', value: 'paid' }] });
  await producer.disconnect();

  const consumer = kafka.consumer({ groupId: 'billing', maxWaitTimeInMs: 100 });
  const read = [];
  await consumer.connect();
  await consumer.subscribe({ topic: 'orders', fromBeginning: true });
  await consumer.run({ autoCommitThreshold: 1, eachMessage: async ({ message }) => read.push(message.value.toString()) });

  await cluster.waitFor.lag('billing', 0);
  assert.deepEqual(read, ['paid']);
  await consumer.disconnect();
  await cluster.waitFor.group('billing', 'empty');
});

test('each test finds the topics empty', async () => {
  assert.deepEqual(await cluster.records('orders'), []);
});

test('@platformatic/kafka goes on when the leader is moved', async () => {
  const producer = new Producer({ clientId: 'shop', bootstrapBrokers: cluster.brokers, serializers: stringSerializers, retryDelay: 20 });
  await producer.send({ messages: [{ topic: 'orders', key: 'a', value: 'one' }] });
  const [{ partition }] = await cluster.records('orders', { n: 1 });

  const leader = await cluster.waitFor.leader('orders', { partition });
  await cluster.moveLeader('orders', partition, leader === 1 ? 2 : 1);
  await producer.send({ messages: [{ topic: 'orders', key: 'a', value: 'two' }] });
  await producer.close();

  const records = await cluster.records('orders', { n: 2 });
  assert.deepEqual(
    records.map(({ value }) => value),
    ['one', 'two'],
  );
});
