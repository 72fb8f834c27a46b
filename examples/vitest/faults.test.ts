// A cluster of three for this file, with faults: started before the first test, reset before each other.
import { useCluster } from 'kafka-lite-cluster/vitest';
import { Kafka, logLevel } from 'kafkajs';
import { expect, test } from 'vitest';

const cluster = useCluster({ brokers: 3, topics: { orders: 3 } });

function shop() {
  return new Kafka({
    clientId: 'shop',
    brokers: cluster.brokers,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 20, maxRetryTime: 50, retries: 50 },
  });
}

test('a transaction survives the death of the leader', async () => {
  const producer = shop().producer({ transactionalId: 'shop', idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic: 'orders', messages: [{ key: 'a', value: 'ordered' }] });

  await cluster.broker(await cluster.waitFor.leader('orders')).kill();
  await transaction.send({ topic: 'orders', messages: [{ key: 'a', value: 'paid' }] });
  await transaction.commit();

  const records = await cluster.records('orders', { n: 2 });
  expect(records.map(({ value }) => value)).toEqual(['ordered', 'paid']);
  await producer.disconnect();
});

test('the producer tries again when it asked the wrong broker', async () => {
  const fault = cluster.inject({ api: 'Produce', error: 'NOT_LEADER_OR_FOLLOWER', times: 2 });
  const producer = shop().producer();
  await producer.connect();

  await producer.send({ topic: 'orders', messages: [{ value: 'paid' }] });

  expect(fault.hits).toBe(2);
  expect(await cluster.records('orders')).toHaveLength(1);
  await producer.disconnect();
});

test('what is older than the retention is gone', async () => {
  await cluster.createTopics({ brief: { configs: { 'retention.ms': 3_600_000 } } });
  const producer = shop().producer();
  await producer.connect();
  await producer.send({ topic: 'brief', messages: [{ value: 'old' }] });

  await cluster.advanceTime(2 * 3_600_000);

  expect(await cluster.records('brief')).toEqual([]);
  await producer.disconnect();
});
