import { join } from 'node:path';
import { NetworkError, nodePlatform, SeededRandom, silentLogger } from '#platform';
import { batchesIn, buildRecordBatch, isRetriable, KafkaError, type LogRecord, type RecordBatch } from '#protocol';
import { defaultLogConfig, LogDirectory, type PartitionLog } from '#storage';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { KafkaClient } from '../support/kafka-client.ts';

const topic = 'table';
const partitions = 2;
const writers = 4;
const keysOfWriter = 40;
/** Segments are closed, cleaned and removed all the time, and deletions go soon. */
const settings = ['--config', 'log.cleaner.backoff.ms=50', '--config', 'log.retention.check.interval.ms=100'];
const topicConfigs = {
  'cleanup.policy': 'compact',
  'segment.ms': '150',
  'min.cleanable.dirty.ratio': '0.01',
  'delete.retention.ms': '300',
  'file.delete.delay.ms': '100',
};

export interface CompactedOptions {
  /** How often a broker is killed. */
  readonly kills: number;
  readonly seed: number;
  progress(line: string): void;
}

export interface CompactedReport {
  readonly acknowledged: number;
  /** How many records the replicas still have, all together. */
  readonly left: number;
  readonly problems: readonly string[];
  readonly cluster: BrokerProcesses;
}

/**
 * Three brokers with a compacted topic, whose keys are set and deleted all the time; one broker after the other is killed with -9 and is away for longer than deletions are
 * kept. In the end each reader, and each replica's files, must tell of every key what was written last.
 */
export async function runCompacted({ kills, seed, progress }: CompactedOptions): Promise<CompactedReport> {
  const cluster = await BrokerProcesses.start(3, { args: settings });
  const random = new SeededRandom(seed);
  const client = new KafkaClient(cluster.bootstrap);
  try {
    const created = await client.createTopic(topic, partitions, topicConfigs);
    if (created !== 'NONE') throw new KafkaError(created, 'the topic could not be created');
    const all = Array.from({ length: writers }, (_, index) => new KeyWriter(client, index, random.fork(`writer ${index}`) as SeededRandom));
    for (const writer of all) writer.start();
    for (let kill = 1; kill <= kills; kill++) {
      await sleep(200 + random.below(500));
      const id = cluster.ids[random.below(3)]!;
      await cluster.kill(id);
      const awayMs = 100 + random.below(1500);
      await sleep(awayMs);
      cluster.startBroker(id);
      await cluster.ready([id]);
      progress(
        `kill ${kill}: broker ${id} was away for ${awayMs} ms, ${sum(all.map((writer) => writer.acknowledged))} records acknowledged`,
      );
    }
    await Promise.all(all.map((writer) => writer.stop()));
    await untilInSync(client);
    // So that what was written last is cleaned too.
    await sleep(1000);
    const problems = all.flatMap((writer) => writer.problems);
    const due = tablesOf(all.flatMap((writer) => writer.written));
    for (let partition = 0; partition < partitions; partition++) {
      const { records } = await client.committed(topic, partition);
      problems.push(...differences(`a reader of partition ${partition}`, due[partition]!, records));
    }
    for (const id of cluster.ids) await cluster.kill(id, 'SIGTERM');
    let left = 0;
    for (const id of cluster.ids) {
      const replicas = await recordsOf(cluster.dataOf(id));
      for (const [partition, records] of replicas.entries()) {
        left += records.length;
        problems.push(...differences(`the replica of partition ${partition} on broker ${id}`, due[partition]!, records));
      }
    }
    return { acknowledged: sum(all.map((writer) => writer.acknowledged)), left, problems, cluster };
  } catch (error) {
    await cluster.stop({ keep: true });
    throw new Error(`the run of seed ${seed} broke off; its data is in ${cluster.directory}`, { cause: error });
  } finally {
    client.close();
  }
}

interface Written {
  readonly partition: number;
  readonly key: string;
  readonly value: string | null;
}

/** Sets and deletes keys of its own, one batch at a time; one without an answer is sent again until it has one. */
class KeyWriter {
  readonly #client: KafkaClient;
  readonly #index: number;
  readonly #random: SeededRandom;
  readonly written: Written[] = [];
  readonly problems: string[] = [];
  acknowledged = 0;
  #sequence = 0;
  #values = 0;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(client: KafkaClient, index: number, random: SeededRandom) {
    this.#client = client;
    this.#index = index;
    this.#random = random;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const partition = this.#index % partitions;
    const { producerId, producerEpoch } = await this.#untilAnswered(() => this.#client.initProducerId());
    while (!this.#isStopped && this.problems.length === 0) {
      const batch = Array.from({ length: 1 + this.#random.below(20) }, () => this.#next(partition));
      const records = batch.map(({ key, value }) => ({ key, value }));
      const compression = this.#random.chance(0.5) ? 'zstd' : 'none';
      const bytes = buildRecordBatch({
        records,
        timestamp: Date.now(),
        producerId,
        producerEpoch,
        baseSequence: this.#sequence,
        compression,
      });
      await this.#untilAnswered(() => this.#client.produce(topic, partition, bytes));
      this.#sequence += records.length;
      this.acknowledged += records.length;
      this.written.push(...batch);
    }
  }

  /** Some keys are set again and again, others once and deleted for good some time later. */
  #next(partition: number): Written {
    const key = `${this.#index}-${this.#random.chance(0.8) ? this.#random.below(keysOfWriter) : `once-${this.#values >> 4}`}`;
    const value = this.#random.chance(0.3) ? null : `${this.#values++} ${'x'.repeat(this.#random.below(300))}`;
    return { partition, key, value };
  }

  async #untilAnswered<Answer extends { errorCode: string; errorMessage?: string | null }>(ask: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      try {
        const answer = await ask();
        if (answer.errorCode === 'NONE' || answer.errorCode === 'DUPLICATE_SEQUENCE_NUMBER') return answer;
        if (!isRetriable(answer.errorCode as never)) {
          this.problems.push(`writer ${this.#index} was answered ${answer.errorCode}: ${answer.errorMessage}`);
          return answer;
        }
      } catch (error) {
        if (!(error instanceof NetworkError) && !(error instanceof KafkaError)) throw error;
      }
      await sleep(30);
      await this.#client.refresh().catch(() => {});
    }
  }
}

/** What each key was set to last, by partition. */
function tablesOf(written: readonly Written[]): Map<string, string>[] {
  return Array.from({ length: partitions }, (_, index) => tableOf(written.filter(({ partition }) => partition === index)));
}

function tableOf(records: readonly { key: Buffer | string | null; value: Buffer | string | null }[]): Map<string, string> {
  const table = new Map<string, string>();
  for (const { key, value } of records) {
    if (value === null) table.delete(String(key));
    else table.set(String(key), String(value));
  }
  return table;
}

function differences(who: string, due: Map<string, string>, records: readonly LogRecord[]): string[] {
  const found = tableOf(records);
  const short = (value: string | undefined) => value?.split(' ')[0] ?? 'nothing';
  const wrong = [...due].filter(([key, value]) => found.get(key) !== value);
  const risen = [...found.keys()].filter((key) => !due.has(key));
  return [
    ...wrong.map(([key, value]) => `${who} has ${short(found.get(key))} for key ${key}, which was last set to ${short(value)}`),
    ...risen.map((key) => `${who} has ${short(found.get(key))} for key ${key}, which was deleted`),
  ];
}

async function untilInSync(client: KafkaClient): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(50)) {
    await client.refresh();
    if (client.partitionsOf(topic).every(({ isr }) => isr.length === 3)) return;
  }
  throw new Error('the replicas are not in sync after a minute');
}

/** What the files of a broker that does not run have of each partition. */
async function recordsOf(data: string): Promise<LogRecord[][]> {
  const config = { ...defaultLogConfig, cleanupPolicy: ['compact'] as const };
  const platform = { ...nodePlatform({ log: silentLogger }), log: silentLogger };
  const directory = await LogDirectory.open({ platform, path: join(data), configFor: (name) => (name === topic ? config : undefined) });
  const records: LogRecord[][] = [];
  for (let partition = 0; partition < partitions; partition++) records.push(await readAll(directory.partition(topic, partition)!));
  await directory.close();
  return records;
}

async function readAll(log: PartitionLog): Promise<LogRecord[]> {
  const batches: RecordBatch[] = [];
  for (let offset = log.logStartOffset; offset < log.logEndOffset; offset = batches.at(-1)!.lastOffset + 1n) {
    batches.push(...batchesIn(Buffer.from(await log.read(offset, 1_000_000, log.logEndOffset))));
  }
  return batches.flatMap((batch) => (batch.isControl ? [] : [...batch.records()]));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
