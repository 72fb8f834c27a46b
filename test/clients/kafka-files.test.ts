import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildRecordBatch, type Codec } from '#protocol';
import { checkFiles } from '../crash/check-files.ts';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { KafkaClient } from '../support/kafka-client.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';
import { KafkaTools } from './kafka-tools.ts';

const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const settings = ['--config', 'log.segment.bytes=1048576', '--config', 'metadata.log.max.record.bytes.between.snapshots=512'];

describe.runIf(areForeignClientsWanted && foreign.kafkaTools !== undefined)('the files that we write', () => {
  let tools: KafkaTools;
  let cluster: BrokerProcesses;

  beforeAll(async () => {
    tools = new KafkaTools();
    cluster = await BrokerProcesses.start(3, { args: settings });
    await write(cluster);
    for (const id of cluster.ids) await cluster.kill(id, 'SIGTERM');
  });
  afterAll(async () => {
    tools?.stop();
    await cluster?.stop();
  });

  test("are all right for Kafka's dump-log: logs, indexes, producer snapshots, the metadata log and its snapshots", {
    timeout: 120_000,
  }, async () => {
    const seen = new Set<string>();
    for (const id of cluster.ids) {
      const { files, batches, problems } = await checkFiles(cluster.dataOf(id), tools);
      expect(problems).toEqual([]);
      expect(batches).toBeGreaterThan(100);
      for (const ending of Object.keys(files)) seen.add(ending);
    }
    expect([...seen].sort()).toEqual(['.checkpoint', '.index', '.log', '.snapshot', '.timeindex']);
  });

  test('are found wrong when a bit of them is not what it was', { timeout: 60_000 }, async () => {
    const log = join(
      cluster.dataOf(1),
      'written-0',
      readdirSync(join(cluster.dataOf(1), 'written-0')).find((name) => name.endsWith('.log'))!,
    );
    const bytes = readFileSync(log);
    bytes[Math.floor(bytes.length / 2)]! ^= 4;
    writeFileSync(log, bytes);

    const { problems } = await checkFiles(cluster.dataOf(1), tools);

    expect(problems.length).toBeGreaterThan(0);
    expect(problems.every((problem) => problem.startsWith(log) || problem.startsWith(log.replace('.log', '')))).toBe(true);
  });
});

/** Enough for several segments of each partition, by idempotent producers and others, with all codecs. */
async function write(cluster: BrokerProcesses): Promise<void> {
  const client = new KafkaClient(cluster.bootstrap);
  expect(await client.createTopic('written', 3)).toBe('NONE');
  const { producerId } = await client.initProducerId();
  for (let partition = 0; partition < 3; partition++) {
    for (let i = 0; i < 150; i++) {
      const records = Array.from({ length: 10 }, (_, n) => ({
        key: `key ${n}`,
        value: `${i} of ${partition} `.repeat(1 + ((i * 7 + n) % 400)),
        headers: [{ key: 'n', value: String(n) }],
        timestamp: Date.now() - (i % 3) * 1000,
      }));
      const identity = i % 2 === 0 ? {} : { producerId, producerEpoch: 0, baseSequence: ((i - 1) / 2) * 10 };
      const batch = buildRecordBatch({ records, compression: codecs[i % 3 === 0 ? i % codecs.length : 0]!, ...identity });
      expect((await client.produce('written', partition, batch)).errorCode).toBe('NONE');
    }
  }
  client.close();
}
