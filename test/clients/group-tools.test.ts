import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { type ClusterUnderTest, startClusterUnderTest } from './cluster-under-test.ts';
import { areForeignClientsWanted, foreign } from './installed.ts';
import { KafkaTools } from './kafka-tools.ts';

const partitions = 3;
/** Records of each partition, a second apart from there on. */
const count = 20;
const begin = Date.parse('2026-01-01T00:00:00Z');

describe.runIf(areForeignClientsWanted && foreign.kafkaTools !== undefined)("kafka-consumer-groups, Apache Kafka's tool for groups", () => {
  let cluster: ClusterUnderTest;
  let tools: KafkaTools;
  let kafka: kafkajs.Kafka;
  let admin: kafkajs.Admin;
  let producer: kafkajs.Producer;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'group-tools-'));
    tools = new KafkaTools();
    cluster = await startClusterUnderTest({ 'group.initial.rebalance.delay.ms': 0 });
    kafka = new kafkajs.Kafka({ brokers: cluster.bootstrap.split(','), logLevel: kafkajs.logLevel.NOTHING });
    admin = kafka.admin();
    producer = kafka.producer();
    await Promise.all([admin.connect(), producer.connect()]);
  });
  afterAll(async () => {
    await Promise.all([admin?.disconnect(), producer?.disconnect()]);
    tools?.stop();
    await cluster?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const tool = (...args: string[]) => tools.succeed('consumerGroups', ['--bootstrap-server', cluster.bootstrap, ...args]);
  /** The rows of what it printed, as cells. */
  const rows = (printed: string) =>
    printed
      .trim()
      .split('\n')
      .map((row) => row.trim().split(/\s+/));

  /** A topic with records, and a group that has read ten of each partition. */
  async function prepare(name: string): Promise<{ topic: string; group: string }> {
    const topic = await cluster.createTopic(name, partitions);
    for (let partition = 0; partition < partitions; partition++) {
      const messages = Array.from({ length: count }, (_, i) => ({ partition, value: `${i}`, timestamp: String(begin + i * 1000) }));
      await producer.send({ topic, messages, acks: -1 });
    }
    const group = `${topic}-readers`;
    await setOffsets(group, topic, 10);
    return { topic, group };
  }

  async function setOffsets(group: string, topic: string, offset: number, ...of: readonly number[]): Promise<void> {
    const place = of.length === 0 ? topic : `${topic}:${of.join()}`;
    await tool('--reset-offsets', '--group', group, '--topic', place, '--to-offset', String(offset), '--execute');
  }

  async function offsetsOf(groupId: string, topic: string): Promise<number[]> {
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
    return found!.partitions.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => Number(offset));
  }

  async function member(groupId: string, topic: string): Promise<kafkajs.Consumer> {
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 200 });
    let isIn = false;
    consumer.on('consumer.group_join', () => {
      isIn = true;
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ autoCommit: false, eachMessage: async () => {} });
    await until(() => isIn, { forMs: 30_000 });
    return consumer;
  }

  test('list and describe: states, types, members with what they have, offsets with their lag', { timeout: 60_000 }, async () => {
    const { topic, group } = await prepare('described');
    const reading = await member(group, topic);

    const states = await tool('--list', '--state');
    const stable = await tool('--list', '--state', 'stable');
    const empty = await tool('--list', '--state', 'empty');
    const types = await tool('--list', '--type');
    const offsets = rows(await tool('--describe', '--group', group));
    const members = rows(await tool('--describe', '--group', group, '--members', '--verbose'));
    const state = rows(await tool('--describe', '--group', group, '--state'));
    await reading.disconnect();
    const all = rows(await tool('--describe', '--all-groups', '--offsets'));

    expect(states).toMatch(new RegExp(`^${group}\\s+Stable`, 'm'));
    expect(stable).toContain(group);
    expect(empty).not.toContain(group);
    expect(types).toMatch(new RegExp(`^${group}\\s+Classic`, 'm'));
    const lag = (partition: number) => [group, topic, String(partition), '10', '20', '10'];
    for (const partition of [0, 1, 2]) expect(offsets.map((row) => row.slice(0, 6))).toContainEqual(lag(partition));
    expect(members.map((row) => row.join(' '))).toContainEqual(expect.stringMatching(`^${group} .*${topic}.*0,1,2`));
    expect(state.some((row) => row[0] === group && row.includes('Stable') && row.at(-1) === '1')).toBe(true);
    expect(all.map((row) => row.slice(0, 6))).toContainEqual(lag(0));
  });

  /** What all options are tried on. */
  let known: { topic: string; group: string } | undefined;
  /** A moment, as the tool wants it: in the zone of its JVM unless that is said. */
  const moment = (ms: number) => new Date(ms).toISOString().replace('Z', '+00:00');

  test.for([
    { how: '--to-earliest', to: [0, 0, 0] },
    { how: '--to-latest', to: [20, 20, 20] },
    { how: '--to-current', to: [10, 10, 10] },
    { how: '--to-offset 7', to: [7, 7, 7] },
    { how: '--to-offset 99', to: [20, 20, 20] },
    { how: '--shift-by -3', to: [7, 7, 7] },
    { how: '--shift-by 5', to: [15, 15, 15] },
    { how: '--shift-by -99', to: [0, 0, 0] },
    { how: `--to-datetime ${moment(begin + 4500)}`, to: [5, 5, 5] },
    { how: '--by-duration P10000D', to: [0, 0, 0] },
    { how: '--by-duration PT0S', to: [20, 20, 20] },
  ])('reset-offsets $how: the plan changes nothing, and carried out it is $to', { timeout: 60_000 }, async ({ how, to }) => {
    known ??= await prepare('reset');
    const { topic, group } = known;
    await setOffsets(group, topic, 10);
    const reset = ['--reset-offsets', '--group', group, '--topic', topic, ...how.split(' ')];

    const planned = rows(await tool(...reset, '--dry-run'));
    const before = await offsetsOf(group, topic);
    await tool(...reset, '--execute');

    expect(planned.filter(([of]) => of === group).map((row) => Number(row[3]))).toEqual(to);
    expect(before).toEqual([10, 10, 10]);
    expect(await offsetsOf(group, topic)).toEqual(to);
  });

  test('reset-offsets: some partitions, all topics, all groups, exported and read from a file', { timeout: 60_000 }, async () => {
    const { topic, group } = await prepare('reset-scopes');
    const other = `${group}-other`;
    for (const partition of [0, 1, 2]) await setOffsets(other, topic, 3 + partition, partition);

    await tool('--reset-offsets', '--group', group, '--topic', `${topic}:0,2`, '--to-earliest', '--execute');
    const some = await offsetsOf(group, topic);
    await tool('--reset-offsets', '--group', group, '--all-topics', '--to-offset', '6', '--execute');
    const allTopics = await offsetsOf(group, topic);
    const exported = await tool('--reset-offsets', '--group', other, '--all-topics', '--to-current', '--export', '--dry-run');
    const plan = join(directory, 'plan.csv');
    writeFileSync(plan, exported);
    await tool('--reset-offsets', '--group', group, '--from-file', plan, '--execute');
    const fromFile = await offsetsOf(group, topic);
    await tool('--reset-offsets', '--group', group, '--group', other, '--topic', topic, '--to-latest', '--execute');

    expect(some).toEqual([0, 10, 0]);
    expect(allTopics).toEqual([6, 6, 6]);
    expect(exported).toContain(`${topic},1,4`);
    expect(fromFile).toEqual([3, 4, 5]);
    expect([await offsetsOf(group, topic), await offsetsOf(other, topic)]).toEqual([
      [20, 20, 20],
      [20, 20, 20],
    ]);
  });

  test('G3: nothing is reset or deleted while members are reading, and the tool says so', { timeout: 60_000 }, async () => {
    const { topic, group } = await prepare('busy');
    const reading = await member(group, topic);

    const reset = await tools.run('consumerGroups', [
      ...['--bootstrap-server', cluster.bootstrap, '--reset-offsets', '--group', group, '--topic', topic, '--to-earliest', '--execute'],
    ]);
    const dropped = await tool('--delete-offsets', '--group', group, '--topic', topic);
    const deleted = await tool('--delete', '--group', group);
    await reading.disconnect();

    expect(reset.output).toMatch(/inactive, but the current state is Stable/);
    expect(dropped).toMatch(/subscribed|GroupSubscribedToTopic/i);
    expect(deleted).toMatch(/not empty|GroupNotEmpty/i);
    expect(await offsetsOf(group, topic)).toEqual([10, 10, 10]);
  });

  test('delete-offsets and delete: of partitions, of a topic, and the group', { timeout: 60_000 }, async () => {
    const { topic, group } = await prepare('deleted');

    const one = await tool('--delete-offsets', '--group', group, '--topic', `${topic}:1`);
    const without = await offsetsOf(group, topic);
    await tool('--delete-offsets', '--group', group, '--topic', topic);
    const none = await offsetsOf(group, topic);
    await setOffsets(group, topic, 1);
    const deleted = await tool('--delete', '--group', group);
    const again = await tool('--delete', '--group', group);

    expect(one).toMatch(new RegExp(`${topic}\\s+1\\s+Successful`));
    expect(without).toEqual([10, -1, 10]);
    expect(none).toEqual([-1, -1, -1]);
    expect(deleted).toMatch(/successful/);
    expect(again).toMatch(/GroupIdNotFound|does not exist/);
    expect(await tool('--list')).not.toMatch(new RegExp(`^${group}$`, 'm'));
  });
});
