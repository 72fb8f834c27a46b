import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { foreign } from '../test/clients/installed.ts';
import { succeed } from '../test/support/processes.ts';
import { perBroker, startKafka } from './rivals.ts';

const usage = `node benchmarks/embedded.ts [--brokers N] [--rounds N] [--kafka]
How long an embedded cluster takes to be ready and what it takes of memory when nothing happens, beside a bare Node process, and with --kafka
beside as many brokers of Apache Kafka. Each round is a process of its own. Numbers are medians.
What is measured is the published bundle, where it was made (npm pack makes it), and else the sources.
Kafka needs the foreign clients: npm run test:clients:install`;

const { values } = parseArgs({
  options: { brokers: { type: 'string' }, rounds: { type: 'string' }, kafka: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help || (values.kafka && foreign.kafkaTools === undefined)) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}
const brokers = Number(values.brokers ?? 3);
const rounds = Number(values.rounds ?? 7);
const idleMs = 1000;

interface Measured {
  readonly importMs: number;
  readonly startMs: number;
  readonly startAgainMs: number;
  readonly resetMs: number;
  readonly residentMb: number;
  readonly idleCpuPercent: number;
}

const program = join(import.meta.dirname, 'embedded-process.ts');
const bundle = join(import.meta.dirname, '..', 'dist', 'index.js');
const isBundled = existsSync(bundle);
const entry = isBundled ? bundle : join(import.meta.dirname, '..', 'src', 'index.ts');
const bare: Measured[] = [];
const embedded: Measured[] = [];
for (let round = 0; round < rounds; round++) {
  bare.push(await measure(0));
  embedded.push(await measure(brokers));
}
const above = median(embedded, 'residentMb') - median(bare, 'residentMb');
console.log(`an embedded cluster of ${brokers}, median of ${rounds} processes:`);
console.log(`  import of the ${isBundled ? 'bundle      ' : 'sources     '} ${tell('importMs', 'ms')}`);
console.log(`  startCluster() until ready ${tell('startMs', 'ms')}`);
console.log(`  the same once more         ${tell('startAgainMs', 'ms')}`);
console.log(`  reset()                    ${tell('resetMs', 'ms')}`);
console.log(
  `  resident when idle         ${tell('residentMb', 'MB')}; a bare process has ${median(bare, 'residentMb').toFixed(0)}, so ${above.toFixed(0)} MB above`,
);
console.log(`  processor when idle        ${tell('idleCpuPercent', '%')} of one core`);
if (values.kafka) {
  const kafka = await startKafka(brokers);
  try {
    const resident = Number(perBroker(kafka)) * kafka.pids.length;
    console.log(`Apache Kafka, ${brokers} brokers: first record after ${kafka.startMs.toFixed(0)} ms, ${resident.toFixed(0)} MB`);
    const ready = median(embedded, 'importMs') + median(embedded, 'startMs');
    console.log(
      `  ratio: ready ${(kafka.startMs / ready).toFixed(0)} times as soon, import included; memory above a bare process ${(above / resident).toFixed(2)} x Kafka's`,
    );
  } finally {
    await kafka.stop();
  }
}

async function measure(count: number): Promise<Measured> {
  return JSON.parse(await succeed(process.execPath, [program, String(count), String(idleMs), entry])) as Measured;
}

function median(measured: readonly Measured[], what: keyof Measured): number {
  return measured.map((each) => each[what]).sort((a, b) => a - b)[measured.length >> 1]!;
}

function tell(what: keyof Measured, unit: string): string {
  const all = embedded.map((each) => each[what]).sort((a, b) => a - b);
  return `${median(embedded, what).toFixed(0)} ${unit} (${all[0]!.toFixed(0)} to ${all.at(-1)!.toFixed(0)})`;
}
