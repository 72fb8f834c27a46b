import { expect, test } from 'vitest';
import { newTopic, TestCluster } from './testing.ts';

const [set, remove, append, subtract] = [0, 1, 2, 3] as const;
const [topicType, brokerType, loggerType, metricsType, groupType] = [2, 4, 8, 16, 32] as const;
type Entry = readonly [name: string, operation: number, value: string | null];

function clusterWithTopic() {
  const cluster = new TestCluster().startBrokers(1, 2);
  cluster.createTopics([newTopic('orders', { configs: [{ name: 'retention.ms', value: '5' }] })]);
  return cluster;
}

function change(cluster: TestCluster, resourceType: number, resourceName: string, entries: readonly Entry[], validateOnly = false) {
  const configs = entries.map(([name, configOperation, value]) => ({ name, configOperation, value }));
  const request = { resources: [{ resourceType, resourceName, configs }], validateOnly };
  return cluster.carryOut(cluster.controller.incrementalAlterConfigs(request)).responses[0]!;
}

function configsOf(cluster: TestCluster, resource: 'topic' | 'broker' | 'group' = 'topic', name = 'orders') {
  return Object.fromEntries(cluster.image.configs.of(resource, name));
}

test('entries are set and removed, and what is not named stays', () => {
  const cluster = clusterWithTopic();

  expect(change(cluster, topicType, 'orders', [['segment.ms', set, '7']]).errorCode).toBe('NONE');
  expect(configsOf(cluster)).toEqual({ 'retention.ms': '5', 'segment.ms': '7' });
  change(cluster, topicType, 'orders', [['retention.ms', remove, null]]);

  expect(configsOf(cluster)).toEqual({ 'segment.ms': '7' });
});

test('min.insync.replicas is set for a topic or for all brokers, not for one of them, who would count otherwise than the rest (P4)', () => {
  const cluster = clusterWithTopic();

  expect(change(cluster, brokerType, '1', [['min.insync.replicas', set, '2']]).errorCode).toBe('INVALID_CONFIG');
  expect(change(cluster, brokerType, '', [['min.insync.replicas', set, '2']]).errorCode).toBe('NONE');
});

test('a list is extended from what holds without an entry, and shortened', () => {
  const cluster = clusterWithTopic();

  change(cluster, topicType, 'orders', [['cleanup.policy', append, 'compact,delete']]);
  expect(configsOf(cluster)).toMatchObject({ 'cleanup.policy': 'delete,compact' });
  change(cluster, topicType, 'orders', [['cleanup.policy', subtract, 'delete']]);

  expect(configsOf(cluster)).toMatchObject({ 'cleanup.policy': 'compact' });
});

test('one bad entry leaves all of its resource as it was, and only that', () => {
  const cluster = clusterWithTopic();
  cluster.createTopics([newTopic('other')]);
  const entry = (name: string, value: string) => ({ name, configOperation: set, value });
  const resources = [
    { resourceType: topicType, resourceName: 'orders', configs: [entry('segment.ms', '7'), entry('retention.ms', 'x')] },
    { resourceType: topicType, resourceName: 'other', configs: [entry('segment.ms', '8')] },
  ];

  const { responses } = cluster.carryOut(cluster.controller.incrementalAlterConfigs({ resources, validateOnly: false }));

  expect(responses.map(({ errorCode }) => errorCode)).toEqual(['INVALID_CONFIG', 'NONE']);
  expect(configsOf(cluster)).toEqual({ 'retention.ms': '5' });
  expect(configsOf(cluster, 'topic', 'other')).toEqual({ 'segment.ms': '8' });
});

test('validate only changes nothing', () => {
  const cluster = clusterWithTopic();

  expect(change(cluster, topicType, 'orders', [['segment.ms', set, '7']], true).errorCode).toBe('NONE');
  expect(configsOf(cluster)).toEqual({ 'retention.ms': '5' });
});

test.each([
  [topicType, 'nobody', [['retention.ms', set, '1']], 'UNKNOWN_TOPIC_OR_PARTITION'],
  [topicType, '..', [['retention.ms', set, '1']], 'INVALID_TOPIC_EXCEPTION'],
  [topicType, 'orders', [['retention.ms', set, null]], 'INVALID_CONFIG'],
  [topicType, 'orders', [['retention.ms', append, '1']], 'INVALID_CONFIG'],
  [topicType, 'orders', [['retention.ms', 4, '1']], 'INVALID_REQUEST'],
  [
    topicType,
    'orders',
    [
      ['retention.ms', set, '1'],
      ['retention.ms', remove, null],
    ],
    'INVALID_REQUEST',
  ],
  [topicType, 'orders', [['min.insync.replicas', set, '2']], 'INVALID_CONFIG'],
  [topicType, 'orders', [['__proto__', set, '2']], 'INVALID_CONFIG'],
  [brokerType, '7', [['log.retention.ms', set, '1']], 'BROKER_ID_NOT_REGISTERED'],
  [brokerType, '01', [['log.retention.ms', set, '1']], 'BROKER_ID_NOT_REGISTERED'],
  [brokerType, 'one', [['log.retention.ms', set, '1']], 'INVALID_REQUEST'],
  [brokerType, '1', [['num.partitions', set, '1']], 'INVALID_CONFIG'],
  [groupType, '', [['consumer.session.timeout.ms', set, '1']], 'INVALID_REQUEST'],
  [loggerType, '1', [['kafka', set, 'DEBUG']], 'INVALID_REQUEST'],
  [metricsType, 'm', [['interval.ms', set, '1']], 'INVALID_REQUEST'],
] as const)('resource type %i %s with %j is refused as %s', (type, name, entries, error) => {
  const cluster = clusterWithTopic();

  expect(change(cluster, type, name, entries)).toMatchObject({
    errorCode: error,
    errorMessage: expect.any(String),
    resourceType: type,
    resourceName: name,
  });
});

test('brokers, all brokers and groups have configs too', () => {
  const cluster = clusterWithTopic();

  expect(change(cluster, brokerType, '1', [['log.retention.ms', set, '1']]).errorCode).toBe('NONE');
  expect(change(cluster, brokerType, '', [['log.retention.ms', set, '2']]).errorCode).toBe('NONE');
  expect(change(cluster, groupType, 'readers', [['consumer.session.timeout.ms', set, '50000']]).errorCode).toBe('NONE');

  expect(configsOf(cluster, 'broker', '1')).toEqual({ 'log.retention.ms': '1' });
  expect(configsOf(cluster, 'broker', '')).toEqual({ 'log.retention.ms': '2' });
  expect(configsOf(cluster, 'group', 'readers')).toEqual({ 'consumer.session.timeout.ms': '50000' });
});

test('a resource that is named twice is refused both times', () => {
  const cluster = clusterWithTopic();
  const resource = { resourceType: topicType, resourceName: 'orders', configs: [] };

  const { response } = cluster.controller.incrementalAlterConfigs({ resources: [resource, resource], validateOnly: false });

  expect(response.responses.map(({ errorCode }) => errorCode)).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST']);
});

test('the older way replaces everything that was set', () => {
  const cluster = clusterWithTopic();
  const resources = [{ resourceType: topicType, resourceName: 'orders', configs: [{ name: 'segment.ms', value: '7' }] }];

  cluster.carryOut(cluster.controller.alterConfigs({ resources, validateOnly: false }));

  expect(configsOf(cluster)).toEqual({ 'segment.ms': '7' });
});

test('a value that is set already makes no record', () => {
  const cluster = clusterWithTopic();
  const records = cluster.records.length;

  change(cluster, topicType, 'orders', [['retention.ms', set, '5']]);

  expect(cluster.records).toHaveLength(records);
});
