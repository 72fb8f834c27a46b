import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { KafkaClient } from '../support/kafka-client.ts';
import { succeed } from '../support/processes.ts';
import { foreign, leftOut } from './installed.ts';
import { KafkaTools } from './kafka-tools.ts';
import { gatherText } from './text-found-here.ts';

const usage = `usage: npm run test:real-input -- [--megabytes 110] [--records 2000000]
Sends real text found on this machine through three brokers: in by kcat -P -l with each codec, through one broker, into three partitions on
three brokers; back by kcat -C, with the same checksum; sampled offsets over HTTP. Then Kafka's own producer-perf, idempotent, acks=all.
  --megabytes N  how much text (110)
  --records N    how many records producer-perf sends (2000000); 0 leaves it out`;

const partitions = 3;
const samples = 25;
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

const { values } = parseArgs({ options: { megabytes: { type: 'string' }, records: { type: 'string' }, help: { type: 'boolean' } } });
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const megabytes = Number(values.megabytes ?? 110);
const records = Number(values.records ?? 2_000_000);
if (!(megabytes > 0) || !(records >= 0)) {
  console.error(usage);
  process.exit(2);
}
if (foreign.kcat === undefined || (records > 0 && foreign.kafkaTools === undefined)) {
  console.error(leftOut().join('\n'));
  process.exit(1);
}

const cluster = await BrokerProcesses.start(3);
const client = new KafkaClient(cluster.bootstrap);
try {
  const directory = join(cluster.directory, 'text');
  mkdirSync(directory);
  const text = gatherText(megabytes * 1_000_000, partitions, directory);
  console.log(`${megabytesOf(text.bytes)} of text: ${text.lines} lines of ${text.files} files`);
  for (const codec of codecs) await thereAndBack(codec, text.parts, text.bytes);
  if (records > 0) await producerPerf();
} finally {
  client.close();
  await cluster.stop();
}
console.log('all that went in came back');

async function thereAndBack(codec: string, parts: readonly string[], bytes: number): Promise<void> {
  const topic = `text-${codec}`;
  const created = await client.createTopic(topic, partitions);
  if (created !== 'NONE') throw new Error(`${topic} is not created: ${created}`);

  const start = performance.now();
  for (const [partition, file] of parts.entries()) {
    const place = ['-b', `localhost:${cluster.port(1)}`, '-t', topic, '-p', String(partition)];
    await succeed('kcat', ['-P', ...place, '-z', codec, '-X', 'enable.idempotence=true', '-l', file], { timeoutMs: 300_000 });
  }
  const written = performance.now();
  for (const [partition, file] of parts.entries()) {
    const [came, went] = [await checksumOfPartition(topic, partition), checksum(readFileSync(file))];
    if (came !== went) throw new Error(`${topic}-${partition}: ${went} went in, ${came} came back`);
  }
  const read = performance.now();
  for (const [partition, file] of parts.entries())
    await compareSamples(topic, partition, readFileSync(file, 'utf8').split('\n').slice(0, -1));

  const rate = (ms: number) => `${(bytes / 1000 / ms).toFixed(0)} MB/s`;
  const onDisk = await sizeOnDisk(topic);
  console.log(
    `${codec.padEnd(6)} in ${rate(written - start)}, back ${rate(read - written)}, ${megabytesOf(onDisk)} on disk; same checksums, ${partitions * samples} samples over HTTP agree`,
  );
}

/** Each broker tells some of them, whoever has the partition. */
async function compareSamples(topic: string, partition: number, lines: readonly string[]): Promise<void> {
  for (let i = 0; i < samples; i++) {
    const offset = i === 0 ? lines.length - 1 : Math.floor(Math.random() * lines.length);
    const answer = await fetch(cluster.url(1 + (i % 3), `/consume?topic=${topic}&partition=${partition}&offset=${offset}`));
    const { message } = (await answer.json()) as { message: string };
    if (message !== lines[offset])
      throw new Error(`${topic}-${partition} at ${offset}: "${lines[offset]}" went in, HTTP tells "${message}"`);
  }
  const end = await fetch(cluster.url(1, `/consume?topic=${topic}&partition=${partition}&offset=${lines.length}`));
  if (end.status !== 204) throw new Error(`${topic}-${partition} goes on after its last line: ${end.status} ${await end.text()}`);
}

async function checksumOfPartition(topic: string, partition: number): Promise<string> {
  const kcat = spawn('kcat', ['-C', '-b', cluster.bootstrap, '-t', topic, '-p', String(partition), '-o', 'beginning', '-e', '-q'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const hash = createHash('sha256');
  kcat.stdout.on('data', (chunk: Buffer) => hash.update(chunk));
  const [code] = await once(kcat, 'close');
  if (code !== 0) throw new Error(`kcat -C ended with ${code}`);
  return hash.digest('hex');
}

function checksum(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

async function sizeOnDisk(topic: string): Promise<number> {
  const printed = await succeed('du', [
    '-sk',
    ...Array.from({ length: partitions }, (_, i) => join(cluster.dataOf(i + 1), `${topic}-${i}`)),
  ]);
  return printed
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + Number(line.split('\t')[0]) * 1024, 0);
}

async function producerPerf(): Promise<void> {
  const tools = new KafkaTools();
  const bootstrap = ['--bootstrap-server', cluster.bootstrap];
  if ((await client.createTopic('perf', partitions)) !== 'NONE') throw new Error('the topic perf is not created');
  console.log(`producer-perf: ${records} records of 100 bytes, acks=all, idempotent ...`);
  const settings = ['acks=all', 'enable.idempotence=true'];
  const printed = await tools.succeed('producerPerf', [
    ...['--topic', 'perf', '--num-records', String(records), '--record-size', '100', '--throughput', '-1'],
    ...bootstrap,
    ...['--command-property', ...settings],
  ]);
  const last = printed.trim().split('\n').at(-1)!;
  if (/exception|error/i.test(printed) || !last.startsWith(`${records} records sent`))
    throw new Error(`producer-perf: ${printed.slice(-3000)}`);
  const offsets = await tools.succeed('offsets', [...bootstrap, '--topic', 'perf']);
  tools.stop();
  const sum = offsets
    .trim()
    .split('\n')
    .reduce((total, line) => total + Number(line.split(':')[2]), 0);
  if (sum !== records) throw new Error(`${records} records were sent, ${sum} are there`);
  console.log(`  ${last}`);
}

function megabytesOf(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
