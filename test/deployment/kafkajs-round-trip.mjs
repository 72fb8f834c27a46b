// Sends a record to every partition of a topic and reads them all back, by kafkajs: kafkajs-round-trip.mjs BROKERS TOPIC PARTITIONS TEXT
import { Kafka, logLevel } from 'kafkajs';

const [brokers, topic, partitions, text] = process.argv.slice(2);
const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR });
const admin = kafka.admin();
await admin.connect();
const seen = (await admin.describeCluster()).brokers.map(({ host, port }) => `${host}:${port}`).sort();
await admin.disconnect();
const producer = kafka.producer();
await producer.connect();
const messages = Array.from({ length: Number(partitions) }, (_, partition) => ({ partition, value: `${text}-${partition}` }));
await producer.send({ topic, messages, acks: -1 });
await producer.disconnect();
const consumer = kafka.consumer({ groupId: `readers-${text}` });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
const read = new Set();
await new Promise((resolve, reject) => {
  consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
  consumer
    .run({
      eachMessage: async ({ message }) => {
        const value = message.value.toString();
        if (value.startsWith(`${text}-`)) read.add(value);
        if (read.size === messages.length) resolve();
      },
    })
    .catch(reject);
});
await consumer.disconnect();
console.log(JSON.stringify({ seen, read: [...read].sort() }));
