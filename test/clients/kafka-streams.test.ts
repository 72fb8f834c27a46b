import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KafkaClient } from '../support/kafka-client.ts';
import { collect } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { type ClusterUnderTest, startClusterUnderTest } from './cluster-under-test.ts';
import { areThoroughTestsWanted } from './installed.ts';
import { installed, java } from './programs.ts';

const partitions = 3;
const words = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta'];
const [wordCount] = installed([java('Kafka Streams', 'WordCount')]);

/** The words of the line of that number. */
const lineOf = (i: number) => Array.from({ length: 5 }, (_, at) => words[(i * 3 + at * at) % words.length]!).join(' ');

describe.runIf(areThoroughTestsWanted && wordCount !== undefined)('Kafka Streams with exactly_once_v2', () => {
  let cluster: ClusterUnderTest;
  let reader: KafkaClient;
  let directory: string;
  const instances: ChildProcess[] = [];
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'streams-'));
    cluster = await startClusterUnderTest({ 'transaction.abort.timed.out.transaction.cleanup.interval.ms': 200 });
    reader = new KafkaClient(cluster.bootstrap);
  });
  afterAll(async () => {
    for (const child of instances) child.kill('SIGKILL');
    reader?.close();
    await cluster?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function start(application: string, source: string, target: string): ChildProcess & { printed(): string } {
    const { command, before } = wordCount!;
    const state = join(directory, String(instances.length));
    const child = spawn(command, [...before, cluster.bootstrap, application, source, target, state], { stdio: ['pipe', 'pipe', 'pipe'] });
    instances.push(child);
    const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
    return Object.assign(child, { printed: () => `${stdout()}${stderr()}` });
  }

  /** All counts of each word that readers of committed records see, in their order. */
  async function countsIn(target: string): Promise<Map<string, number[]>> {
    const counts = new Map<string, number[]>();
    for (let partition = 0; partition < partitions; partition++)
      for (const { key, value } of (await reader.committed(target, partition)).records)
        counts.set(String(key), [...(counts.get(String(key)) ?? []), Number(value)]);
    return counts;
  }

  test('T1, T9: counts words exactly, though an instance and two brokers are killed', { timeout: 240_000 }, async () => {
    const source = await cluster.createTopic('lines', partitions);
    const target = await cluster.createTopic('counts', partitions);
    const kafka = new kafkajs.Kafka({
      brokers: cluster.bootstrap.split(','),
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries: 30, maxRetryTime: 500 },
    });
    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    let written = 0;
    const feed = async (forMs: number) => {
      for (const end = performance.now() + forMs; performance.now() < end; await sleep(100)) {
        const messages = Array.from({ length: 30 }, (_, i) => ({ partition: i % partitions, value: lineOf(written + i) }));
        await producer.send({ topic: source, messages, acks: -1 });
        written += messages.length;
      }
    };

    const [first, second] = [start('word-count', source, target), start('word-count', source, target)];
    await until(async () => first.printed().includes('RUNNING') && second.printed().includes('RUNNING'), {
      forMs: 60_000,
      tell: () => first.printed(),
    });
    await feed(2000);
    for (const id of cluster.brokers?.ids.slice(0, 2) ?? []) {
      await cluster.brokers!.kill(id);
      await feed(3000);
      cluster.brokers!.startBroker(id);
      await cluster.brokers!.ready([id]);
      await feed(1000);
    }
    second.kill('SIGKILL');
    await feed(3000);
    await producer.disconnect();

    // As they are in the source, where a producer that was not answered may have written something twice.
    const expected = new Map<string, number>();
    for (let partition = 0; partition < partitions; partition++)
      for await (const { value } of reader.records(source, partition))
        for (const word of String(value).split(' ')) expected.set(word, (expected.get(word) ?? 0) + 1);
    let found = new Map<string, number[]>();
    const isCounted = async () => {
      found = await countsIn(target).catch(async () => {
        await reader.refresh(); // a leader has moved
        return found;
      });
      return [...expected].every(([word, count]) => found.get(word)?.at(-1) === count);
    };
    const tell = () =>
      `${JSON.stringify([...expected].map(([word, count]) => [word, count, found.get(word)?.at(-1)]))}\n${first.printed().slice(-3000)}`;
    await until(isCounted, { forMs: 90_000, tell });
    first.stdin!.end();
    await once(first, 'exit');

    expect(written).toBeGreaterThan(300);
    found = await countsIn(target);
    // Not only the last: each count was written once.
    for (const [word, count] of expected) expect(found.get(word), word).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  });
});
