import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { succeed } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { type ClusterUnderTest, startClusterUnderTest } from './cluster-under-test.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';
import { KafkaTools, spawnKafkaTool } from './kafka-tools.ts';

const partitions = 12;
const python = join(import.meta.dirname, 'python', 'group_member.py');
const sessionOptions = ['-X', 'session.timeout.ms=6000', '-X', 'heartbeat.interval.ms=500'];

/** How each client is started as a member of a group that prints what it reads, one value a line. */
const clients: { client: string; isThere: boolean; start(bootstrap: string, topic: string, group: string): ChildProcess }[] = [
  {
    client: 'kcat',
    isThere: foreign.kcat !== undefined,
    start: (bootstrap, topic, group) =>
      spawn('kcat', ['-b', bootstrap, '-G', group, ...sessionOptions, '-X', 'auto.offset.reset=earliest', '-u', '-q', topic]),
  },
  ...['range', 'cooperative-sticky'].map((strategy) => ({
    client: `confluent-kafka, ${strategy}`,
    isThere: foreign.python !== undefined,
    start: (bootstrap: string, topic: string, group: string) =>
      spawn(foreign.python!, [python, 'confluent', bootstrap, topic, group, strategy]),
  })),
  {
    client: 'aiokafka',
    isThere: foreign.python !== undefined,
    start: (bootstrap, topic, group) => spawn(foreign.python!, [python, 'aiokafka', bootstrap, topic, group]),
  },
  ...['RangeAssignor', 'CooperativeStickyAssignor'].map((assignor) => ({
    client: `Java, ${assignor}`,
    isThere: foreign.kafkaTools !== undefined,
    start: (bootstrap: string, topic: string, group: string) =>
      javaMember(bootstrap, topic, group, [
        `partition.assignment.strategy=org.apache.kafka.clients.consumer.${assignor}`,
        'session.timeout.ms=6000',
        'heartbeat.interval.ms=500',
      ]),
  })),
  ...(['franz', 'sarama'] as const).map((name) => ({
    client: name,
    isThere: foreign[name] !== undefined,
    start: (bootstrap: string, topic: string, group: string) => spawn(foreign[name]!, ['group', bootstrap, topic, group]),
  })),
  {
    client: 'Java, consumer protocol',
    isThere: foreign.kafkaTools !== undefined,
    start: (bootstrap, topic, group) => javaMember(bootstrap, topic, group, ['group.protocol=consumer']),
  },
  {
    client: 'confluent-kafka, consumer protocol',
    isThere: foreign.python !== undefined,
    start: (bootstrap, topic, group) => spawn(foreign.python!, [python, 'confluent', bootstrap, topic, group, 'consumer']),
  },
];

function javaMember(bootstrap: string, topic: string, group: string, properties: readonly string[]): ChildProcess {
  const all = ['auto.commit.interval.ms=200', ...properties].flatMap((property) => ['--command-property', property]);
  return spawnKafkaTool('consoleConsumer', [
    '--bootstrap-server',
    bootstrap,
    '--topic',
    topic,
    '--group',
    group,
    '--from-beginning',
    ...all,
  ]);
}

class Member {
  readonly child: ChildProcess;
  readonly read: string[] = [];
  #rest = '';
  stderr = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout!.on('data', (chunk: Buffer) => {
      const lines = (this.#rest + chunk).split('\n');
      this.#rest = lines.pop()!;
      this.read.push(...lines);
    });
    child.stderr!.on('data', (chunk: Buffer) => {
      this.stderr += chunk;
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    if (signal === 'SIGTERM') this.child.stdin?.end();
    if (signal !== 'SIGTERM' || this.child.stdin === null) this.child.kill(signal);
    await ended;
  }
}

describe.runIf(areForeignClientsWanted)('groups of clients in other languages', () => {
  let cluster: ClusterUnderTest;
  let members: Member[] = [];
  beforeAll(async () => {
    cluster = await startClusterUnderTest();
  });
  afterEach(async () => {
    await Promise.all(members.map((member) => member.stop('SIGKILL')));
    members = [];
  });
  afterAll(() => cluster?.stop());

  async function write(topic: string, first: number, count: number): Promise<void> {
    const { Kafka, logLevel } = (await import('kafkajs')).default;
    const producer = new Kafka({ brokers: cluster.bootstrap.split(','), logLevel: logLevel.NOTHING }).producer({
      createPartitioner: () => (args) => Number(args.message.key) % partitions,
    });
    await producer.connect();
    const messages = Array.from({ length: count }, (_, i) => ({ key: String(first + i), value: String(first + i) }));
    await producer.send({ topic, messages, acks: -1 });
    await producer.disconnect();
  }

  const start = (child: ChildProcess) => {
    const member = new Member(child);
    members.push(member);
    return member;
  };
  const missing = (count: number) => {
    const read = new Set(members.flatMap((member) => member.read));
    return Array.from({ length: count }, (_, i) => String(i)).filter((value) => !read.has(value));
  };
  const tell = (count: number) => () =>
    `${missing(count).length} of ${count} are missing; ${members.map((member) => `${member.read.length} ${member.stderr.slice(-500)}`).join(' | ')}`;

  for (const { client, isThere, start: startClient } of clients) {
    test.runIf(isThere)(
      `G9: ${client}: three members share the partitions, one is killed, one joins, a broker dies, and all is read`,
      {
        timeout: 240_000,
      },
      async () => {
        const topic = await cluster.createTopic(`group-${client.replaceAll(/[^A-Za-z]/g, '-')}`, partitions);
        const group = `${topic}-readers`;
        await write(topic, 0, 300);

        for (let i = 0; i < 3; i++) start(startClient(cluster.bootstrap, topic, group));
        await until(() => missing(300).length === 0, { forMs: 60_000, tell: tell(300) });
        await members[0]!.stop('SIGKILL');
        await write(topic, 300, 300);
        await until(() => missing(600).length === 0, { forMs: 90_000, tell: tell(600) });
        start(startClient(cluster.bootstrap, topic, group));
        if (cluster.brokers !== undefined) await cluster.brokers.kill(3);
        await write(topic, 600, 300);
        await until(() => missing(900).length === 0, { forMs: 90_000, tell: tell(900) });
        if (cluster.brokers !== undefined) {
          cluster.brokers.startBroker(3);
          await cluster.brokers.ready([3]);
        }
      },
    );
  }

  test.runIf(foreign.kafkaTools !== undefined)(
    'a group of Java consumers changes from the classic protocol to the new one and back while it reads',
    {
      timeout: 240_000,
    },
    async () => {
      const topic = await cluster.createTopic('group-migration', partitions);
      const group = `${topic}-readers`;
      const tools = new KafkaTools();
      const isOfType = async (type: string) =>
        new RegExp(`${group}\\s+${type}`).test(
          await tools.succeed('consumerGroups', ['--bootstrap-server', cluster.bootstrap, '--list', '--type']),
        );
      const sessions = ['session.timeout.ms=6000', 'heartbeat.interval.ms=500'];
      const assignor = 'partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor';
      const classic = () => start(javaMember(cluster.bootstrap, topic, group, [assignor, ...sessions]));
      const readAll = (count: number) => until(() => missing(count).length === 0, { forMs: 90_000, tell: tell(count) });
      await write(topic, 0, 120);

      const before = [classic(), classic()];
      await readAll(120);
      const between = start(javaMember(cluster.bootstrap, topic, group, ['group.protocol=consumer']));
      await until(() => isOfType('Consumer'), { forMs: 60_000, tell: tell(120) });
      await write(topic, 120, 120);
      await readAll(240);
      await Promise.all(before.map((member) => member.stop()));
      await write(topic, 240, 120);
      await readAll(360);
      expect(between.read.length).toBeGreaterThan(0);
      const after = classic();
      await write(topic, 360, 120);
      await readAll(480);
      await between.stop();
      await until(() => isOfType('Classic'), { forMs: 60_000, tell: tell(480) });
      await write(topic, 480, 120);
      await readAll(600);
      expect(after.read.length).toBeGreaterThan(0);
      tools.stop();
    },
  );

  test.runIf(foreign.kafkaTools !== undefined && process.env['CLIENTS_BOOTSTRAP'] === undefined)(
    "Kafka's dump-log reads what we write about groups",
    { timeout: 120_000 },
    async () => {
      const topic = await cluster.createTopic('group-dump', partitions);
      const group = `${topic}-readers`;
      const tools = new KafkaTools();
      await write(topic, 0, 120);
      const member = start(javaMember(cluster.bootstrap, topic, group, []));
      await until(() => missing(120).length === 0, { forMs: 60_000, tell: tell(120) });
      await member.stop();

      let dumped = '';
      for (const id of cluster.brokers!.ids) {
        const found = await succeed('sh', ['-c', `find ${cluster.brokers!.dataOf(id)} -path '*__consumer_offsets*.log' -size +0`]);
        const files = found.trim().split('\n').filter(Boolean);
        if (files.length > 0) dumped += await tools.succeed('dumpLog', ['--offsets-decoder', '--print-data-log', '--files', files.join()]);
      }
      tools.stop();

      expect(dumped).toContain(`{"type":"1","data":{"group":"${group}","topic":"${topic}","partition":7}}`);
      expect(dumped).toMatch(/"version":"[34]","data":\{"offset":10,"leaderEpoch":0,"metadata":""/);
      expect(dumped).toContain(`{"type":"2","data":{"group":"${group}"}}`);
      expect(dumped).toMatch(/"protocolType":"consumer","generation":1,"protocol":"range"/);
      expect(dumped).not.toMatch(/corrupt|mismatch/i);
    },
  );
});
