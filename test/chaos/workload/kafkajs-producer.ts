import kafkajs from 'kafkajs';
import { valueFor } from '../../crash/history.ts';
import { bootstrapOf, type Context, Loop, reached, rest, type Worker } from './context.ts';

/**
 * kafkajs, idempotent, one batch under way at a time. It retries by itself, for about ten seconds; what it gives up may be in the log or
 * not. It is then started anew, as it would use the sequence of that batch for the next one.
 */
export function kafkajsProducer(name: string, context: Context): Worker {
  const { history, topic, partitions, random } = context;
  const kafka = new kafkajs.Kafka({
    clientId: name,
    brokers: bootstrapOf(context),
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 12 },
  });
  let incarnation = 0;
  let producer: kafkajs.Producer | undefined;
  let numbers: number[] = [];

  const startAnew = async () => {
    const old = producer;
    producer = undefined;
    await old?.disconnect().catch(() => {});
  };
  const connected = async () => {
    if (producer !== undefined) return producer;
    const fresh = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false });
    await fresh.connect();
    incarnation++;
    numbers = [];
    return (producer = fresh);
  };

  const step = async () => {
    const ready = await connected().catch(() => undefined);
    if (ready === undefined) return rest(200);
    const partition = random.below(partitions);
    const stream = `${name}.${incarnation}`;
    const first = numbers[partition] ?? 0;
    const count = 1 + random.below(10);
    numbers[partition] = first + count;
    const identities = Array.from({ length: count }, (_, i) => `${stream}/${partition}/${first + i}`);
    const messages = identities.map((_, i) => ({
      partition,
      key: stream,
      value: valueFor(stream, partition, first + i, random.bytes(random.below(100)).toString('hex')),
    }));
    const send = history.send(stream, partition, identities, true);
    try {
      const [answer] = await ready.send({ topic, acks: -1, messages });
      const offset = answer?.baseOffset === undefined || answer.baseOffset === '-1' ? undefined : Number(answer.baseOffset);
      history.ok(send, partition, offset, count);
      if (offset !== undefined) reached(context, partition, offset + count);
    } catch (error) {
      history.info(send, String(error), count);
      await startAnew();
    }
    await rest(20 + random.below(60));
  };
  return new Loop(name, step, startAnew);
}
