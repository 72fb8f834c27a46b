import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SeededRandom } from '#platform';
import { foreign, leftOut } from '../clients/installed.ts';
import { KafkaClient } from '../support/kafka-client.ts';
import { ChaosCluster } from './cluster.ts';
import { whenHealed } from './final-reading.ts';
import { type Measured, startClients } from './pause-clients.ts';
import { longestPause, summarize } from './pauses.ts';
import { rest } from './workload/context.ts';

const usage = `usage: npm run chaos:pause -- [--kills 100] [--seed N] [--against kafka] [--most MS]
Kills one of three brokers with -9, again and again, under load with default settings, and measures how long each client then waits for its
next acknowledgement with acks=all. The broker is started again, and the next kill comes when all replicas are in sync.
  --kills N         how often (100)
  --seed N          decides who is killed, and when
  --against kafka   the same against Apache Kafka; needs npm run test:clients:install
  --most MS         fail when the p99 of any client is above this (3000; for Kafka nothing is)`;

const topic = 'pause';
/** Longer than this a pause is not waited for. */
const longestMs = 60_000;

interface Kill {
  readonly why: string;
  /** By client. */
  readonly pauses: ReadonlyMap<string, number>;
}

const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    seed: { type: 'string' },
    against: { type: 'string' },
    most: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const kills = Number(values.kills ?? 100);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const against = values.against ?? 'ours';
const mostMs = Number(values.most ?? (against === 'kafka' ? Number.POSITIVE_INFINITY : 3_000));

if (values.help || !(kills >= 1) || !Number.isSafeInteger(seed) || !(mostMs > 0) || (against !== 'ours' && against !== 'kafka')) {
  console.log(usage);
  process.exitCode = values.help ? 0 : 2;
} else if (against === 'kafka' && foreign.kafkaTools === undefined) {
  for (const line of leftOut().filter((each) => each.includes('Kafka'))) console.error(line);
  process.exitCode = 2;
} else {
  // Foreign clients may go on trying to reach brokers that are gone.
  process.exit(await measure(against));
}

async function measure(rival: 'ours' | 'kafka'): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'pause-'));
  const random = new SeededRandom(seed);
  const cluster = await ChaosCluster.prepare({ brokers: 3, directory, against: rival, isPlain: true });
  let isStopped = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (isStopped = true));
  process.on('exit', () => cluster.killNow());
  console.log(`${cluster.name}, seed ${seed}`);
  const client = new KafkaClient(cluster.bootstrap, 2_000);
  const done: Kill[] = [];
  try {
    for (const id of cluster.ids) await cluster.start(id);
    await cluster.ready();
    const created = await client.createTopic(topic, 1);
    if (created !== 'NONE') throw new Error(`the topic was not created: ${created}`);
    await whole(cluster);
    const clients = startClients(cluster, topic);
    await acknowledged(clients, performance.now());
    while (done.length < kills && !isStopped) {
      done.push(await killOnce(cluster, client, clients, random));
      const { why, pauses } = done.at(-1)!;
      console.log(`${done.length}: ${why}: ${[...pauses].map(([name, ms]) => `${name} ${Math.round(ms)} ms`).join(', ')}`);
    }
    await Promise.all(clients.map((each) => each.stop()));
  } finally {
    client.close();
    await cluster.stop({ keep: false });
    rmSync(directory, { recursive: true, force: true });
  }
  const summary = summarize(done);
  console.log(`\n${cluster.name}: ${done.length} kills, milliseconds from the kill to the next acknowledgement\n${summary.table}`);
  const isFastEnough = summary.worstP99 <= mostMs;
  if (!isFastEnough) console.log(`\nWRONG: a p99 is above ${mostMs} ms`);
  return isFastEnough && !isStopped ? 0 : 1;
}

async function killOnce(cluster: ChaosCluster, client: KafkaClient, clients: readonly Measured[], random: SeededRandom): Promise<Kill> {
  await rest(200 + random.below(2_000));
  await client.refresh();
  const leader = client.partitionsOf(topic)[0]!.leader;
  const controller = await client.controller();
  const draw = random.below(10);
  // Mostly the leader, which is what clients wait for; sometimes the controller; sometimes anyone.
  const id = draw < 6 ? leader : draw < 8 ? controller : cluster.ids[random.below(cluster.ids.length)]!;
  const roles = [id === leader ? 'leader' : '', id === controller ? 'controller' : ''].filter((role) => role !== '');

  const killedAt = performance.now();
  await cluster.kill(id);
  await acknowledged(clients, performance.now());
  await cluster.start(id);
  await cluster.ready([id]);
  await whole(cluster);
  await acknowledged(clients, performance.now());
  const until = performance.now();
  const pauses = new Map(clients.map(({ name, acknowledgements }) => [name, longestPause(acknowledgements, killedAt, until)]));
  for (const { acknowledgements } of clients) acknowledgements.splice(0, acknowledgements.length - 1);
  return { why: roles.length === 0 ? 'another' : roles.join(' and '), pauses };
}

/** Waits until each client has been acknowledged once more. */
async function acknowledged(clients: readonly Measured[], since: number): Promise<void> {
  while (!clients.every(({ acknowledgements }) => (acknowledgements.at(-1) ?? 0) > since)) {
    if (performance.now() - since > longestMs) {
      const silent = clients.filter(({ acknowledgements }) => (acknowledgements.at(-1) ?? 0) <= since).map(({ name }) => name);
      throw new Error(`${silent.join(', ')} got no acknowledgement in ${longestMs / 1000} s`);
    }
    await rest(10);
  }
}

async function whole(cluster: ChaosCluster): Promise<void> {
  const healed = await whenHealed({ cluster, topic, partitions: 1 }, longestMs);
  if (typeof healed === 'string') throw new Error(`not whole in ${longestMs / 1000} s: ${healed}`);
}
