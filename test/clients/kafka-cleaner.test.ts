import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodePlatform, SeededRandom, silentLogger } from '#platform';
import { batchesIn, buildEndTransactionMarker, buildRecordBatch, type LogRecord, type RecordBatch } from '#protocol';
import { defaultLogConfig, type LogConfig, LogDirectory, type PartitionLog } from '#storage';
import { KafkaClient } from '../support/kafka-client.ts';
import { KafkaProcesses } from '../support/kafka-processes.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';
import { KafkaTools } from './kafka-tools.ts';

const config: LogConfig = {
  ...defaultLogConfig,
  cleanupPolicy: ['compact'],
  segmentBytes: 8000,
  indexIntervalBytes: 500,
  minCleanableDirtyRatio: 0,
};
const topicConfigs = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.01' };

/**
 * The same log, written by us, with keys that are set, deleted, and set in transactions that are committed or aborted: cleaned here and opened by Apache Kafka, and cleaned by
 * Apache Kafka itself.
 */
describe.runIf(areForeignClientsWanted && foreign.kafkaTools !== undefined)('a log that was cleaned here', () => {
  let kafka: KafkaProcesses;
  let client: KafkaClient;
  let tools: KafkaTools;
  const directory = mkdtempSync(join(tmpdir(), 'kafka-cleaner-'));
  const ours: { all: LogRecord[]; committed: LogRecord[]; batches: RecordBatch[] } = { all: [], committed: [], batches: [] };

  beforeAll(async () => {
    tools = new KafkaTools();
    await withLog(async (logs, log) => {
      await write(log);
      await logs.close();
    });
    cpSync(join(directory, 'table-0'), join(directory, 'dirty'), { recursive: true });
    await withLog(async (logs, log) => {
      log.highWatermark = log.logEndOffset;
      const before = log.size;
      await logs.clean();
      expect(log.size).toBeLessThan(before / 2);
      ours.batches = await batchesOf(log);
      ours.all = recordsOf(ours.batches);
      ours.committed = committedOf(ours.batches, log);
      await logs.close();
    });
    kafka = await KafkaProcesses.start(1, {
      heap: '512m',
      properties: { 'log.cleaner.backoff.ms': 200, 'log.cleaner.dedupe.buffer.size': 2_000_000 },
    });
    client = new KafkaClient(kafka.bootstrap);
    expect(await client.createTopic('ours', 1, { ...topicConfigs, 'min.compaction.lag.ms': '9000000000000' })).toBe('NONE');
    expect(await client.createTopic('theirs', 1, topicConfigs)).toBe('NONE');
    await kafka.kill(1, 'SIGTERM');
    give('ours', 'table-0');
    give('theirs', 'dirty');
    kafka.startBroker(1);
    await kafka.ready();
    await client.refresh();
  }, 180_000);

  afterAll(async () => {
    client?.close();
    tools?.stop();
    await kafka?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Puts a partition's files in the place of those that Kafka has made for the topic, but for the topic's id. */
  function give(topic: string, files: string): void {
    const target = join(kafka.dataOf(1), `${topic}-0`);
    for (const name of readdirSync(target)) if (name !== 'partition.metadata') rmSync(join(target, name));
    cpSync(join(directory, files), target, { recursive: true, filter: (path) => !path.endsWith('partition.metadata') });
  }

  async function withLog(act: (logs: LogDirectory, log: PartitionLog) => Promise<void>): Promise<void> {
    const platform = nodePlatform({ log: silentLogger });
    const logs = await LogDirectory.open({ platform, path: directory, configFor: () => config });
    await act(logs, logs.partition('table', 0) ?? (await logs.createPartition('table', 0, 'dGhlLXRhYmxlcy10b3BpYw', config)));
  }

  test('has batches that its dump-log finds right, deletions and emptied batches among them', async () => {
    const files = readdirSync(join(directory, 'table-0')).filter((name) => /\.(log|index|timeindex)$/.test(name));
    for (const name of files) {
      const { output } = await tools.run('dumpLog', ['--deep-iteration', '--files', join(directory, 'table-0', name)]);
      expect(output).not.toMatch(/isvalid: false|Mismatches|Corrupt|Exception/);
    }
    expect(ours.batches.some(({ deleteHorizonMs }) => deleteHorizonMs !== undefined)).toBe(true);
    expect(ours.batches.some(({ recordCount }) => recordCount === 0)).toBe(true);
  });

  test('is read by its readers as by ours, committed records and all', async () => {
    const read = await client.committed('ours', 0);
    expect(read.records).toEqual(ours.committed);
    expect(recordsOf(await fetchAll('ours'))).toEqual(ours.all);
    expect(read.lastStableOffset).toBe(ours.batches.at(-1)!.lastOffset + 1n);
  });

  test('has kept what Apache Kafka keeps of the same log, at the same offsets', { timeout: 60_000 }, async () => {
    const cleaned = async () => {
      const lines = readFileSync(join(kafka.dataOf(1), 'cleaner-offset-checkpoint'), 'utf8').split('\n');
      return lines.find((line) => line.startsWith('theirs 0 ')) !== undefined;
    };
    for (
      const deadline = Date.now() + 50_000;
      !(await cleaned().catch(() => false));
      await new Promise((resolve) => setTimeout(resolve, 200))
    ) {
      if (Date.now() > deadline) throw new Error('Apache Kafka has not cleaned the log');
    }

    const theirs = await fetchAll('theirs');

    expect(recordsOf(theirs)).toEqual(ours.all);
    expect((await client.committed('theirs', 0)).records).toEqual(ours.committed);
    // Ours ends each segment with a batch, though it may be empty.
    const described = (batches: readonly RecordBatch[]) =>
      batches.map((batch) => `${batch.baseOffset}-${batch.lastOffset} ${batch.baseSequence} ${batch.attributes & ~7} ${batch.recordCount}`);
    const known = new Set(described(theirs));
    const more = described(ours.batches).filter((batch) => !known.has(batch));
    expect(more.every((batch) => batch.endsWith(' 0'))).toBe(true);
    expect(more.length).toBeLessThanOrEqual(ours.batches.length / 4);
    expect(new Set(described(ours.batches))).toEqual(new Set([...known, ...more]));
  });

  async function fetchAll(topic: string): Promise<RecordBatch[]> {
    const batches: RecordBatch[] = [];
    for (let offset = 0n; ; offset = batches.at(-1)!.lastOffset + 1n) {
      const found = await client.fetchBatches(topic, 0, offset);
      if (found.length === 0) return batches;
      batches.push(...found);
    }
  }
});

async function write(log: PartitionLog): Promise<void> {
  const random = new SeededRandom('a log for two cleaners');
  const sequences = new Map<bigint, number>();
  const open = new Set<bigint>();
  const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
  const now = Date.now();
  const append = (bytes: Buffer, origin: 'client' | 'coordinator') => void log.append(bytes, { leaderEpoch: 0, origin });
  for (let i = 0; i < 600; i++) {
    const producerId = [-1n, 1n, 2n, 10n, 11n][random.below(5)]!;
    const count = 1 + random.below(5);
    const records = Array.from({ length: count }, (_, n) => ({
      key: `key ${random.chance(0.9) ? random.below(30) : `rare-${i}-${n}`}`,
      value: random.chance(0.2) ? null : `${i}.${n} ${'x'.repeat(random.below(80))}`,
      headers: random.chance(0.2) ? [{ key: 'h', value: `${i}` }] : [],
      timestamp: now - 1_000_000 + i * 1000 + n,
    }));
    const baseSequence = sequences.get(producerId) ?? 0;
    const isTransactional = producerId >= 10n;
    const identity = producerId < 0n ? {} : { producerId, producerEpoch: 0, baseSequence, isTransactional };
    if (producerId >= 0n) sequences.set(producerId, baseSequence + count);
    append(buildRecordBatch({ records, compression: codecs[random.below(5)]!, ...identity }), 'client');
    if (isTransactional) open.add(producerId);
    for (const ended of open) {
      if (i < 595 && random.chance(0.8)) continue;
      open.delete(ended);
      const type = random.chance(0.4) ? 'ABORT' : 'COMMIT';
      append(
        buildEndTransactionMarker({
          type,
          coordinatorEpoch: 0,
          producerId: ended,
          producerEpoch: 0,
          timestamp: now - 1_000_000 + i * 1000,
        }),
        'coordinator',
      );
    }
  }
  log.roll();
  await log.flush();
}

async function batchesOf(log: PartitionLog): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = [];
  for (let offset = 0n; offset < log.logEndOffset; offset = batches.at(-1)!.lastOffset + 1n) {
    batches.push(...batchesIn(Buffer.from(await log.read(offset, 1_000_000, log.logEndOffset))));
  }
  return batches;
}

function recordsOf(batches: readonly RecordBatch[]): LogRecord[] {
  return batches.flatMap((batch) => (batch.isControl ? [] : [...batch.records()]));
}

/** All records but those of aborted transactions, by what our log says of these. */
function committedOf(batches: readonly RecordBatch[], log: PartitionLog): LogRecord[] {
  const aborted = log.abortedTransactions(0n, log.logEndOffset);
  const isAborted = ({ isTransactional, producerId, baseOffset }: RecordBatch) =>
    isTransactional &&
    aborted.some((one) => one.producerId === producerId && baseOffset >= one.firstOffset && baseOffset <= one.lastOffset);
  return recordsOf(batches.filter((batch) => !isAborted(batch)));
}
