import { parseArgs } from 'node:util';
import { createTopics } from '#protocol/apis/create-topics.ts';
import { foreign } from '../test/clients/installed.ts';
import { GroupLoad, retried } from './group-load.ts';
import { newClient, perBroker, type Rival, startKafka, startOurs } from './rivals.ts';
import { usageOf } from './usage.ts';

const usage = `npm run benchmark:groups -- [--groups 1000] [--members 3] [--rate 10000] [--seconds 20] [--rounds 2] [--ours-only]
Classic groups on one broker, each member on a connection of its own with its heartbeats, and OffsetCommit requests at a fixed rate, sent
whether earlier ones were answered or not: against this broker and against Apache Kafka, in turns in one run. Needs npm run test:clients:install.`;

const { values } = parseArgs({
  options: {
    groups: { type: 'string' },
    members: { type: 'string' },
    rate: { type: 'string' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    'ours-only': { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help || (foreign.kafkaTools === undefined && !values['ours-only'])) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}
const groups = Number(values.groups ?? 1000);
const members = Number(values.members ?? 3);
const rate = Number(values.rate ?? 10_000);
const seconds = Number(values.seconds ?? 20);
const rounds = Number(values.rounds ?? 2);
const topic = 'read-by-all';

for (let round = 1; round <= rounds; round++)
  for (const start of values['ours-only'] ? [startOurs] : [startOurs, startKafka]) {
    const rival = await start(1);
    try {
      await measure(rival, round);
    } finally {
      await rival.stop();
    }
  }
process.exit(0);

async function measure(rival: Rival, round: number): Promise<void> {
  const [host, port] = rival.bootstrap.split(':') as [string, string];
  const place = { host, port: Number(port) };
  const client = newClient();
  const created = { name: topic, numPartitions: members, replicationFactor: 1, assignments: [], configs: [] };
  await retried(async () => {
    const { errorCode } = (await client.send(place, createTopics, { topics: [created], timeoutMs: 10_000 })).topics[0]!;
    return errorCode === 'TOPIC_ALREADY_EXISTS' ? 'NONE' : errorCode;
  });
  client.close();
  const idle = perBroker(rival);
  const load = new GroupLoad(place, topic);
  const formedMs = await load.form(groups, members);
  const formed = perBroker(rival);
  await load.commit(rate, 3); // a JVM compiles first
  const before = usageOf(rival.pids).cpuSeconds;
  const figures = await load.commit(rate, seconds);
  const cpu = (usageOf(rival.pids).cpuSeconds - before) / (figures.count / 10_000);
  load.close();
  console.log(`${rival.name}, round ${round}: ${groups} groups of ${members} formed in ${(formedMs / 1000).toFixed(1)} s`);
  console.log(
    `  commits: ${figures.perSecond.toFixed(0)} of ${rate} /s acknowledged; p50 ${figures.p50Ms.toFixed(1)} ms, p99 ${figures.p99Ms.toFixed(1)} ms, longest ${figures.maxMs.toFixed(0)} ms; CPU ${cpu.toFixed(2)} s per 10,000`,
  );
  console.log(`  resident: ${idle} MB idle, ${formed} MB with the groups, ${perBroker(rival)} MB after the commits`);
  for (const [name, count] of figures.errors) console.log(`  ${count} failed: ${name}`);
}
