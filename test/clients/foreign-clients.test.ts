import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KafkaClient } from '../support/kafka-client.ts';
import { succeed } from '../support/processes.ts';
import { type ClusterUnderTest, startClusterUnderTest } from './cluster-under-test.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';
import { go, installed, python } from './programs.ts';

/** Each client writes to every partition of a topic of three, on three brokers, and reads back what it wrote. */
const partitions = 3;
const count = 500;
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

const programs = installed([
  python('aiokafka', 'aiokafka_client.py'),
  python('confluent-kafka', 'confluent_client.py'),
  go('franz-go', 'franz'),
  go('sarama', 'sarama'),
]);

describe.runIf(areForeignClientsWanted)('clients in other languages', () => {
  let cluster: ClusterUnderTest;
  let reader: KafkaClient;
  beforeAll(async () => {
    cluster = await startClusterUnderTest();
    reader = new KafkaClient(cluster.bootstrap);
  });
  afterAll(async () => {
    reader?.close();
    await cluster?.stop();
  });

  /** That what a client wrote is packed as it was told to, for some clients go on without packing where they do not trust the broker. */
  async function expectPacked(topic: string, codec: string): Promise<void> {
    for (let partition = 0; partition < partitions; partition++) {
      const batches = await reader.fetchBatches(topic, partition, 0n);
      expect(batches.length).toBeGreaterThan(0);
      for (const { compression } of batches) expect(compression).toBe(codec);
    }
  }

  for (const { client, command, before } of programs) {
    test.each(codecs)(`${client} writes and reads back by partition with %s`, { timeout: 90_000 }, async (codec) => {
      const topic = await cluster.createTopic(`${client}-${codec}`, partitions);

      const printed = await succeed(command, [...before, cluster.bootstrap, topic, String(partitions), codec, String(count)]);

      expect(printed.trim()).toBe(`ok ${codec} ${partitions * count}`);
      await expectPacked(topic, codec);
    });
  }

  test.runIf(foreign.kcat !== undefined).each(codecs)('kcat writes lines with %s and reads the same lines back', async (codec) => {
    const topic = await cluster.createTopic(`kcat-${codec}`, partitions);
    const lines = Array.from({ length: 2000 }, (_, i) => `line ${i} of a file, with ümläuts and ${'x'.repeat(i % 300)}\n`).join('');

    for (let partition = 0; partition < partitions; partition++) {
      const place = ['-b', cluster.bootstrap, '-t', topic, '-p', String(partition)];
      await succeed('kcat', ['-P', ...place, '-z', codec], { input: lines });

      const read = await succeed('kcat', ['-C', ...place, '-e', '-q', '-o', 'beginning']);

      expect(read).toBe(lines);
    }
    await expectPacked(topic, codec);
  });
});
