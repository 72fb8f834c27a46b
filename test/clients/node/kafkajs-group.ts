import { once } from 'node:events';
import kafkajs from 'kafkajs';
import { numbers, tell } from './lines.ts';

/** kafkajs as a member of a group. Arguments: bootstrap, topic, group. It does not tell its generation when it joins. */
const [bootstrap, topic, groupId] = process.argv.slice(2) as [string, string, string];
const kafka = new kafkajs.Kafka({
  brokers: bootstrap.split(','),
  logLevel: kafkajs.logLevel.NOTHING,
  retry: { retries: 40, maxRetryTime: 500 },
});
const consumer = kafka.consumer({
  groupId,
  sessionTimeout: 10_000,
  heartbeatInterval: 500,
  rebalanceTimeout: 10_000,
  maxWaitTimeInMs: 200,
});
let own: readonly number[] = [];
const giveUp = () => {
  tell('revoked', numbers(own));
  own = [];
};
consumer.on('consumer.group_join', ({ payload }) => {
  own = payload.memberAssignment[topic] ?? [];
  tell('assigned', '-', numbers(own));
});
consumer.on('consumer.rebalancing', giveUp);
consumer.on('consumer.crash', ({ payload }) => {
  console.error(payload.error);
  giveUp();
  if (!payload.restart) process.exit(1);
});
consumer.on('consumer.commit_offsets', ({ payload }) => {
  for (const { partitions } of payload.topics) for (const { partition, offset } of partitions) tell('committed', partition, offset);
});
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  autoCommitInterval: 200,
  eachMessage: async ({ partition, message }) => tell('record', partition, message.offset, message.value),
});
process.stdin.resume();
await once(process.stdin, 'end');
await consumer.disconnect();
process.exit(0);
