import { type Address, NodeClock, NodeNetwork, silentLogger } from '#platform';
import { buildRecordBatch } from '#protocol';
import { createTopics } from '#protocol/apis/create-topics.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { produce } from '#protocol/apis/produce.ts';
import { BrokerClient } from '#transport';
import { foreign } from '../test/clients/installed.ts';
import { BrokerProcesses } from '../test/support/broker-processes.ts';
import { KafkaProcesses } from '../test/support/kafka-processes.ts';
import { measured } from './program.ts';
import { usageOf } from './usage.ts';

/** A running cluster that is measured. */
export interface Rival {
  readonly name: string;
  readonly bootstrap: string;
  readonly pids: readonly number[];
  readonly startMs: number;
  stop(): Promise<void>;
}

/** Resident memory per broker in MB. */
export function perBroker({ pids }: Rival): string {
  return (usageOf(pids).residentMb / pids.length).toFixed(0);
}

/** These brokers, as processes. */
export async function startOurs(brokers: number): Promise<Rival> {
  const started = performance.now();
  const { name, ...options } = measured;
  const cluster = await BrokerProcesses.prepare(brokers, options);
  for (const id of cluster.ids) cluster.startBroker(id);
  const startMs = await firstProduce(cluster.bootstrap, started);
  return {
    name,
    bootstrap: cluster.bootstrap,
    pids: cluster.ids.map((id) => cluster.pid(id)),
    startMs,
    stop: () => cluster.stop(),
  };
}

/** Apache Kafka's, for the same load. */
export async function startKafka(brokers: number): Promise<Rival> {
  const started = performance.now();
  const kafka = await KafkaProcesses.start(brokers); // formatting is part of a first start
  const startMs = await firstProduce(kafka.bootstrap, started);
  return { name: 'Apache Kafka', bootstrap: kafka.bootstrap, pids: kafka.pids, startMs, stop: () => kafka.stop() };
}

/** Creates a topic and produces to it, again and again until that works. @returns milliseconds since `started` */
async function firstProduce(bootstrap: string, started: number): Promise<number> {
  const [host, port] = bootstrap.split(',')[0]!.split(':') as [string, string];
  const to: Address = { host, port: Number(port) };
  for (;;) {
    // Another client each time: one that was refused would wait before it dials again.
    const client = newClient();
    try {
      if (await produceOnce(client, to)) return performance.now() - started;
    } finally {
      client.close();
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function produceOnce(client: BrokerClient, to: Address): Promise<boolean> {
  try {
    await client.send(
      to,
      createTopics,
      { topics: [{ name: 'first', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }], timeoutMs: 1000 },
      { timeoutMs: 1000 },
    );
    const found = await client.send(to, metadata, { topics: [{ name: 'first' }], allowAutoTopicCreation: false });
    const topic = found.topics[0]!;
    const leader = found.brokers.find(({ nodeId }) => nodeId === topic.partitions[0]?.leaderId);
    if (leader === undefined) return false;
    const request = {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1000,
      topicData: [
        {
          topicId: topic.topicId,
          partitionData: [
            { index: 0, records: buildRecordBatch({ records: [{ value: Buffer.from('first'), timestamp: BigInt(Date.now()) }] }) },
          ],
        },
      ],
    };
    const answer = await client.send({ host: leader.host, port: leader.port }, produce, request);
    return answer.responses[0]?.partitionResponses[0]?.errorCode === 'NONE';
  } catch {
    return false;
  }
}

/** A client for brokers of either kind. */
export function newClient(): BrokerClient {
  return new BrokerClient({ network: new NodeNetwork(), clock: new NodeClock(), log: silentLogger, clientId: 'benchmark' });
}

/** The command line of one of Kafka's tools. */
export function kafkaTool(mainClass: string, args: readonly string[]): { command: string; args: string[] } {
  return {
    command: 'java',
    args: ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', `${foreign.kafkaTools}/*`, mainClass, ...args],
  };
}
