import { Producer, stringSerializers } from '@platformatic/kafka';
import { valueFor } from '../../crash/history.ts';
import { bootstrapOf, type Context, Loop, reached, rest, type Worker } from './context.ts';

type StringProducer = Producer<string, string, string, string>;

/** @platformatic/kafka, idempotent, one batch under way at a time; started anew after an error, for the same reason as kafkajs. */
export function platformaticProducer(name: string, context: Context): Worker {
  const { history, topic, partitions, random } = context;
  const create = (): StringProducer => {
    const producer = new Producer({
      clientId: name,
      bootstrapBrokers: bootstrapOf(context),
      serializers: stringSerializers,
      idempotent: true,
      acks: -1,
      timeout: 5_000,
      connectTimeout: 2_000,
      retries: 15,
      retryDelay: 300,
      metadataMaxAge: 5_000,
    });
    producer.on('error', () => {}); // told by the send as well
    return producer;
  };
  let incarnation = 0;
  let producer = create();
  let numbers: number[] = [];

  const step = async () => {
    const partition = random.below(partitions);
    const stream = `${name}.${incarnation}`;
    const first = numbers[partition] ?? 0;
    const count = 1 + random.below(10);
    numbers[partition] = first + count;
    const identities = Array.from({ length: count }, (_, i) => `${stream}/${partition}/${first + i}`);
    const messages = identities.map((_, i) => ({
      topic,
      partition,
      key: stream,
      value: valueFor(stream, partition, first + i, random.bytes(random.below(100)).toString('hex')),
    }));
    const send = history.send(stream, partition, identities, true);
    try {
      const { offsets } = await producer.send({ messages });
      const told = offsets?.find((each) => each.partition === partition)?.offset;
      const offset = told === undefined || told < 0n ? undefined : Number(told);
      history.ok(send, partition, offset, count);
      if (offset !== undefined) reached(context, partition, offset + count);
    } catch (error) {
      history.info(send, String(error), count);
      await producer.close(true).catch(() => {});
      producer = create();
      incarnation++;
      numbers = [];
    }
    await rest(20 + random.below(60));
  };
  return new Loop(name, step, () => producer.close(true).catch(() => {}));
}
