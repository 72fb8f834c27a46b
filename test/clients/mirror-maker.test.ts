import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { BrokerProcesses } from '../support/broker-processes.ts';
import { KafkaClient } from '../support/kafka-client.ts';
import { KafkaProcesses } from '../support/kafka-processes.ts';
import { blocksOf } from '../support/pages.ts';
import { collect } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { areLongTestsWanted, foreign } from './installed.ts';
import { KafkaTools } from './kafka-tools.ts';

const partitions = 3;
const count = 200;

describe.runIf(areLongTestsWanted && foreign.kafkaTools !== undefined)("MirrorMaker 2 between Apache Kafka's brokers and ours", () => {
  let ours: BrokerProcesses;
  let theirs: KafkaProcesses;
  let tools: KafkaTools;
  let directory: string;
  let mirror: ChildProcess | undefined;
  let printed = () => '';

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'mirror-'));
    tools = new KafkaTools();
    [ours, theirs] = await Promise.all([BrokerProcesses.start(3), KafkaProcesses.start(1, { heap: '384m' })]);
  }, 120_000);
  afterAll(async () => {
    tools?.stop();
    await Promise.all([ours?.stop(), theirs?.stop()]);
    rmSync(directory, { recursive: true, force: true });
  });

  afterEach(async () => {
    if (mirror === undefined || mirror.exitCode !== null || mirror.signalCode !== null) return;
    mirror.kill('SIGKILL');
    await once(mirror, 'exit');
  });

  /** In both directions, between topics whose names tell where they come from. */
  function bothWays(): string {
    const inner = ['checkpoints.topic', 'heartbeats.topic', 'offset-syncs.topic', 'offset.storage', 'status.storage', 'config.storage'];
    const settings = {
      clusters: 'theirs, ours',
      'theirs.bootstrap.servers': theirs.bootstrap,
      'ours.bootstrap.servers': ours.bootstrap,
      'theirs->ours.enabled': true,
      'theirs->ours.topics': 'orders',
      'ours->theirs.enabled': true,
      'ours->theirs.topics': 'invoices',
      groups: '.*-readers',
      ...Object.fromEntries(inner.map((name) => [`${name}.replication.factor`, 1])),
      'replication.factor': 1,
      // Each cluster's Connect writes in transactions into it, the offsets of its source included.
      'exactly.once.source.support': 'enabled',
      'dedicated.mode.enable.internal.rest': true,
      listeners: 'http://127.0.0.1:0',
      'offset.lag.max': 0,
      'sync.topic.acls.enabled': false,
      'emit.checkpoints.interval.seconds': 1,
      'sync.group.offsets.enabled': true,
      'sync.group.offsets.interval.seconds': 1,
      'refresh.topics.interval.seconds': 2,
      'refresh.groups.interval.seconds': 2,
    };
    return Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('');
  }

  /** As connect-mirror-maker.sh does. */
  function startMirror(settings: string): void {
    const file = join(directory, 'mirror.properties');
    writeFileSync(file, settings);
    const options = ['-Xmx512m', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];
    mirror = spawn('java', [...options, '-cp', `${foreign.kafkaTools}/*`, 'org.apache.kafka.connect.mirror.MirrorMaker', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = [collect(mirror, 'stdout'), collect(mirror, 'stderr')];
    printed = () => `${stdout()}${stderr()}`.slice(-3000);
  }

  const kafkaOf = (bootstrap: string) =>
    new kafkajs.Kafka({ brokers: bootstrap.split(','), logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 20 } });
  /** What is written to a partition, in this order. */
  const messagesOf = (topic: string, partition: number) =>
    Array.from({ length: count }, (_, i) => ({ partition, key: `${partition}-${i}`, value: `${topic} ${i} of ${partition}` }));

  /** A topic with records, of which a group has read all in partitions 0 and 1, and nothing in 2. */
  async function prepare(bootstrap: string, topic: string, group: string): Promise<void> {
    const [admin, producer] = [kafkaOf(bootstrap).admin(), kafkaOf(bootstrap).producer()];
    await Promise.all([admin.connect(), producer.connect()]);
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });
    for (let partition = 0; partition < partitions; partition++)
      await producer.send({ topic, messages: messagesOf(topic, partition), acks: -1 });
    await Promise.all([admin.disconnect(), producer.disconnect()]);
    for (const partition of [0, 1]) {
      const reset = ['--reset-offsets', '--group', group, '--topic', `${topic}:${partition}`, '--to-latest', '--execute'];
      await tools.succeed('consumerGroups', ['--bootstrap-server', bootstrap, ...reset]);
    }
  }

  /** What readers of committed records find in a copy, by partition. */
  async function copyIn(bootstrap: string, topic: string): Promise<string[][]> {
    using client = new KafkaClient(bootstrap);
    const copies = Array.from({ length: partitions }, async (_, partition) => {
      const { records } = await client.committed(topic, partition);
      return records.map(({ key, value }) => `${key}: ${value}`);
    });
    return await Promise.all(copies);
  }

  async function offsetsIn(bootstrap: string, topic: string, groupId: string): Promise<number[]> {
    const admin = kafkaOf(bootstrap).admin();
    await admin.connect();
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
    await admin.disconnect();
    return found!.partitions.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => Number(offset));
  }

  test('copies a topic and the offsets of its readers from theirs to ours, and another one from ours to theirs', {
    timeout: 300_000,
  }, async () => {
    await prepare(theirs.bootstrap, 'orders', 'order-readers');
    await prepare(ours.bootstrap, 'invoices', 'invoice-readers');
    const ways = [
      { from: 'orders', to: ours.bootstrap, copy: 'theirs.orders', group: 'order-readers' },
      { from: 'invoices', to: theirs.bootstrap, copy: 'ours.invoices', group: 'invoice-readers' },
    ];

    startMirror(bothWays());

    for (const { from, to, copy, group } of ways) {
      let found: string[][] = [];
      const isThere = async () => {
        found = await copyIn(to, copy).catch(() => []);
        return found.length === partitions && found.every(({ length }) => length >= count);
      };
      await until(isThere, { forMs: 150_000, tell: () => `${copy}: ${found.map(({ length }) => length)}\n${printed()}` });
      let offsets: number[] = [];
      const isRead = async () => {
        offsets = await offsetsIn(to, copy, group).catch(() => []);
        // On the way to the end of the copy a group may be told of a place before it.
        return offsets[0] === count && offsets[1] === count;
      };
      await until(isRead, { forMs: 60_000, tell: () => `${group}: ${offsets}\n${printed()}` });

      const messages = Array.from({ length: partitions }, (_, partition) =>
        messagesOf(from, partition).map(({ key, value }) => `${key}: ${value}`),
      );
      expect(found, copy).toEqual(messages);
      // Whoever goes on with the copy reads what no one has read: what comes now in partitions 0 and 1, and all of partition 2.
      expect(offsets, group).toEqual([count, count, -1]);
    }
    mirror!.kill('SIGTERM');
    await once(mirror!, 'exit');
  });

  test('moves a topic and its group under the names that they have, as the page of migration shows', { timeout: 300_000 }, async () => {
    const [properties, command, ...others] = blocksOf('docs/migration.md').filter(
      ({ note }) => note === 'run by test/clients/mirror-maker.test.ts',
    );
    expect([command!.code, others]).toEqual(['connect-mirror-maker.sh mirror.properties\n', []]);
    await prepare(theirs.bootstrap, 'shipments', 'shippers');
    // Their cluster has one broker; and it need not be waited for so long.
    const inner = ['checkpoints.topic', 'heartbeats.topic', 'offset-syncs.topic', 'offset.storage', 'status.storage', 'config.storage'];
    const own = [
      ...inner.map((name) => `${name}.replication.factor=1`),
      ...['emit.checkpoints', 'sync.group.offsets', 'refresh.topics', 'refresh.groups'].map((name) => `${name}.interval.seconds=1`),
    ];
    const shown = properties!.code.replace('kafka.example.org:9092', theirs.bootstrap).replace('localhost:8080', ours.bootstrap);

    startMirror(`${shown}${own.join('\n')}\n`);

    let offsets: number[] = [];
    const isMoved = async () => {
      offsets = await offsetsIn(ours.bootstrap, 'shipments', 'shippers').catch(() => []);
      return offsets[0] === count && offsets[1] === count;
    };
    await until(isMoved, { forMs: 200_000, tell: () => `${offsets}\n${printed()}` });
    const messages = Array.from({ length: partitions }, (_, partition) =>
      messagesOf('shipments', partition).map(({ key, value }) => `${key}: ${value}`),
    );
    await until(async () => (await copyIn(ours.bootstrap, 'shipments')).every(({ length }) => length >= count), {
      forMs: 60_000,
      tell: printed,
    });
    expect(await copyIn(ours.bootstrap, 'shipments')).toEqual(messages);
    mirror!.kill('SIGTERM');
    await once(mirror!, 'exit');
  });
});
