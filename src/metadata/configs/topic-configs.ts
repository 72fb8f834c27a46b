import { atLeast, between, type ConfigDefinition, define, either, matching, oneOf, only, someOf, tableOf } from './definition.ts';

const hour = 3_600_000;
const minute = 60_000;
const longMax = 9_223_372_036_854_775_807n;
const throttledReplicas = either(matching(/^(\*)$/, '* for all replicas'), matching(/^\d+:\d+$/, 'a list of partition:broker'));
const noTieredStorage = 'records are kept on the brokers only, there is no tiered storage';

/**
 * Every topic config of Kafka 4.4, and our own flush.mode. Names, types and defaults are Kafka's. What is stored either acts, or
 * tunes something that the topic does without (`inert`), or is refused.
 */
export const topicConfigs: ReadonlyMap<string, ConfigDefinition> = tableOf([
  define(
    'cleanup.policy',
    'list',
    'delete',
    'How old records go: delete removes whole segments by retention.ms and retention.bytes; compact keeps the last record of each key for good, and takes no record without a key; with both, what compaction keeps goes by retention.',
    { rule: someOf('delete', 'compact'), synonyms: ['log.cleanup.policy'] },
  ),
  define(
    'compression.gzip.level',
    'int',
    -1,
    'How hard gzip tries where the broker itself compresses, because compression.type=gzip and the producer sent something else; -1 is the middle.',
    {
      rule: either(between(1, 9), only(-1, 'the default level')),
      synonyms: ['compression.gzip.level'],
    },
  ),
  define(
    'compression.lz4.level',
    'int',
    9,
    'How hard lz4 tries where the broker itself compresses; the encoder here has one level, so the size may differ from what Apache Kafka reaches.',
    {
      rule: between(1, 17),
      effect: 'inert',
      synonyms: ['compression.lz4.level'],
    },
  ),
  define(
    'compression.type',
    'string',
    'producer',
    'The codec in which batches are stored: producer leaves each as it came, any other makes the broker compress again what came otherwise.',
    {
      rule: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
      synonyms: ['compression.type'],
    },
  ),
  define('compression.zstd.level', 'int', 3, 'How hard zstd tries where the broker itself compresses.', {
    rule: between(-131072, 22),
    synonyms: ['compression.zstd.level'],
  }),
  define(
    'delete.retention.ms',
    'long',
    86_400_000,
    'How long a deletion stays in a compacted topic, in milliseconds, after what it deletes has gone: in that time a reader who began earlier has to come to it.',
    {
      rule: atLeast(0),
      synonyms: ['log.cleaner.delete.retention.ms'],
    },
  ),
  define(
    'errors.deadletterqueue.group.enable',
    'boolean',
    false,
    'Whether share groups may use the topic as their dead letter queue; nothing asks while share groups are not served.',
    { effect: 'inert' },
  ),
  define('file.delete.delay.ms', 'long', 60_000, 'How long a removed segment file stays on disk under another name, in milliseconds.', {
    rule: atLeast(0),
    synonyms: ['log.segment.delete.delay.ms'],
  }),
  define(
    'flush.messages',
    'long',
    longMax,
    'After how many records the log is forced to disk. Under flush.mode=fsync every acknowledged record is there already; with flush.mode=os only the default is taken.',
    {
      rule: atLeast(1),
      effect: 'inert',
      synonyms: ['log.flush.interval.messages'],
    },
  ),
  define(
    'flush.mode',
    'string',
    'fsync',
    'When records are acknowledged: fsync, when they are on the disk, shared by all that wait; os, when the operating system has them, as Apache Kafka does, so that a power cut can take acknowledged records.',
    {
      rule: oneOf('fsync', 'os'),
      synonyms: ['log.flush.mode'],
    },
  ),
  define(
    'flush.ms',
    'long',
    longMax,
    'After how many milliseconds the log is forced to disk. Under flush.mode=fsync every acknowledged record is there already; with flush.mode=os only the default is taken.',
    {
      rule: atLeast(0),
      effect: 'inert',
      synonyms: ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'],
    },
  ),
  define(
    'follower.replication.throttled.replicas',
    'list',
    '',
    'The replicas, as partition:broker, that fetch from their leader at a bounded rate; no bound is set while there is nothing to replicate.',
    {
      rule: throttledReplicas,
      effect: 'inert',
    },
  ),
  define('index.interval.bytes', 'int', 4096, 'About how many bytes of records lie between two entries of the offset index.', {
    rule: atLeast(0),
    synonyms: ['log.index.interval.bytes'],
  }),
  define(
    'leader.replication.throttled.replicas',
    'list',
    '',
    'The replicas, as partition:broker, that their leader serves at a bounded rate; no bound is set while there is nothing to replicate.',
    {
      rule: throttledReplicas,
      effect: 'inert',
    },
  ),
  define(
    'local.retention.bytes',
    'long',
    -2,
    `How much of a tiered topic stays on the broker; -2 means retention.bytes. Here ${noTieredStorage}.`,
    {
      rule: atLeast(-2),
      effect: 'inert',
      synonyms: ['log.local.retention.bytes'],
    },
  ),
  define(
    'local.retention.ms',
    'long',
    -2,
    `How long records of a tiered topic stay on the broker; -2 means retention.ms. Here ${noTieredStorage}.`,
    {
      rule: atLeast(-2),
      effect: 'inert',
      synonyms: ['log.local.retention.ms'],
    },
  ),
  define(
    'max.compaction.lag.ms',
    'long',
    longMax,
    'After how many milliseconds at most a record of a compacted topic is cleaned, however little there is to clean; segments are closed after that time too.',
    {
      rule: atLeast(1),
      synonyms: ['log.cleaner.max.compaction.lag.ms'],
    },
  ),
  define(
    'max.decompressed.message.bytes',
    'int',
    2_147_483_639,
    'The most bytes that a record batch may grow to where the broker has to unpack it.',
    {
      rule: between(1, 2_147_483_639),
      synonyms: ['max.decompressed.message.bytes'],
    },
  ),
  define('max.message.bytes', 'int', 1_048_588, 'The largest record batch, compressed as it came, that producers may write.', {
    rule: atLeast(0),
    synonyms: ['message.max.bytes'],
  }),
  define(
    'message.timestamp.after.max.ms',
    'long',
    hour,
    "How far ahead of the broker's clock, in milliseconds, a record's own timestamp may lie; not checked with LogAppendTime.",
    {
      rule: atLeast(0),
      synonyms: ['log.message.timestamp.after.max.ms'],
    },
  ),
  define(
    'message.timestamp.before.max.ms',
    'long',
    longMax,
    "How far behind the broker's clock, in milliseconds, a record's own timestamp may lie; not checked with LogAppendTime.",
    {
      rule: atLeast(0),
      synonyms: ['log.message.timestamp.before.max.ms'],
    },
  ),
  define(
    'message.timestamp.type',
    'string',
    'CreateTime',
    "Whether records keep the timestamp that their producer gave (CreateTime) or get the broker's clock (LogAppendTime).",
    {
      rule: oneOf('CreateTime', 'LogAppendTime'),
      synonyms: ['log.message.timestamp.type'],
    },
  ),
  define('min.cleanable.dirty.ratio', 'double', 0.5, 'Which part of a compacted log must be uncleaned before it is cleaned.', {
    rule: between(0, 1),
    synonyms: ['log.cleaner.min.cleanable.ratio'],
  }),
  define('min.compaction.lag.ms', 'long', 0, 'For how many milliseconds a record is safe from compaction.', {
    rule: atLeast(0),
    synonyms: ['log.cleaner.min.compaction.lag.ms'],
  }),
  define(
    'min.insync.replicas',
    'int',
    1,
    'How many replicas must be in sync before a record is committed, and acks=all is answered. Where it is not set it is 2 for a topic with three replicas or more, else 1. More than the topic has replicas is refused.',
    {
      rule: atLeast(1),
      synonyms: ['min.insync.replicas'],
    },
  ),
  define(
    'preallocate',
    'boolean',
    false,
    'Whether a segment file is made in its full size; files here grow as they are written, which is as safe.',
    {
      effect: 'inert',
      synonyms: ['log.preallocate'],
    },
  ),
  define('remote.copy.lag.bytes', 'long', -1, `How many bytes may wait to be copied to the remote tier. Here ${noTieredStorage}.`, {
    rule: atLeast(-1),
    effect: 'inert',
  }),
  define(
    'remote.copy.lag.ms',
    'long',
    0,
    `How long a segment waits to be copied to the remote tier, in milliseconds. Here ${noTieredStorage}.`,
    { rule: atLeast(-1), effect: 'inert' },
  ),
  define('remote.log.copy.disable', 'boolean', false, `Whether a tiered topic is no longer copied. Here ${noTieredStorage}.`, {
    effect: 'inert',
  }),
  define(
    'remote.log.delete.on.disable',
    'boolean',
    false,
    `Whether remote data goes when tiering is switched off. Here ${noTieredStorage}.`,
    { effect: 'inert' },
  ),
  define(
    'remote.storage.enable',
    'boolean',
    false,
    `Whether old segments move to a remote tier. Only false is taken: ${noTieredStorage}.`,
    { rule: only(false, noTieredStorage) },
  ),
  define(
    'retention.bytes',
    'long',
    -1,
    'How many bytes of a partition are kept before old segments go; -1 sets no bound. Acts where cleanup.policy has delete.',
    {
      synonyms: ['log.retention.bytes'],
    },
  ),
  define(
    'retention.ms',
    'long',
    604_800_000,
    'How many milliseconds records are kept at least before their segment goes; -1 for ever. Acts where cleanup.policy has delete.',
    {
      rule: atLeast(-1),
      synonyms: ['log.retention.ms', { broker: 'log.retention.minutes', factor: minute }, { broker: 'log.retention.hours', factor: hour }],
    },
  ),
  define('segment.bytes', 'int', 1_073_741_824, 'The size at which a segment file is full and another begins.', {
    rule: atLeast(1_048_576),
    synonyms: ['log.segment.bytes'],
  }),
  define('segment.index.bytes', 'int', 10_485_760, 'The most bytes of the index of one segment; when it is full another segment begins.', {
    rule: atLeast(4),
    synonyms: ['log.index.size.max.bytes'],
  }),
  define(
    'segment.jitter.ms',
    'long',
    0,
    'By how much, at random, a segment may be closed before segment.ms, so that not all partitions do it at once.',
    {
      rule: atLeast(0),
      synonyms: ['log.roll.jitter.ms', { broker: 'log.roll.jitter.hours', factor: hour }],
    },
  ),
  define(
    'segment.ms',
    'long',
    604_800_000,
    'After how many milliseconds a segment is closed although it is not full, so that retention can reach it.',
    {
      rule: atLeast(1),
      synonyms: ['log.roll.ms', { broker: 'log.roll.hours', factor: hour }],
    },
  ),
  define(
    'unclean.leader.election.enable',
    'boolean',
    false,
    'Whether a replica that may lack acknowledged records may lead when no other is left, at the price of those records.',
    {
      synonyms: ['unclean.leader.election.enable'],
    },
  ),
]);
