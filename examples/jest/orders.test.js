// One cluster for the whole run, started by jest's globalSetup (see package.json), found in the environment.
const { Kafka, logLevel } = require('kafkajs');

const brokers = process.env.KAFKA_BROKERS.split(',');

test('a kafkajs consumer reads what a kafkajs producer wrote', async () => {
  const kafka = new Kafka({ clientId: 'shop', brokers, logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: 'orders', messages: [{ value: 'paid' }] });
  await producer.disconnect();

  const consumer = kafka.consumer({ groupId: 'billing', maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: 'orders', fromBeginning: true });
  const value = await new Promise((resolve) => consumer.run({ eachMessage: async ({ message }) => resolve(message.value.toString()) }));
  await consumer.disconnect();

  expect(value).toBe('paid');
});

test('the topics are seen over HTTP too', async () => {
  const response = await fetch(`${process.env.KAFKA_REST_URL}/list-topics`);

  expect(response.status).toBe(200);
});
