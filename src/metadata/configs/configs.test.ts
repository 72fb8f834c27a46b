import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyImage, type MetadataImage } from '../image/image.ts';
import { foldRecords } from '../image/image-builder.ts';
import { brokerConfigs } from './broker-configs.ts';
import { EffectiveConfigs } from './effective-configs.ts';
import { groupConfigs } from './group-configs.ts';
import { faultOf } from './parse.ts';
import { topicConfigs } from './topic-configs.ts';
import { checkBrokerProperties, checkConfig, checkConfigSet, checkTopicConfigs } from './validate.ts';

const resourceTypes = { topic: 2, broker: 4, group: 32 };

function imageWith(...configs: readonly ['topic' | 'broker' | 'group', string, string, string][]): MetadataImage {
  return foldRecords(
    configs.map(([resource, resourceName, name, value]) => ({
      name: 'ConfigRecord',
      value: { resourceType: resourceTypes[resource], resourceName, name, value },
    })),
  );
}

function configsOf(properties: Record<string, string> = {}) {
  return new EffectiveConfigs({ nodeId: 1, properties: new Map(Object.entries(properties)) });
}

/** Name, type and default as `LogConfig` of Kafka 4.4.0 has them. */
const kafkaTopicConfigs: readonly (readonly [string, string, string])[] = [
  ['cleanup.policy', 'list', 'delete'],
  ['compression.gzip.level', 'int', '-1'],
  ['compression.lz4.level', 'int', '9'],
  ['compression.type', 'string', 'producer'],
  ['compression.zstd.level', 'int', '3'],
  ['delete.retention.ms', 'long', '86400000'],
  ['errors.deadletterqueue.group.enable', 'boolean', 'false'],
  ['file.delete.delay.ms', 'long', '60000'],
  ['flush.messages', 'long', '9223372036854775807'],
  ['flush.ms', 'long', '9223372036854775807'],
  ['follower.replication.throttled.replicas', 'list', ''],
  ['index.interval.bytes', 'int', '4096'],
  ['leader.replication.throttled.replicas', 'list', ''],
  ['local.retention.bytes', 'long', '-2'],
  ['local.retention.ms', 'long', '-2'],
  ['max.compaction.lag.ms', 'long', '9223372036854775807'],
  ['max.decompressed.message.bytes', 'int', '2147483639'],
  ['max.message.bytes', 'int', '1048588'],
  ['message.timestamp.after.max.ms', 'long', '3600000'],
  ['message.timestamp.before.max.ms', 'long', '9223372036854775807'],
  ['message.timestamp.type', 'string', 'CreateTime'],
  ['min.cleanable.dirty.ratio', 'double', '0.5'],
  ['min.compaction.lag.ms', 'long', '0'],
  ['min.insync.replicas', 'int', '1'],
  ['preallocate', 'boolean', 'false'],
  ['remote.copy.lag.bytes', 'long', '-1'],
  ['remote.copy.lag.ms', 'long', '0'],
  ['remote.log.copy.disable', 'boolean', 'false'],
  ['remote.log.delete.on.disable', 'boolean', 'false'],
  ['remote.storage.enable', 'boolean', 'false'],
  ['retention.bytes', 'long', '-1'],
  ['retention.ms', 'long', '604800000'],
  ['segment.bytes', 'int', '1073741824'],
  ['segment.index.bytes', 'int', '10485760'],
  ['segment.jitter.ms', 'long', '0'],
  ['segment.ms', 'long', '604800000'],
  ['unclean.leader.election.enable', 'boolean', 'false'],
];

test('the topic configs are those of Kafka 4.4, with its types and defaults, and flush.mode', () => {
  const ours = [...topicConfigs.values()]
    .filter(({ name }) => name !== 'flush.mode')
    .map(({ name, type, default: value }) => [name, type, value]);

  expect(ours.sort()).toEqual(kafkaTopicConfigs);
});

test('every default obeys its own rule, and every config says what it does', () => {
  for (const table of [topicConfigs, brokerConfigs, groupConfigs]) {
    for (const definition of table.values()) {
      if (definition.default !== null) expect(faultOf(definition, definition.default)).toBeUndefined();
      expect(definition.doc).toMatch(/\.$/);
      for (const { broker } of definition.synonyms)
        expect(brokerConfigs.has(broker), `${definition.name} falls back to ${broker}`).toBe(true);
    }
  }
});

test.each([
  ['retention.ms', '-2', 'retention.ms=-2: must be at least -1'],
  ['retention.ms', 'soon', 'retention.ms=soon: must be a whole number of 64 bits'],
  ['retention.ms', '9223372036854775808', 'must be a whole number of 64 bits'],
  ['segment.bytes', '100', 'segment.bytes=100: must be at least 1048576'],
  ['segment.bytes', '2147483648', 'must be a whole number from'],
  ['cleanup.policy', 'shred', 'cleanup.policy=shred: must be a list of delete, compact'],
  ['cleanup.policy', 'delete,delete', 'each at most once'],
  ['compression.type', 'lzma', 'must be one of'],
  ['preallocate', 'yes', 'preallocate=yes: must be true or false'],
  ['min.cleanable.dirty.ratio', '1.5', 'must be from 0 to 1'],
  ['remote.storage.enable', 'true', 'there is no tiered storage'],
  ['follower.replication.throttled.replicas', 'all', 'partition:broker'],
  ['no.such.config', '1', 'no.such.config: there is no topic config of this name'],
  ['__proto__', '1', '__proto__: there is no topic config of this name'],
  ['min.insync.replicas', '2', 'must be at most the replication factor, 1'],
  ['bad\u0007name', '1', 'bad?name: there is no topic config'],
])('%s=%s is refused as INVALID_CONFIG: %s', (name, value, message) => {
  expect(() => checkTopicConfigs(new Map([[name, value]]), 1)).toThrow(
    expect.objectContaining({ errorName: 'INVALID_CONFIG', message: expect.stringContaining(message) }),
  );
});

test.each([
  ['cleanup.policy', 'compact'],
  ['cleanup.policy', 'compact, delete'],
  ['retention.ms', '-1'],
  ['retention.ms', ' 1000 '],
  ['preallocate', 'TRUE'],
  ['min.cleanable.dirty.ratio', '5e-1'],
  ['leader.replication.throttled.replicas', '0:1,1:2'],
  ['leader.replication.throttled.replicas', '*'],
  ['flush.mode', 'os'],
])('%s=%s is taken', (name, value) => {
  expect(() => checkTopicConfigs(new Map([[name, value]]), 1)).not.toThrow();
});

test('forcing to disk by count beside flush.mode=os is refused, since it would not be done', () => {
  const configs = new Map([
    ['flush.mode', 'os'],
    ['flush.messages', '1'],
  ]);

  expect(() => checkTopicConfigs(configs, 1)).toThrow('flush.messages=1');
});

test('a wrong password is not shown, and no text breaks the check', () => {
  fc.assert(
    fc.property(fc.constantFrom(...topicConfigs.keys()), fc.string(), (name, value) => {
      try {
        checkConfig('topic', name, value);
      } catch (error) {
        expect(error).toMatchObject({ errorName: 'INVALID_CONFIG' });
      }
    }),
  );
});

test('only configs that can change while a broker runs are taken for one', () => {
  expect(() => checkConfigSet('broker', new Map([['log.retention.ms', '1000']]), ['log.retention.ms'], 1)).not.toThrow();
  expect(() => checkConfigSet('broker', new Map([['num.partitions', '3']]), ['num.partitions'], 1)).toThrow(
    'can only be set when a broker is started',
  );
});

test('start properties with a wrong value are refused, unknown ones are named', () => {
  expect(
    checkBrokerProperties(
      new Map([
        ['num.partitions', '3'],
        ['my.plugin', 'x'],
      ]),
    ),
  ).toEqual(['my.plugin']);
  expect(() => checkBrokerProperties(new Map([['num.partitions', '0']]))).toThrow('num.partitions=0: must be at least 1');
});

test('a topic config comes from the topic, else this broker, else all brokers, else the start, else the default', () => {
  const places: ['topic' | 'broker', string, string, string][] = [
    ['topic', 'orders', 'retention.ms', '1'],
    ['broker', '1', 'log.retention.ms', '2'],
    ['broker', '', 'log.retention.ms', '3'],
  ];
  const configs = configsOf({ 'log.retention.minutes': '1', 'log.retention.hours': '2' });

  const values = places.map((_, index) => configs.topic(imageWith(...places.slice(index)), 'orders', 'retention.ms'));

  expect(values).toEqual(['1', '2', '3']);
  expect(configs.topic(emptyImage, 'orders', 'retention.ms')).toBe('60000');
  expect(configsOf({ 'log.retention.hours': '2' }).topic(emptyImage, 'orders', 'retention.ms')).toBe('7200000');
  expect(configsOf().topic(emptyImage, 'orders', 'retention.ms')).toBe('604800000');
  expect(configsOf({ 'log.retention.hours': '-1' }).topic(emptyImage, 'orders', 'retention.ms')).toBe('-1');
});

test('what another broker was given does not count here', () => {
  expect(configsOf().topic(imageWith(['broker', '2', 'log.retention.ms', '5']), 'orders', 'retention.ms')).toBe('604800000');
});

test('a described topic has every config once, with its source and all synonyms in order', () => {
  const image = imageWith(['topic', 'orders', 'retention.ms', '1'], ['broker', '', 'log.retention.ms', '3']);

  const described = configsOf({ 'log.retention.minutes': '1' }).describeTopic(image, 'orders');

  expect(described.map(({ name }) => name)).toEqual([...topicConfigs.keys()].sort());
  expect(described.find(({ name }) => name === 'retention.ms')).toMatchObject({
    value: '1',
    source: 'topic',
    type: 'long',
    readOnly: false,
    synonyms: [
      { name: 'retention.ms', value: '1', source: 'topic' },
      { name: 'log.retention.ms', value: '3', source: 'dynamic-default-broker' },
      { name: 'log.retention.minutes', value: '60000', source: 'static' },
      { name: 'log.retention.hours', value: '604800000', source: 'default' },
    ],
  });
  expect(described.find(({ name }) => name === 'segment.bytes')).toMatchObject({
    source: 'default',
    synonyms: [{ name: 'log.segment.bytes', source: 'default' }],
  });
});

test('a described broker shows static values as such, and what can change as not read-only', () => {
  const described = configsOf({ 'num.partitions': '4' }).describeBroker(imageWith(['broker', '1', 'log.segment.bytes', '2000000']), '1');

  expect(described.find(({ name }) => name === 'num.partitions')).toMatchObject({ value: '4', source: 'static', readOnly: true });
  expect(described.find(({ name }) => name === 'log.segment.bytes')).toMatchObject({
    value: '2000000',
    source: 'dynamic-broker',
    readOnly: false,
  });
});

test('the default of all brokers shows only what was set for it', () => {
  const described = configsOf().describeBroker(imageWith(['broker', '', 'log.segment.bytes', '2000000']), '');

  expect(described).toMatchObject([{ name: 'log.segment.bytes', source: 'dynamic-default-broker' }]);
});

test('the log config of a topic has its values as numbers', () => {
  const image = imageWith(
    ['topic', 'orders', 'cleanup.policy', 'compact,delete'],
    ['topic', 'orders', 'flush.mode', 'os'],
    ['topic', 'orders', 'segment.bytes', '2000000'],
  );

  const config = configsOf().logConfig(image, 'orders');

  expect(config).toMatchObject({
    cleanupPolicy: ['compact', 'delete'],
    flush: 'os',
    segmentBytes: 2_000_000,
    messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  });
});
