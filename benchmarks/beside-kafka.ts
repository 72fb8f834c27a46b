import { parseArgs } from 'node:util';
import { foreign } from '../test/clients/installed.ts';
import { succeed } from '../test/support/processes.ts';
import { kafkaTool, perBroker, type Rival, startKafka, startOurs } from './rivals.ts';
import { usageOf } from './usage.ts';

const usage = `npm run benchmark -- [--records N] [--brokers 1,3] [--replication-factor N] [--rounds N] [--rate N] [--sizes 100,1000] [--ours-only]
Kafka's own producer-perf (acks=all, idempotent) against these brokers and against Apache Kafka, in turns in one run; --rate limits it to so many
records a second, for latencies. The replication factor is that of the brokers, and at most 3, unless it is given.
Needs the foreign clients: npm run test:clients:install`;

const { values } = parseArgs({
  options: {
    records: { type: 'string' },
    brokers: { type: 'string' },
    rounds: { type: 'string' },
    rate: { type: 'string' },
    sizes: { type: 'string' },
    'replication-factor': { type: 'string' },
    'ours-only': { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help || foreign.kafkaTools === undefined) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}
const records = Number(values.records ?? 1_000_000);
const rounds = Number(values.rounds ?? 2);
const rate = values.rate ?? '-1';

interface Figures {
  recordsPerSecond: number;
  mbPerSecond: number;
  p99Ms: number;
  cpuPerGb: number;
}

for (const brokers of (values.brokers ?? '1,3').split(',').map(Number)) {
  const replicationFactor = values['replication-factor'] ?? String(Math.min(3, brokers));
  const rivals = values['ours-only'] ? [await startOurs(brokers)] : [await startOurs(brokers), await startKafka(brokers)];
  try {
    for (const rival of rivals) {
      await new Promise((resolve) => setTimeout(resolve, 2000));
      console.log(
        `${rival.name}, ${brokers} broker(s): first produce acknowledged ${rival.startMs.toFixed(0)} ms after the start; ${perBroker(rival)} MB resident per broker, idle`,
      );
    }
    for (const size of (values.sizes ?? '100,1000').split(',').map(Number)) {
      const count = size === 100 ? records : Math.round(records / 4);
      const best = new Map<string, Figures[]>();
      for (let round = 0; round < rounds; round++) {
        for (const rival of rivals) {
          const figures = await load(rival, { topic: `perf-${size}-${round}`, count, size, replicationFactor });
          best.set(rival.name, [...(best.get(rival.name) ?? []), figures]);
          console.log(
            `  ${rival.name}: ${size} B records, round ${round + 1}: ${figures.recordsPerSecond.toFixed(0)}/s, ${figures.mbPerSecond.toFixed(1)} MB/s, p99 ${figures.p99Ms} ms, ${figures.cpuPerGb.toFixed(1)} CPU s/GB`,
          );
        }
      }
      const [ours, kafka] = rivals.map(({ name }) => best.get(name)!.at(-1)!) as [Figures, Figures | undefined];
      if (kafka === undefined) continue;
      console.log(
        `${brokers} broker(s), replication factor ${replicationFactor}, ${size} B: throughput ${(ours.recordsPerSecond / kafka.recordsPerSecond).toFixed(2)} x Kafka's, CPU per GB ${(ours.cpuPerGb / kafka.cpuPerGb).toFixed(2)} x`,
      );
    }
    for (const rival of rivals)
      console.log(`${rival.name}, ${brokers} broker(s): ${perBroker(rival)} MB resident per broker after the load`);
  } finally {
    for (const rival of rivals) await rival.stop();
  }
}

interface Load {
  readonly topic: string;
  readonly count: number;
  readonly size: number;
  readonly replicationFactor: string;
}

async function load(rival: Rival, { topic, count, size, replicationFactor }: Load): Promise<Figures> {
  const create = kafkaTool('org.apache.kafka.tools.TopicCommand', [
    '--bootstrap-server',
    rival.bootstrap,
    '--create',
    '--topic',
    topic,
    '--partitions',
    '3',
    '--replication-factor',
    replicationFactor,
  ]);
  await succeed(create.command, create.args);
  const before = usageOf(rival.pids).cpuSeconds;
  const perf = kafkaTool('org.apache.kafka.tools.ProducerPerformance', [
    '--topic',
    topic,
    '--num-records',
    String(count),
    '--record-size',
    String(size),
    '--throughput',
    rate,
    '--producer-props',
    `bootstrap.servers=${rival.bootstrap}`,
    'acks=all',
    'enable.idempotence=true',
  ]);
  const printed = await succeed(perf.command, perf.args, { timeoutMs: 600_000 });
  const cpuSeconds = usageOf(rival.pids).cpuSeconds - before;
  const last = printed.trim().split('\n').at(-1)!;
  const recordsPerSecond = Number(/([\d.]+) records\/sec/.exec(last)?.[1]);
  const mbPerSecond = Number(/\(([\d.]+) MB\/sec\)/.exec(last)?.[1]);
  const p99Ms = Number(/(\d+) ms 99th/.exec(last)?.[1]);
  return { recordsPerSecond, mbPerSecond, p99Ms, cpuPerGb: cpuSeconds / ((count * size) / 1e9) };
}
