import type { Random } from '#platform';
import { NetworkError } from '#platform';
import { KafkaError } from '#protocol';
import { KafkaClient } from '../support/kafka-client.ts';
import { identityOf, rest } from './workload/context.ts';
import { readOverHttp } from './workload/http-reader.ts';
import type { Context } from './workload/index.ts';

const stepMs = 100;

/** Waits until every partition has a leader and all its replicas in sync. @returns how long that took, or a sentence on what is missing */
export async function whenHealed(context: Pick<Context, 'cluster' | 'topic' | 'partitions'>, timeoutMs: number): Promise<number | string> {
  const client = new KafkaClient(context.cluster.bootstrap, 3_000);
  const start = performance.now();
  try {
    for (;;) {
      await client.refresh().catch(mayTryAgain);
      const states = client.partitionsOf(context.topic);
      const missing = states.filter(({ leader, isr, replicas }) => leader < 0 || isr.length < replicas.length);
      if (missing.length === 0 && states.length === context.partitions) return performance.now() - start;
      if (performance.now() - start > timeoutMs) {
        const each = missing.map(
          ({ partition, leader, isr, replicas }) => `partition ${partition}: leader ${leader}, ISR [${isr}] of [${replicas}]`,
        );
        return states.length === 0 ? 'no broker tells of the topic' : each.join('; ');
      }
      await rest(stepMs);
    }
  } finally {
    client.close();
  }
}

/** Reads all of every partition, and notes it as final reading `number`. @returns what could not be read, in sentences */
export async function readEverything(context: Omit<Context, 'random'>, number: number, timeoutMs: number): Promise<string[]> {
  const { cluster, history, topic, partitions, ends } = context;
  const client = new KafkaClient(cluster.bootstrap, 5_000);
  const deadline = performance.now() + timeoutMs;
  const problems: string[] = [];
  try {
    for (let partition = 0; partition < partitions; partition++) {
      let asked = 0;
      let why: unknown = 'the high watermark stayed below it';
      for (;;) {
        const progress = await readOn(partition, asked).catch((error: unknown) => {
          mayTryAgain(error);
          why = error;
          return undefined;
        });
        if (progress === 'end') break;
        if (progress !== undefined) {
          asked = progress;
          continue;
        }
        if (performance.now() > deadline) {
          problems.push(`final reading ${number} got to ${partition}/${asked} of at least ${ends[partition] ?? 0}: ${why}`);
          break;
        }
        await rest(stepMs);
        await client.refresh().catch(mayTryAgain);
      }
    }
  } finally {
    client.close();
  }
  return problems;

  async function readOn(partition: number, asked: number): Promise<number | 'end' | undefined> {
    const invokedAt = history.now();
    const end = Number(await client.endOffset(topic, partition));
    // What was told to somebody has to be waited for: a new leader may not know yet how much is committed.
    if (asked >= end) return end >= (ends[partition] ?? 0) ? 'end' : undefined;
    const { errorCode, records, highWatermark } = await client.fetchFrom(topic, { partition, offset: BigInt(asked) });
    if (errorCode !== 'NONE') throw new KafkaError(errorCode, `fetch of ${topic}-${partition} at ${asked}`);
    if (records.length === 0) return undefined;
    const broker = client.partitionsOf(topic)[partition]!.leader;
    const read = records.map(({ offset, value }) => ({ offset: Number(offset), value: identityOf(value?.toString() ?? '') }));
    const process = `final-${number}`;
    history.read({
      process,
      broker,
      partition,
      asked,
      invokedAt,
      records: read,
      highWatermark: Number(highWatermark),
      finalReading: number,
    });
    return read.at(-1)!.offset + 1;
  }
}

/** Reads offsets of chance over HTTP, from each broker; all of them are there now. @returns what was not, in sentences */
export async function sampleOverHttp(context: Omit<Context, 'random'>, random: Random, count: number): Promise<string[]> {
  const { cluster, history, partitions, ends } = context;
  const problems: string[] = [];
  for (const broker of cluster.ids) {
    for (let i = 0; i < count; i++) {
      const partition = random.below(partitions);
      if ((ends[partition] ?? 0) === 0) continue;
      const asked = random.below(ends[partition]!);
      const invokedAt = history.now();
      const value = await readOverHttp(context, broker, partition, asked);
      if (value === undefined) {
        problems.push(`broker ${broker} does not give ${partition}/${asked} over HTTP`);
        continue;
      }
      history.read({ process: 'final-http', broker, partition, asked, invokedAt, records: [{ offset: asked, value: identityOf(value) }] });
    }
  }
  return problems;
}

function mayTryAgain(error: unknown): void {
  if (!(error instanceof NetworkError) && !(error instanceof KafkaError)) throw error;
}
