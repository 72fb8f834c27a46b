import type { SendLog, SentBatch } from '../../crash/history.ts';
import { IdempotentProducer } from '../../crash/idempotent-producer.ts';
import { KafkaClient } from '../../support/kafka-client.ts';
import type { OpenSend } from '../history-file.ts';
import { bootstrapOf, type Context, Loop, reached, rest, type Worker } from './context.ts';

/** Notes in the history what an incarnation sends. */
class Sends implements SendLog {
  readonly #context: Context;
  readonly #open = new Map<SentBatch, OpenSend>();

  constructor(context: Context) {
    this.#context = context;
  }

  sent(stream: string, partition: number, first: number, count: number): SentBatch {
    const values = Array.from({ length: count }, (_, i) => `${stream}/${partition}/${first + i}`);
    const batch: SentBatch = { stream, partition, first, count, outcome: 'unknown', baseOffset: undefined };
    this.#open.set(batch, this.#context.history.send(stream, partition, values, true));
    return batch;
  }

  acknowledged(batch: SentBatch, baseOffset: bigint | undefined): void {
    const { partition, count } = batch;
    batch.outcome = 'acknowledged';
    batch.baseOffset = baseOffset;
    const offset = baseOffset === undefined ? undefined : Number(baseOffset);
    this.#context.history.ok(this.#open.get(batch)!, partition, offset, count);
    this.#open.delete(batch);
    if (offset !== undefined) reached(this.#context, partition, offset + count);
  }

  /** The incarnation is over: what has no answer now will never have one. */
  abandon(): void {
    for (const [{ count }, send] of this.#open) this.#context.history.info(send, 'its producer was started anew', count);
    this.#open.clear();
  }
}

/** Our own idempotent producer, five batches in flight, all codecs; every now and then it is started anew under another producer id. */
export function ownProducer(name: string, context: Context): Worker {
  const { cluster, topic, partitions, random, problem } = context;
  const client = new KafkaClient(bootstrapOf(context).join(','), 8_000);
  let incarnation = 0;
  const step = async () => {
    const sends = new Sends(context);
    const producer = new IdempotentProducer({
      client,
      history: sends,
      random,
      topic,
      stream: `${name}.${incarnation++}`,
      partition: random.below(partitions),
      restMs: 150,
    });
    producer.start();
    const end = performance.now() + 3_000 + random.below(20_000);
    while (performance.now() < end && producer.problems.length === 0 && !isStopped) await rest(50);
    await producer.stop();
    await producer.settle(5_000).catch(() => {}); // what is open then is told by abandon
    sends.abandon();
    for (const sentence of producer.problems) problem(`${cluster.name}: ${sentence}`);
  };
  let isStopped = false;
  const loop = new Loop(name, step, async () => client.close());
  return {
    name,
    stop() {
      isStopped = true;
      return loop.stop();
    },
  };
}
