import { parseArgs } from 'node:util';
import type { Address } from '#platform';
import { batchesIn } from '#protocol';
import { fetch } from '#protocol/apis/fetch.ts';
import { metadata } from '#protocol/apis/metadata.ts';
import { foreign } from '../test/clients/installed.ts';
import { succeed } from '../test/support/processes.ts';
import { kafkaTool, newClient, type Rival, startKafka, startOurs } from './rivals.ts';
import { usageOf } from './usage.ts';

const usage = `node benchmarks/consume.ts [--records N] [--size BYTES] [--rounds N]
Reads topics of three partitions from the beginning, with fetches of up to 1 MB a partition over one connection, from one of these brokers and from
Apache Kafka, in turns in one run. The last round reads what is in the page cache, as all rounds of Kafka's do.
Needs the foreign clients: npm run test:clients:install`;

const { values } = parseArgs({
  options: { records: { type: 'string' }, size: { type: 'string' }, rounds: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help || foreign.kafkaTools === undefined) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}
const records = Number(values.records ?? 300_000);
const size = Number(values.size ?? 1000);
const rounds = Number(values.rounds ?? 4);
const topic = 'consumed';
const partitions = [0, 1, 2];
const megabyte = 1024 * 1024;

const rivals = [await startOurs(1), await startKafka(1)];
try {
  for (const rival of rivals) await fill(rival);
  for (let round = 0; round < rounds; round++) {
    const speeds: number[] = [];
    const costs: number[] = [];
    for (const rival of rivals) {
      const { mbPerSecond, cpuPerGb } = await readAll(rival);
      speeds.push(mbPerSecond);
      costs.push(cpuPerGb);
      const perSecond = ((mbPerSecond * 1e6) / size).toFixed(0);
      console.log(
        `  ${rival.name}: round ${round + 1}: ${perSecond} records/s, ${mbPerSecond.toFixed(0)} MB/s, ${cpuPerGb.toFixed(2)} CPU s/GB`,
      );
    }
    console.log(`consume, ${size} B: throughput ${ratio(speeds)} x Kafka's, CPU per GB ${ratio(costs)} x`);
  }
} finally {
  for (const rival of rivals) await rival.stop();
}

function ratio([ours, theirs]: readonly number[]): string {
  return (ours! / theirs!).toFixed(2);
}

async function fill(rival: Rival): Promise<void> {
  const server = ['--bootstrap-server', rival.bootstrap];
  const created = ['--create', '--topic', topic, '--partitions', `${partitions.length}`, '--replication-factor', '1'];
  const create = kafkaTool('org.apache.kafka.tools.TopicCommand', [...server, ...created]);
  await succeed(create.command, create.args);
  const load = ['--topic', topic, '--num-records', `${records}`, '--record-size', `${size}`, '--throughput', '-1'];
  const producer = ['--producer-props', `bootstrap.servers=${rival.bootstrap}`, 'acks=all'];
  const perf = kafkaTool('org.apache.kafka.tools.ProducerPerformance', [...load, ...producer]);
  await succeed(perf.command, perf.args, { timeoutMs: 600_000 });
}

/** Reads every record once, and counts them. */
async function readAll(rival: Rival): Promise<{ mbPerSecond: number; cpuPerGb: number }> {
  const [host, port] = rival.bootstrap.split(',')[0]!.split(':') as [string, string];
  const to: Address = { host, port: Number(port) };
  const client = newClient();
  try {
    const found = await client.send(to, metadata, { topics: [{ name: topic }], allowAutoTopicCreation: false });
    const { topicId } = found.topics[0]!;
    const next = new Map(partitions.map((partition) => [partition, 0n]));
    let seen = 0;
    let bytes = 0;
    const cpuBefore = usageOf(rival.pids).cpuSeconds;
    const started = performance.now();
    while (seen < records) {
      const asked = partitions.map((partition) => ({ partition, fetchOffset: next.get(partition)!, partitionMaxBytes: megabyte }));
      const answer = await client.send(to, fetch, {
        maxWaitMs: 500,
        minBytes: 1,
        maxBytes: partitions.length * megabyte,
        topics: [{ topic, topicId, partitions: asked }],
        forgottenTopicsData: [],
      });
      for (const { partitionIndex, errorCode, records: batches } of answer.responses[0]?.partitions ?? []) {
        if (errorCode !== 'NONE') throw new Error(`fetch from ${rival.name}: ${errorCode}`);
        if (batches === null || batches === undefined) continue;
        bytes += batches.length;
        for (const batch of batchesIn(batches)) {
          if (batch.baseOffset !== next.get(partitionIndex)) throw new Error(`${rival.name} left records out before ${batch.baseOffset}`);
          seen += batch.recordCount;
          next.set(partitionIndex, batch.lastOffset + 1n);
        }
      }
    }
    const seconds = (performance.now() - started) / 1000;
    return { mbPerSecond: bytes / 1e6 / seconds, cpuPerGb: (usageOf(rival.pids).cpuSeconds - cpuBefore) / (bytes / 1e9) };
  } finally {
    client.close();
  }
}
