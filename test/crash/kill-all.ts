import { parseArgs } from 'node:util';
import { foreign, leftOut } from '../clients/installed.ts';
import { KafkaTools } from '../clients/kafka-tools.ts';
import { runCampaign } from './campaign.ts';
import { checkFiles } from './check-files.ts';
import { runCompacted } from './compacted.ts';

const usage = `usage: npm run crash -- [--rounds 50] [--seed N] [--data DIR] [--compacted]
Kills three brokers at once with -9, at random moments under load, again and again on the same data. After each restart every acknowledged
record must be there once and in order. At the end Kafka's dump-log reads every file, where Kafka's tools are installed.
  --rounds N   how often (50)
  --compacted  instead: one broker after the other is killed under a compacted topic; in the end every reader and every replica must have the newest
               value of each key, and no deleted one
  --seed N     decides when the brokers are killed and what is written; printed, so that it can be given again
  --data DIR   where the data goes; it is kept then`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seed: { type: 'string' },
    data: { type: 'string' },
    help: { type: 'boolean' },
    compacted: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const rounds = Number(values.rounds ?? 50);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
if (!(rounds >= 1) || !Number.isSafeInteger(seed)) {
  console.error(usage);
  process.exit(2);
}

console.log(`seed ${seed}, ${rounds} rounds`);
if (values.compacted) {
  const compacted = await runCompacted({ kills: rounds, seed, progress: (line) => console.log(line) });
  console.log(`${compacted.acknowledged} records acknowledged; three replicas have ${compacted.left} of them left, all together`);
  for (const problem of compacted.problems.slice(0, 100)) console.error(problem);
  await compacted.cluster.stop({ keep: compacted.problems.length > 0 });
  if (compacted.problems.length > 0) console.error(`${compacted.problems.length} problems. The data is in ${compacted.cluster.directory}`);
  process.exit(compacted.problems.length > 0 ? 1 : 0);
}
const start = performance.now();
const report = await runCampaign({
  rounds,
  seed,
  directory: values.data,
  progress: (line) => console.log(line),
  withKafkasProducer: foreign.kafkaTools !== undefined,
});
const { cluster, acknowledged, acknowledgedToKafka, unknown, topics } = report;
const problems = [...report.problems];

if (foreign.kafkaTools === undefined) {
  for (const line of leftOut().filter((line) => line.includes('Kafka'))) console.log(line);
} else if (problems.length === 0) {
  const tools = new KafkaTools();
  for (const id of cluster.ids) {
    const checked = await checkFiles(cluster.dataOf(id), tools);
    const kinds = Object.entries(checked.files).map(([ending, count]) => `${count} ${ending}`);
    console.log(`Kafka's dump-log on broker ${id}: ${kinds.join(', ')}; ${checked.batches} batches; ${checked.problems.length} problems`);
    problems.push(...checked.problems);
  }
  tools.stop();
}

const seconds = Math.round((performance.now() - start) / 1000);
console.log(
  `${rounds} rounds in ${seconds} s: ${acknowledged} records acknowledged to our producers, ${acknowledgedToKafka} to Kafka's, ${unknown} with unknown outcome, ${topics} topics`,
);
if (problems.length > 0) {
  for (const problem of problems.slice(0, 100)) console.error(problem);
  console.error(
    `${problems.length} problems. Again: npm run crash -- --rounds ${rounds} --seed ${seed}. The data is in ${cluster.directory}`,
  );
  process.exitCode = 1;
} else {
  await cluster.stop({ keep: values.data !== undefined });
  console.log('nothing is lost, nothing is there twice, everything is in order');
}
