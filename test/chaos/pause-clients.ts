import { Producer, stringSerializers } from '@platformatic/kafka';
import kafkajs from 'kafkajs';
import { NetworkError } from '#platform';
import { buildRecordBatch, KafkaError } from '#protocol';
import { KafkaClient } from '../support/kafka-client.ts';
import type { ChaosCluster } from './cluster.ts';
import { Loop, rest, type Worker } from './workload/context.ts';

/** Between one send and the next, so that a pause is measured to about that. */
const restMs = 20;

/** A client that sends all the time, and the moments in which it was acknowledged. */
export interface Measured extends Worker {
  /** Times of performance.now(), rising. Whoever measures may take them out. */
  readonly acknowledgements: number[];
}

type Start = (cluster: ChaosCluster, topic: string) => Measured;

/** Sends one record after the other to partition 0, and notes each acknowledgement. */
function measured(name: string, send: () => Promise<void>, finish: () => Promise<void>): Measured {
  const acknowledgements: number[] = [];
  const loop = new Loop(
    name,
    async () => {
      await send().then(
        () => acknowledgements.push(performance.now()),
        () => {},
      );
      await rest(restMs);
    },
    finish,
  );
  return { name, acknowledgements, stop: () => loop.stop() };
}

const start: Record<string, Start> = {
  /** The simplest client there is: it asks who leads after each error. */
  own(cluster, topic) {
    const client = new KafkaClient(cluster.bootstrap, 2_000);
    const send = async () => {
      const batch = buildRecordBatch({ records: [{ value: Buffer.from('pause'), timestamp: BigInt(Date.now()) }] });
      try {
        const { errorCode } = await client.produce(topic, 0, batch);
        if (errorCode !== 'NONE') throw new KafkaError(errorCode, 'produce');
      } catch (error) {
        if (!(error instanceof NetworkError) && !(error instanceof KafkaError)) throw error;
        await client.refresh().catch(() => {});
        throw error;
      }
    };
    return measured('own', send, async () => client.close());
  },
  kafkajs(cluster, topic) {
    const kafka = new kafkajs.Kafka({
      brokers: cluster.bootstrap.split(','),
      logLevel: kafkajs.logLevel.NOTHING,
      connectionTimeout: 1_000,
      requestTimeout: 5_000,
      retry: { initialRetryTime: 50, maxRetryTime: 200, retries: 100 },
    });
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    const connected = producer.connect();
    const send = async () => {
      await connected;
      await producer.send({ topic, acks: -1, messages: [{ partition: 0, value: 'pause' }] });
    };
    return measured('kafkajs', send, () => producer.disconnect());
  },
  platformatic(cluster, topic) {
    const producer = new Producer({
      clientId: 'pause',
      bootstrapBrokers: cluster.bootstrap.split(','),
      serializers: stringSerializers,
      idempotent: true,
      acks: -1,
      timeout: 5_000,
      connectTimeout: 1_000,
      retries: 200,
      retryDelay: 100,
    });
    producer.on('error', () => {});
    const send = async () => {
      await producer.send({ messages: [{ topic, partition: 0, key: 'pause', value: 'pause' }] });
    };
    return measured('platformatic', send, () => producer.close(true).catch(() => {}));
  },
};

/** Over HTTP through any broker that runs, to another one after each error. */
function http(cluster: ChaosCluster, topic: string): Measured {
  let index = 0;
  const send = async () => {
    const running = cluster.ids.filter((id) => cluster.isRunning(id));
    try {
      const answer = await fetch(cluster.url(running[index % running.length]!, '/produce'), {
        method: 'POST',
        body: JSON.stringify({ topic, partition: 0, message: 'pause' }),
        signal: AbortSignal.timeout(5_000),
      });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(String(answer.status));
    } catch (error) {
      index++;
      throw error;
    }
  };
  return measured('http', send, async () => {});
}

/** One client of each kind that the cluster has a protocol for. */
export function startClients(cluster: ChaosCluster, topic: string): Measured[] {
  const starts = cluster.hasHttp ? [...Object.values(start), http] : Object.values(start);
  return starts.map((begin) => begin(cluster, topic));
}
