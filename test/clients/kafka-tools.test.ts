import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClusterUnderTest, startClusterUnderTest } from './cluster-under-test.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';
import { type KafkaToolName, KafkaTools } from './kafka-tools.ts';

describe.runIf(areForeignClientsWanted && foreign.kafkaTools !== undefined)("Kafka's own tools", () => {
  let cluster: ClusterUnderTest;
  let tools: KafkaTools;
  let directory: string;
  /** How many brokers there are, so that the same expectations hold for another cluster. */
  let brokers: number;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'kafka-tools-'));
    tools = new KafkaTools();
    cluster = await startClusterUnderTest();
    brokers = (await tool('apiVersions')).match(/^\S+:\d+ \(id: /gm)!.length;
  });
  afterAll(async () => {
    tools?.stop();
    await cluster?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const tool = (name: KafkaToolName, ...args: string[]) => tools.succeed(name, ['--bootstrap-server', cluster.bootstrap, ...args]);
  const refused = async (name: KafkaToolName, ...args: string[]) => {
    const { code, output } = await tools.run(name, ['--bootstrap-server', cluster.bootstrap, ...args]);
    expect(code).toBe(1);
    return output;
  };
  const file = (name: string, content: unknown) => {
    writeFileSync(join(directory, name), JSON.stringify(content));
    return join(directory, name);
  };
  const fresh = (name: string) => `${name}-${Date.now().toString(36)}`;

  test('topics: create, list, describe, add partitions, delete', async () => {
    const topic = fresh('orders');

    const created = await tool('topics', '--create', '--topic', topic, '--partitions', '3', '--config', 'retention.ms=3600000');
    expect(created).toContain(`Created topic ${topic}.`);
    expect((await tool('topics', '--list')).split('\n')).toContain(topic);
    const described = await tool('topics', '--describe', '--topic', topic);
    expect(described).toMatch(
      new RegExp(`^Topic: ${topic}\\tTopicId: [\\w-]{22}\\tPartitionCount: 3\\tReplicationFactor: \\d\\t.*retention.ms=3600000`),
    );
    expect(described.match(/Partition: \d\tLeader: [1-3]\tReplicas: [1-3,]+\tIsr: [1-3,]+/g)).toHaveLength(3);

    await tool('topics', '--alter', '--topic', topic, '--partitions', '5');
    expect(await tool('topics', '--describe', '--topic', topic)).toContain('PartitionCount: 5');
    expect(await tool('topics', '--describe', '--unavailable-partitions')).toBe('');

    await tool('topics', '--delete', '--topic', topic);
    expect((await tool('topics', '--list')).split('\n')).not.toContain(topic);
  });

  test('topics: what cannot be done is refused with the reason', async () => {
    const topic = await cluster.createTopic('taken', 2);

    expect(await refused('topics', '--create', '--topic', topic)).toContain('TopicExistsException');
    expect(await refused('topics', '--alter', '--topic', topic, '--partitions', '1')).toMatch(
      /InvalidPartitionsException|currently has 2 partitions/,
    );
    expect(await refused('topics', '--describe', '--topic', 'no-such-topic')).toContain("Topic 'no-such-topic' does not exist as expected");
    expect(await refused('topics', '--create', '--topic', fresh('wide'), '--replication-factor', '9')).toContain(
      'InvalidReplicationFactorException',
    );
    expect(await refused('topics', '--create', '--topic', fresh('odd'), '--config', 'retention.ms=soon')).toContain(
      'Invalid value soon for configuration retention.ms',
    );
  });

  test('configs: of a topic, set, described with where they come from, and deleted', async () => {
    const topic = await cluster.createTopic('configured', 1);
    const entity = ['--entity-type', 'topics', '--entity-name', topic];

    await tool(
      'configs',
      '--alter',
      ...entity,
      '--add-config',
      'max.message.bytes=2000000,cleanup.policy=[compact,delete],retention.ms=60000',
    );
    await tool('configs', '--alter', ...entity, '--delete-config', 'retention.ms');

    const own = await tool('configs', '--describe', ...entity);
    expect(own).toContain(
      'max.message.bytes=2000000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:max.message.bytes=2000000, DEFAULT_CONFIG:message.max.bytes=1048588}',
    );
    expect(own).toContain('cleanup.policy=compact,delete sensitive=false');
    expect(own).not.toContain('retention.ms');
    const all = await tool('configs', '--describe', '--all', ...entity);
    expect(all).toMatch(/^ {2}segment\.bytes=\d+ sensitive=false/m);
    expect(all).toMatch(/^ {2}retention\.ms=\d+ sensitive=false/m);
    const unknown = await refused('configs', '--alter', ...entity, '--add-config', 'no.such.config=1');
    expect(unknown).toMatch(/InvalidConfigurationException: .*no\.such\.config/);
  });

  test('configs: of one broker and of all brokers, in the order that the synonyms tell', async () => {
    const one = ['--entity-type', 'brokers', '--entity-name', '1'];
    const all = ['--entity-type', 'brokers', '--entity-default'];

    await tool('configs', '--alter', ...one, '--add-config', 'log.retention.ms=7200000');
    await tool('configs', '--alter', ...all, '--add-config', 'log.retention.ms=86400000');

    const described = await tool('configs', '--describe', ...one);
    expect(described).toContain('log.retention.ms=7200000 sensitive=false');
    expect(described).toContain('DYNAMIC_BROKER_CONFIG:log.retention.ms=7200000, DYNAMIC_DEFAULT_BROKER_CONFIG:log.retention.ms=86400000');
    expect(await tool('configs', '--describe', ...all)).toContain('log.retention.ms=86400000');
    expect(await tool('configs', '--describe', '--all', ...one)).toMatch(/^ {2}num\.partitions=\d+ sensitive=false/m);

    await tool('configs', '--alter', ...one, '--delete-config', 'log.retention.ms');
    await tool('configs', '--alter', ...all, '--delete-config', 'log.retention.ms');
    expect(await tool('configs', '--describe', ...one)).not.toContain('7200000');
  });

  test('get-offsets: earliest, latest, by time exact to the record, and the greatest timestamp', async () => {
    const topic = await cluster.createTopic('timed', 1);
    const start = Date.now() - 60_000;
    const producer = new kafkajs.Kafka({ brokers: cluster.bootstrap.split(','), logLevel: kafkajs.logLevel.ERROR }).producer();
    await producer.connect();
    const messages = [0, 10, 30, 20].map((after) => ({ value: `after ${after}`, partition: 0, timestamp: String(start + after) }));
    await producer.send({ topic, messages, acks: -1 });
    await producer.disconnect();

    const offsets = (...time: string[]) => tool('offsets', '--topic', topic, ...time);
    expect(await offsets('--time', 'earliest')).toBe(`${topic}:0:0\n`);
    expect(await offsets()).toBe(`${topic}:0:4\n`);
    expect(await offsets('--time', 'latest')).toBe(`${topic}:0:4\n`);
    expect(await offsets('--time', String(start))).toBe(`${topic}:0:0\n`);
    expect(await offsets('--time', String(start + 1))).toBe(`${topic}:0:1\n`);
    expect(await offsets('--time', String(start + 15))).toBe(`${topic}:0:2\n`);
    expect(await offsets('--time', 'max-timestamp')).toBe(`${topic}:0:2\n`);
    expect(await offsets('--time', String(start + 31))).not.toContain(':0:4');
  });

  test('producer-perf, idempotent with acks=all, and describe-producers tells who wrote', async () => {
    const topic = await cluster.createTopic('perf', 3);
    const settings = ['acks=all', 'enable.idempotence=true', 'compression.type=lz4'];

    const printed = await tool(
      'producerPerf',
      '--topic',
      topic,
      '--num-records',
      '50000',
      '--record-size',
      '100',
      '--throughput',
      '-1',
      '--command-property',
      ...settings,
    );

    expect(printed).toMatch(/^50000 records sent, [\d.]+ records\/sec/m);
    expect(printed).not.toMatch(/exception/i);
    const ends = (await tool('offsets', '--topic', topic))
      .trim()
      .split('\n')
      .map((line) => Number(line.split(':')[2]));
    expect(ends).toHaveLength(3);
    expect(ends.reduce((sum, end) => sum + end)).toBe(50_000);
    const producers = await tool('transactions', 'describe-producers', '--topic', topic, '--partition', '1');
    const [, row] = producers.trim().split('\n');
    expect(
      row!
        .split('\t')
        .map((cell) => cell.trim())
        .slice(1, 4),
    ).toEqual(['0', '-1', String(ends[1]! - 1)]);
  });

  test('log-dirs: every broker tells the size of its partitions', async () => {
    const topic = await cluster.createTopic('sized', 3);
    await tool('producerPerf', '--topic', topic, '--num-records', '3000', '--record-size', '1000', '--throughput', '-1');

    const printed = await tool('logDirs', '--describe', '--topic-list', topic);

    const described = JSON.parse(printed.trim().split('\n').at(-1)!) as {
      brokers: {
        broker: number;
        logDirs: { error: string | null; partitions: { partition: string; size: number; isFuture: boolean }[] }[];
      }[];
    };
    expect(described.brokers).toHaveLength(brokers);
    for (const { logDirs } of described.brokers) {
      expect(logDirs.every(({ error }) => error === null)).toBe(true);
      const found = logDirs.flatMap(({ partitions }) => partitions);
      // With three brokers everything is on each.
      expect(found.map(({ partition }) => partition).sort()).toEqual([0, 1, 2].map((partition) => `${topic}-${partition}`));
      expect(found.reduce((sum, { size }) => sum + size, 0)).toBeGreaterThan(3_000_000);
    }
  });

  test('quorum: one leader, everybody a voter, and the followers keep up', async () => {
    const status = await tool('quorum', 'describe', '--status');
    expect(status).toMatch(/^ClusterId: +[\w-]{22}$/m);
    const leader = /^LeaderId: +(\d+)$/m.exec(status)![1]!;
    expect(status).toMatch(/^LeaderEpoch: +[1-9]\d*$/m);
    expect(status).toMatch(/^HighWatermark: +[1-9]\d*$/m);
    expect(status.match(/"id": \d+/g)).toHaveLength(brokers);

    const rows = (await tool('quorum', 'describe', '--replication'))
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => row.split('\t').map((cell) => cell.trim()));
    expect(rows).toHaveLength(brokers);
    expect(rows.filter((row) => row[6] === 'Leader').map((row) => row[0])).toEqual([leader]);
    expect(rows.filter((row) => row[6] === 'Follower')).toHaveLength(brokers - 1);
    expect(rows.every((row) => Number(row[3]) < 100)).toBe(true);
  });

  test('api-versions: every broker answers, and what it offers is usable', async () => {
    const printed = await tool('apiVersions');

    expect(printed.match(/ rack: .* isFenced: false\) -> \(/g)).toHaveLength(brokers);
    for (const api of [
      'Produce(0): 0 to 13 [usable: 13]',
      'Fetch(1): 4 to 18 [usable: 18]',
      'ListOffsets(2): 1 to 11 [usable: 11]',
      'CreateTopics(19): 2 to 7 [usable: 7]',
    ]) {
      expect(printed.split(api)).toHaveLength(brokers + 1);
    }
  });

  test('delete-records: the log starts where it was told to', async () => {
    const topic = await cluster.createTopic('shortened', 2);
    await tool('producerPerf', '--topic', topic, '--num-records', '2000', '--record-size', '100', '--throughput', '-1');
    const [end] = /(?<=:1:)\d+/.exec(await tool('offsets', '--topic', topic))!;
    const upTo = (partition: number, offset: number) => ({ topic, partition, offset });

    const printed = await tool(
      'deleteRecords',
      '--offset-json-file',
      file('delete.json', { partitions: [upTo(0, 7), upTo(1, -1)], version: 1 }),
    );

    expect(printed).toContain(`partition: ${topic}-0\tlow_watermark: 7`);
    expect(printed).toContain(`partition: ${topic}-1\tlow_watermark: ${end}`);
    expect(await tool('offsets', '--topic', topic, '--time', 'earliest')).toBe(`${topic}:0:7\n${topic}:1:${end}\n`);
    const beyond = await tool('deleteRecords', '--offset-json-file', file('beyond.json', { partitions: [upTo(0, 1_000_000)], version: 1 }));
    expect(beyond).toMatch(/OffsetOutOfRangeException|out of range|not within the range/i);
  });

  test('features: the metadata version is finalized and supported', async () => {
    const printed = await tool('features', 'describe');

    expect(printed).toMatch(/^Feature: metadata\.version\s.*FinalizedVersionLevel: 4\.\d/m);
  });
});
