import { Admin, Consumer, type MessagesStream, stringDeserializers } from '@platformatic/kafka';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runMain } from '#cli/testing.ts';
import { until } from '../support/until.ts';
import { type ClusterUnderTest, startClusterUnderTest } from './cluster-under-test.ts';

/** The clients that npm installs, as groups: three members share twelve partitions, members go and come, and a broker dies. */
const partitions = 12;
let cluster: ClusterUnderTest;

beforeAll(async () => {
  cluster = await startClusterUnderTest();
});
afterAll(() => cluster?.stop());

const kafkaOf = () => new kafkajs.Kafka({ brokers: cluster.bootstrap.split(','), logLevel: kafkajs.logLevel.NOTHING });

/** Writes the numbers from `first` on, a partition after the other. */
async function write(topic: string, first: number, count: number): Promise<void> {
  const producer = kafkaOf().producer({
    createPartitioner:
      () =>
      ({ message }) =>
        Number(message.key) % partitions,
  });
  await producer.connect();
  const messages = Array.from({ length: count }, (_, i) => ({ key: String(first + i), value: String(first + i) }));
  await producer.send({ topic, messages, acks: -1 });
  await producer.disconnect();
}

/** What each member has read and what it has been given, for all to look at. */
class Seen {
  readonly values = new Map<number, string[]>();
  readonly assignments = new Map<string, readonly number[]>();

  add(member: string, value: number): void {
    this.values.set(value, [...(this.values.get(value) ?? []), member]);
  }

  missing(upTo: number): number[] {
    return Array.from({ length: upTo }, (_, i) => i).filter((i) => !this.values.has(i));
  }

  /** Each partition has one owner, as the members know it. */
  get isShared(): boolean {
    const all = [...this.assignments.values()].flat().sort((a, b) => a - b);
    return all.length === partitions && all.every((partition, index) => partition === index);
  }
}

async function kafkajsMember(name: string, groupId: string, topic: string, seen: Seen): Promise<kafkajs.Consumer> {
  const consumer = kafkaOf().consumer({ groupId, sessionTimeout: 6000, heartbeatInterval: 500, rebalanceTimeout: 10_000 });
  consumer.on('consumer.group_join', ({ payload }) => {
    seen.assignments.set(name, payload.memberAssignment[topic] ?? []);
  });
  consumer.on('consumer.rebalancing', () => void seen.assignments.delete(name));
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ autoCommitInterval: 200, eachMessage: async ({ message }) => seen.add(name, Number(message.value)) });
  return consumer;
}

async function committedBy(groupId: string, topic: string): Promise<number> {
  const admin = kafkaOf().admin();
  await admin.connect();
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
  await admin.disconnect();
  return found!.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}

test('G1, G2, G9: three members of kafkajs share the partitions, one leaves, one joins, a broker dies, and all is read', {
  timeout: 120_000,
}, async () => {
  const topic = await cluster.createTopic('group-kafkajs', partitions);
  const groupId = `${topic}-readers`;
  const seen = new Seen();
  await write(topic, 0, 600);

  const members = await Promise.all(['a', 'b', 'c'].map((name) => kafkajsMember(name, groupId, topic, seen)));
  await until(() => seen.isShared && seen.missing(600).length === 0, { forMs: 30_000 });
  await members[0]!.disconnect();
  seen.assignments.delete('a');
  await write(topic, 600, 600);
  await until(() => seen.isShared && seen.missing(1200).length === 0, { forMs: 30_000 });
  members.push(await kafkajsMember('d', groupId, topic, seen));
  await until(() => seen.isShared && seen.assignments.size === 3, { forMs: 30_000 });
  await until(async () => (await committedBy(groupId, topic)) === 1200, { forMs: 20_000 });

  if (cluster.brokers !== undefined) {
    await cluster.brokers.kill(2);
    await write(topic, 1200, 600);
    await until(() => seen.missing(1800).length === 0, { forMs: 60_000 });
    cluster.brokers.startBroker(2);
    await cluster.brokers.ready([2]);
  }
  await Promise.all(members.slice(1).map((member) => member.disconnect()));
  const before = [...seen.values].length;
  const late = new Seen();
  const continued = await kafkajsMember('e', groupId, topic, late);
  await write(topic, before, 12);
  await until(() => late.values.size >= 12, { forMs: 30_000 });
  await continued.disconnect();

  // What was committed is not read again.
  expect([...late.values.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => before + i));
});

async function platformaticMember(name: string, groupId: string, topic: string, seen: Seen, protocol: 'classic' | 'consumer') {
  const consumer = new Consumer({
    clientId: name,
    groupId,
    bootstrapBrokers: cluster.bootstrap.split(','),
    deserializers: stringDeserializers,
    autocommit: 200,
    ...(protocol === 'classic'
      ? { sessionTimeout: 6000, heartbeatInterval: 500, rebalanceTimeout: 10_000 }
      : { groupProtocol: 'consumer' }),
  });
  const stream: MessagesStream<string, string, string, string> = await consumer.consume({
    topics: [topic],
    mode: 'committed',
    fallbackMode: 'earliest',
  });
  stream.on('data', ({ value }) => seen.add(name, Number(value)));
  stream.on('error', () => {});
  return { consumer, stream, stop: () => consumer.close(true) };
}

test.each([
  'classic',
  'consumer',
] as const)('G9: members of @platformatic/kafka, protocol %s, read all of a topic together, and go on where they stopped', {
  timeout: 90_000,
}, async (protocol) => {
  const topic = await cluster.createTopic(`group-platformatic-${protocol}`, partitions);
  const groupId = `${topic}-readers`;
  const seen = new Seen();
  await write(topic, 0, 600);

  const members = await Promise.all(['a', 'b', 'c'].map((name) => platformaticMember(name, groupId, topic, seen, protocol)));
  await until(() => seen.missing(600).length === 0, { forMs: 30_000 });
  await members[0]!.stop();
  await write(topic, 600, 600);
  await until(() => seen.missing(1200).length === 0, { forMs: 30_000 });
  await until(async () => (await committedBy(groupId, topic)) === 1200, { forMs: 20_000 });
  await Promise.all(members.slice(1).map(({ stop }) => stop()));

  const late = new Seen();
  const continued = await platformaticMember('d', groupId, topic, late, protocol);
  await write(topic, 1200, 12);
  await until(() => late.missing(1212).length === 1200, { forMs: 30_000 });
  await continued.stop();
});

test('G1, G9: our own consumer --group shares the partitions with a member of kafkajs, which goes on as it was', {
  timeout: 120_000,
}, async () => {
  const topic = await cluster.createTopic('group-mixed', partitions);
  const groupId = `${topic}-readers`;
  const seen = new Seen();
  await write(topic, 0, 120);
  const member = await kafkajsMember('kafkajs', groupId, topic, seen);
  await until(() => seen.missing(120).length === 0, { forMs: 30_000 });
  await until(async () => (await committedBy(groupId, topic)) === 120, { forMs: 20_000 });

  const ours = runMain(['consumer', `--meta=${cluster.bootstrap.split(',')[0]}`, `--group=${groupId}`]);
  const printed = () => [...ours.output.matchAll(/^\[Offset \d+\] (\d+)$/gm)].map(([, value]) => Number(value));
  const both = () => new Set([...seen.values.keys(), ...printed()]);
  ours.type(`${topic}\n`);
  await ours.untilError('gives this consumer', 60_000);
  for (let next = 120; printed().length === 0 && next < 1200; next += 12) {
    await write(topic, next, 12);
    await until(() => both().size === next + 12, { forMs: 60_000, tell: () => `${both().size} of ${next + 12}\n${ours.errors}` });
  }
  expect(printed().length).toBeGreaterThan(0);
  // What the group had committed is not read again.
  expect(Math.min(...printed())).toBeGreaterThanOrEqual(120);

  const before = both().size;
  ours.signal('SIGINT');
  expect(await ours.ended).toBe(130);
  await write(topic, before, 12);
  await until(() => Array.from({ length: 12 }, (_, i) => before + i).every((value) => seen.values.has(value)), { forMs: 60_000 });
  await member.disconnect();
});

test('@platformatic/kafka lists, describes and deletes groups', { timeout: 60_000 }, async () => {
  const topic = await cluster.createTopic('group-admin', partitions);
  const groupId = `${topic}-readers`;
  const seen = new Seen();
  const member = await kafkajsMember('a', groupId, topic, seen);
  const admin = new Admin({ clientId: 'admin', bootstrapBrokers: cluster.bootstrap.split(',') });
  await until(() => seen.isShared, { forMs: 30_000 });

  const listed = (await admin.listGroups()).get(groupId);
  const described = (await admin.describeGroups({ groups: [groupId] })).get(groupId);
  await member.disconnect();
  await admin.deleteGroups({ groups: [groupId] });
  const after = (await admin.listGroups()).get(groupId);
  await admin.close();

  expect(listed).toMatchObject({ state: 'Stable', protocolType: 'consumer' });
  expect(described).toMatchObject({ state: 'Stable', protocol: 'RoundRobinAssigner' });
  expect(described!.members.size).toBe(1);
  expect(after).toBeUndefined();
});
