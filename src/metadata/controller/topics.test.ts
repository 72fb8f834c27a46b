import fc from 'fast-check';
import { expect, test } from 'vitest';
import { zeroUuid } from '#protocol';
import { topicConfigs } from '../configs/topic-configs.ts';
import { config, idOf } from '../testing.ts';
import { placePartition } from './placement.ts';
import { newTopic, registration, TestCluster } from './testing.ts';

function threeBrokers() {
  return new TestCluster().startBrokers(1, 2, 3);
}

test("partitions go round the brokers in id order, from the lowest, for every topic: the contract's example", () => {
  const cluster = new TestCluster().startBrokers(3, 1, 2);

  cluster.createTopics([newTopic('test'), newTopic('more', { numPartitions: 5 })]);

  expect(cluster.leaders('test')).toEqual([1, 2, 3]);
  expect(cluster.leaders('more')).toEqual([1, 2, 3, 1, 2]);
  expect(cluster.partitions('test')[1]).toEqual({
    partition: 1,
    replicas: [2],
    directories: [idOf(5002)],
    isr: [2],
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: 2,
    leaderEpoch: 0,
    partitionEpoch: 0,
    leaderRecoveryState: 0,
  });
});

test('brokers out of service lead nothing new, and are followers only where others do not suffice', () => {
  const cluster = threeBrokers();
  cluster.pass(3500, 1, 3);

  cluster.createTopics([newTopic('test'), newTopic('copied', { replicationFactor: 2 }), newTopic('everywhere', { replicationFactor: 3 })]);

  expect(cluster.leaders('test')).toEqual([1, 3, 1]);
  expect(cluster.partitions('copied').map(({ replicas }) => replicas)).toEqual([
    [1, 3],
    [3, 1],
    [1, 3],
  ]);
  expect(cluster.partitions('everywhere')[0]).toMatchObject({ replicas: [1, 3, 2], isr: [1, 3], leader: 1 });
});

test.each([
  { racks: [null, null, null, null], expected: [2, 3, 4], because: 'without racks the next ones follow' },
  { racks: ['a', 'a', 'b', 'b'], expected: [2, 3, 4], because: 'the next one is in another rack already' },
  { racks: ['a', 'b', 'b', 'a'], expected: [2, 4, 3], because: 'another rack comes before the next broker' },
  { racks: ['a', 'b', 'b', 'c'], expected: [2, 4, 1], because: 'each rack comes once before any comes twice' },
])('with racks $racks the replicas of partition 1 are $expected: $because', ({ racks, expected }) => {
  const brokers = racks.map((rack, index) => ({ id: index + 1, rack, live: true }));

  expect(placePartition(1, 3, brokers)).toEqual(expected);
});

test('placed replicas are distinct and leaders go round evenly, whatever the racks', () => {
  const racks = fc.array(fc.option(fc.constantFrom('a', 'b', 'c')), { minLength: 1, maxLength: 6 });
  const up = fc.array(fc.boolean(), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(racks, up, fc.nat(20), fc.integer({ min: 1, max: 6 }), (list, states, partition, wanted) => {
      const brokers = list.map((rack, index) => ({ id: index + 1, rack, live: index === 0 || states[index]! }));
      const live = brokers.filter((broker) => broker.live).map(({ id }) => id);
      const factor = Math.min(wanted, brokers.length);
      const replicas = placePartition(partition, factor, brokers);

      expect(new Set(replicas).size).toBe(factor);
      expect(replicas[0]).toBe(live[partition % live.length]);
      expect(replicas.filter((id) => live.includes(id))).toHaveLength(Math.min(factor, live.length));
    }),
  );
});

test('a topic that exists is neither made again nor touched (M2)', () => {
  const cluster = threeBrokers();
  const [first] = cluster.createTopics([newTopic('test')]);
  const before = cluster.image.topics.byName('test');

  const [second] = cluster.createTopics([newTopic('test', { numPartitions: 9 })]);

  expect(first).toMatchObject({ errorCode: 'NONE', topicId: before!.id, numPartitions: 3, replicationFactor: 1 });
  expect(second).toMatchObject({ errorCode: 'TOPIC_ALREADY_EXISTS', topicId: zeroUuid });
  expect(cluster.image.topics.byName('test')).toBe(before);
});

test.each([
  '',
  '.',
  '..',
  'a/b',
  'a b',
  'ä',
  'a\0b',
  'x'.repeat(250),
  '../x',
  '__cluster_metadata',
])('%j is refused as a topic name', (name) => {
  const cluster = threeBrokers();

  expect(cluster.createTopics([newTopic(name)])[0]).toMatchObject({ errorCode: 'INVALID_TOPIC_EXCEPTION' });
  expect(cluster.image.topics.size).toBe(0);
});

test('names that mean something to JavaScript are plain topics (H7)', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', 'x'.repeat(249)];
  const cluster = threeBrokers();

  const rows = cluster.createTopics(names.map((name) => newTopic(name)));

  expect(rows.map(({ errorCode }) => errorCode)).toEqual(names.map(() => 'NONE'));
  expect(cluster.image.topics.all().map(({ name }) => name)).toEqual([...names].sort());
});

test('any text as a topic name is either made as it is or refused', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9._-]{1,10}$/)), (name) => {
      const cluster = threeBrokers();
      const [row] = cluster.createTopics([newTopic(name)]);
      if (row!.errorCode === 'NONE') expect(cluster.image.topics.all().map((topic) => topic.name)).toEqual([name]);
      else expect(row!.errorCode).toBe('INVALID_TOPIC_EXCEPTION');
    }),
  );
});

test("names that differ only in '.' and '_' collide, also within one request, until one is deleted", () => {
  const cluster = threeBrokers();
  cluster.createTopics([newTopic('a.b')]);

  expect(cluster.createTopics([newTopic('a_b')])[0]).toMatchObject({
    errorCode: 'INVALID_TOPIC_EXCEPTION',
    errorMessage: expect.stringContaining('a.b'),
  });
  expect(cluster.createTopics([newTopic('c.d'), newTopic('c_d')]).map(({ errorCode }) => errorCode)).toEqual([
    'NONE',
    'INVALID_TOPIC_EXCEPTION',
  ]);
  cluster.carryOut(cluster.controller.deleteTopics({ topics: [], topicNames: ['a.b'], timeoutMs: 1 }, 5));

  expect(cluster.createTopics([newTopic('a_b')])[0]).toMatchObject({ errorCode: 'NONE' });
});

test('a name that comes twice in a request is refused, the rest is made', () => {
  const cluster = threeBrokers();

  const rows = cluster.createTopics([newTopic('a'), newTopic('b'), newTopic('a')]);

  expect(rows.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['a', 'INVALID_REQUEST'],
    ['b', 'NONE'],
  ]);
});

test.each([
  { change: { numPartitions: 0 }, error: 'INVALID_PARTITIONS' },
  { change: { numPartitions: -2 }, error: 'INVALID_PARTITIONS' },
  { change: { numPartitions: 10_001 }, error: 'POLICY_VIOLATION' },
  { change: { numPartitions: 2 ** 31 - 1 }, error: 'POLICY_VIOLATION' },
  { change: { replicationFactor: 0 }, error: 'INVALID_REPLICATION_FACTOR' },
  { change: { replicationFactor: 4 }, error: 'INVALID_REPLICATION_FACTOR' },
  { change: { configs: [{ name: 'retention.ms', value: 'x' }] }, error: 'INVALID_CONFIG' },
  { change: { configs: [{ name: 'retention.ms', value: null }] }, error: 'INVALID_CONFIG' },
  { change: { configs: [{ name: 'cleanup.policy', value: 'delete,'.repeat(10_000) }] }, error: 'INVALID_CONFIG' },
  { change: { configs: [{ name: 'min.insync.replicas', value: '2' }] }, error: 'INVALID_CONFIG' },
  { change: { assignments: [{ partitionIndex: 0, brokerIds: [1] }] }, error: 'INVALID_REQUEST' },
])('a topic with $change is refused as $error', ({ change, error }) => {
  const cluster = threeBrokers();

  const [row] = cluster.createTopics([newTopic('test', change)]);

  expect(row).toMatchObject({ errorCode: error, errorMessage: expect.any(String) });
  expect(cluster.image.topics.size).toBe(0);
});

test.each([
  {
    assigned: [
      [0, [1]],
      [2, [2]],
    ],
    error: 'INVALID_REPLICA_ASSIGNMENT',
    because: 'partition 1 is missing',
  },
  {
    assigned: [
      [0, [1]],
      [0, [2]],
    ],
    error: 'INVALID_REPLICA_ASSIGNMENT',
    because: 'partition 0 comes twice',
  },
  { assigned: [[0, []]], error: 'INVALID_REPLICA_ASSIGNMENT', because: 'there is no broker' },
  { assigned: [[0, [9]]], error: 'INVALID_REPLICA_ASSIGNMENT', because: 'broker 9 is not known' },
  { assigned: [[0, [1, 1]]], error: 'INVALID_REPLICA_ASSIGNMENT', because: 'broker 1 comes twice' },
  {
    assigned: [
      [0, [1, 2]],
      [1, [1]],
    ],
    error: 'INVALID_REPLICA_ASSIGNMENT',
    because: 'the partitions differ in the number of replicas',
  },
] as { assigned: [number, number[]][]; error: string; because: string }[])('the assignment $assigned is refused: $because', ({
  assigned,
  error,
}) => {
  const cluster = threeBrokers();
  const assignments = assigned.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds }));

  const [row] = cluster.createTopics([newTopic('test', { numPartitions: -1, replicationFactor: -1, assignments })]);

  expect(row!.errorCode).toBe(error);
});

test('an assignment by hand is obeyed, in whatever order it comes', () => {
  const cluster = threeBrokers();
  const assignments = [
    { partitionIndex: 1, brokerIds: [3, 1] },
    { partitionIndex: 0, brokerIds: [2, 3] },
  ];

  cluster.createTopics([newTopic('test', { numPartitions: -1, replicationFactor: -1, assignments })]);

  expect(cluster.leaders('test')).toEqual([2, 3]);
  expect(cluster.partitions('test').map(({ isr }) => isr)).toEqual([
    [2, 3],
    [3, 1],
  ]);
});

test('without numbers the defaults of the broker hold', () => {
  const cluster = new TestCluster({ properties: { 'num.partitions': '4' } }).startBrokers(1);

  const [row] = cluster.createTopics([newTopic('test', { numPartitions: -1, replicationFactor: -1 })]);

  expect(row).toMatchObject({ numPartitions: 4, replicationFactor: 1 });
});

test('with replicas, lists of them are placed, and no more than there are brokers', () => {
  const cluster = threeBrokers();

  cluster.createTopics([newTopic('test', { replicationFactor: 3 })]);

  expect(cluster.partitions('test').map(({ replicas }) => replicas)).toEqual([
    [1, 2, 3],
    [2, 3, 1],
    [3, 1, 2],
  ]);
  expect(cluster.createTopics([newTopic('more', { replicationFactor: 4 })])[0]).toMatchObject({
    errorCode: 'INVALID_REPLICATION_FACTOR',
    errorMessage: expect.stringContaining('there are 3'),
  });
});

test.each([
  { brokers: [1], expected: { replicationFactor: 1, minInsyncReplicas: '1' } },
  { brokers: [1, 2], expected: { replicationFactor: 2, minInsyncReplicas: '1' } },
  { brokers: [1, 2, 3], expected: { replicationFactor: 3, minInsyncReplicas: '2' } },
  { brokers: [1, 2, 3, 4, 5], expected: { replicationFactor: 3, minInsyncReplicas: '2' } },
])('with brokers $brokers a topic that asks for nothing gets $expected', ({ brokers, expected }) => {
  const cluster = new TestCluster().startBrokers(...brokers);

  const [row] = cluster.createTopics([newTopic('test', { replicationFactor: -1 })]);

  expect(row).toMatchObject({ replicationFactor: expected.replicationFactor });
  expect(row!.configs!.find(({ name }) => name === 'min.insync.replicas')).toMatchObject({
    value: expected.minInsyncReplicas,
    configSource: 5,
  });
  expect(cluster.configs.minInsyncReplicas(cluster.image, 'test', 0)).toBe(Number(expected.minInsyncReplicas));
});

test('min.insync.replicas in force is never more than there are replicas', () => {
  const cluster = threeBrokers();
  const configs = [{ name: 'min.insync.replicas', value: '3' }];
  cluster.createTopics([newTopic('one', { replicationFactor: 1 }), newTopic('three', { replicationFactor: 3, configs })]);
  cluster.carryOut({ records: [config(4, '', 'min.insync.replicas', '2')], response: undefined });

  expect(cluster.configs.minInsyncReplicas(cluster.image, 'one', 0)).toBe(1);
  expect(cluster.configs.minInsyncReplicas(cluster.image, 'three', 0)).toBe(3);
});

test('before any broker is in service no topic can be made', () => {
  const cluster = new TestCluster();
  cluster.carryOut(cluster.controller.registerBroker(registration(1), 0));

  expect(cluster.createTopics([newTopic('test')])[0]).toMatchObject({ errorCode: 'INVALID_REPLICATION_FACTOR' });
});

test('validate only: the answer is the same, but nothing is made', () => {
  const cluster = threeBrokers();

  const rows = cluster.createTopics([newTopic('test'), newTopic('..')], { validateOnly: true });

  expect(rows.map(({ errorCode }) => errorCode)).toEqual(['NONE', 'INVALID_TOPIC_EXCEPTION']);
  expect(rows[0]).toMatchObject({ topicId: zeroUuid, numPartitions: 3 });
  expect(cluster.image.topics.size).toBe(0);
});

test('from version 5 on the answer has every config with its source', () => {
  const cluster = threeBrokers();
  const configs = [{ name: 'retention.ms', value: '5' }];

  const [row] = cluster.createTopics([newTopic('test', { configs })], { version: 5 });
  const [old] = cluster.createTopics([newTopic('old', { configs })], { version: 4 });

  expect(row!.configs).toHaveLength(topicConfigs.size);
  expect(row!.configs!.find(({ name }) => name === 'retention.ms')).toEqual({
    name: 'retention.ms',
    value: '5',
    readOnly: false,
    configSource: 1,
    isSensitive: false,
  });
  expect(row!.configs!.find(({ name }) => name === 'segment.ms')).toMatchObject({ configSource: 5 });
  expect(old!.configs).toBeNull();
});

test('topics are deleted by name or by id, each row for itself (M3)', () => {
  const cluster = threeBrokers();
  cluster.createTopics([newTopic('a'), newTopic('b'), newTopic('c')]);
  const id = cluster.image.topics.byName('b')!.id;
  const topics = [
    { name: 'a', topicId: zeroUuid },
    { name: null, topicId: id },
    { name: 'nobody', topicId: zeroUuid },
    { name: null, topicId: idOf(1) },
    { name: null, topicId: zeroUuid },
    { name: 'c', topicId: id },
  ];

  const { responses } = cluster.carryOut(cluster.controller.deleteTopics({ topics, topicNames: [], timeoutMs: 1 }, 6));

  expect(responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['a', 'NONE'],
    ['b', 'NONE'],
    ['nobody', 'UNKNOWN_TOPIC_OR_PARTITION'],
    [null, 'UNKNOWN_TOPIC_ID'],
    [null, 'INVALID_REQUEST'],
    ['c', 'INVALID_REQUEST'],
  ]);
  expect(cluster.image.topics.all().map(({ name }) => name)).toEqual(['c']);
});

test('a topic that is named twice, by name and id, is not deleted', () => {
  const cluster = threeBrokers();
  cluster.createTopics([newTopic('a')]);
  const topics = [
    { name: 'a', topicId: zeroUuid },
    { name: null, topicId: cluster.image.topics.byName('a')!.id },
  ];

  const { responses } = cluster.carryOut(cluster.controller.deleteTopics({ topics, topicNames: [], timeoutMs: 1 }, 6));

  expect(responses.map(({ errorCode }) => errorCode)).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST']);
  expect(cluster.image.topics.size).toBe(1);
});

test('a topic that is made again has another id and none of the old configs (M3)', () => {
  const cluster = threeBrokers();
  const [first] = cluster.createTopics([newTopic('a', { configs: [{ name: 'retention.ms', value: '5' }] })]);
  cluster.carryOut(cluster.controller.deleteTopics({ topics: [], topicNames: ['a'], timeoutMs: 1 }, 5));

  const [second] = cluster.createTopics([newTopic('a')]);

  expect(second!.topicId).not.toBe(first!.topicId);
  expect(cluster.image.configs.of('topic', 'a').size).toBe(0);
});

test('where deleting is switched off it is refused', () => {
  const cluster = new TestCluster({ properties: { 'delete.topic.enable': 'false' } }).startBrokers(1);
  cluster.createTopics([newTopic('a')]);

  const { response } = cluster.controller.deleteTopics({ topics: [], topicNames: ['a'], timeoutMs: 1 }, 5);

  expect(response.responses[0]!.errorCode).toBe('TOPIC_DELETION_DISABLED');
});

test('more partitions go on where the round had stopped', () => {
  const cluster = threeBrokers();
  cluster.createTopics([newTopic('a', { numPartitions: 2 })]);

  const request = { topics: [{ name: 'a', count: 5, assignments: null }], timeoutMs: 1, validateOnly: false };
  const { results } = cluster.carryOut(cluster.controller.createPartitions(request));

  expect(results).toEqual([{ name: 'a', errorCode: 'NONE', errorMessage: null }]);
  expect(cluster.leaders('a')).toEqual([1, 2, 3, 1, 2]);
});

test('each topic gets a row of its own for more partitions', () => {
  const cluster = threeBrokers();
  cluster.createTopics([newTopic('a'), newTopic('b'), newTopic('c')]);
  const topics = [
    { name: 'a', count: 3, assignments: null },
    { name: 'nobody', count: 3, assignments: null },
    { name: 'b', count: 4, assignments: [{ brokerIds: [1] }, { brokerIds: [2] }] },
    { name: 'c', count: 4, assignments: [{ brokerIds: [2] }] },
    { name: 'd', count: 20_000, assignments: null },
    { name: 'd', count: 20_000, assignments: null },
  ];

  const { results } = cluster.carryOut(cluster.controller.createPartitions({ topics, timeoutMs: 1, validateOnly: false }));

  expect(results.map(({ errorCode }) => errorCode)).toEqual([
    'INVALID_PARTITIONS',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'INVALID_REPLICA_ASSIGNMENT',
    'NONE',
    'INVALID_REQUEST',
  ]);
  expect(cluster.leaders('c')).toEqual([1, 2, 3, 2]);
});
