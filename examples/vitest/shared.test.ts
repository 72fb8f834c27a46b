// The cluster of the global setup: reached by its addresses, as any Kafka.
import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { expect, inject, test } from 'vitest';

test('what @platformatic/kafka produces it consumes', async () => {
  const { brokers } = inject('kafkaLite');
  const producer = new Producer({ clientId: 'shop', bootstrapBrokers: brokers, serializers: stringSerializers, autocreateTopics: true });
  await producer.send({ messages: [{ topic: 'greetings', key: 'a', value: 'hello' }] });
  await producer.close();

  const consumer = new Consumer({
    clientId: 'shop',
    groupId: 'readers',
    bootstrapBrokers: brokers,
    deserializers: stringDeserializers,
    maxWaitTime: 100,
  });
  const stream = await consumer.consume({ topics: ['greetings'], mode: 'earliest' });
  for await (const { value } of stream) {
    expect(value).toBe('hello');
    break;
  }
  await consumer.close(true);
});
