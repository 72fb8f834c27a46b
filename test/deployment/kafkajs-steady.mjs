// Sends one record after the other to a topic until its input ends, then reads all back, by kafkajs: kafkajs-steady.mjs BROKERS TOPIC
// Prints how many were acknowledged, how many were refused (after kafkajs's own retries), and which of those acknowledged are not there.
import { Kafka, logLevel } from 'kafkajs';

const [brokers, topic] = process.argv.slice(2);
const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
const producer = kafka.producer();
await producer.connect();
let isOver = false;
process.stdin.on('end', () => (isOver = true)).resume();
const acknowledged = new Set();
const refused = [];
for (let count = 0; !isOver; count++) {
  const value = String(count);
  await producer.send({ topic, messages: [{ value }], acks: -1 }).then(
    () => acknowledged.add(value),
    (error) => refused.push(error.message),
  );
  if (count === 0) console.log('started');
  await new Promise((resolve) => setTimeout(resolve, 10));
}
await producer.disconnect();
const missing = new Set(acknowledged);
const consumer = kafka.consumer({ groupId: `steady-${process.pid}` });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
const deadline = AbortSignal.timeout(60_000);
await new Promise((resolve) => {
  deadline.addEventListener('abort', resolve);
  consumer.run({
    eachMessage: async ({ message }) => {
      missing.delete(message.value.toString());
      if (missing.size === 0) resolve();
    },
  });
});
await consumer.disconnect();
console.log(JSON.stringify({ acknowledged: acknowledged.size, refused, missing: [...missing] }));
