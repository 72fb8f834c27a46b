import { atLeast, type ConfigDefinition, define, matching, oneOf, tableOf } from './definition.ts';

const later = 'Groups of this kind are not served in this version; the value waits for them.';
const inert = { effect: 'inert' } as const;

/** Every group config of Kafka 4.4. All are stored and checked; those of share and streams groups wait for them. */
export const groupConfigs: ReadonlyMap<string, ConfigDefinition> = tableOf([
  define('consumer.assignment.interval.ms', 'int', 1000, `How long assignments of a consumer group are at least apart. ${later}`, {
    rule: atLeast(0),
    ...inert,
  }),
  define(
    'consumer.assignor.offload.enable',
    'boolean',
    true,
    `Whether assignments of a consumer group are computed aside. ${later}`,
    inert,
  ),
  define(
    'consumer.heartbeat.interval.ms',
    'int',
    5000,
    'How often members of the consumer group send heartbeats; where it is not set, group.consumer.heartbeat.interval.ms counts.',
    { rule: atLeast(1), synonyms: ['group.consumer.heartbeat.interval.ms'] },
  ),
  define('consumer.session.timeout.ms', 'int', 45_000, `After how long without a report a member is out. ${later}`, {
    rule: atLeast(1),
    ...inert,
  }),
  define(
    'errors.deadletterqueue.copy.record.enable',
    'boolean',
    false,
    `Whether a share group's dead letters carry the record itself. ${later}`,
    inert,
  ),
  define('errors.deadletterqueue.topic.name', 'string', '', `The topic of a share group's dead letters. ${later}`, inert),
  define('share.assignment.interval.ms', 'int', 1000, `How long assignments of a share group are at least apart. ${later}`, {
    rule: atLeast(0),
    ...inert,
  }),
  define('share.assignor.offload.enable', 'boolean', true, `Whether assignments of a share group are computed aside. ${later}`, inert),
  define('share.auto.offset.reset', 'string', 'latest', `Where a share group begins. ${later}`, {
    rule: matching(/^(latest|earliest|by_duration:P.+)$/, 'latest, earliest or by_duration: with an ISO 8601 duration'),
    ...inert,
  }),
  define('share.delivery.count.limit', 'int', 5, `How often a share group delivers a record before it gives up. ${later}`, {
    rule: atLeast(2),
    ...inert,
  }),
  define('share.heartbeat.interval.ms', 'int', 5000, `How often members of a share group report. ${later}`, { rule: atLeast(1), ...inert }),
  define('share.isolation.level', 'string', 'read_uncommitted', `Whether a share group sees only what was committed. ${later}`, {
    rule: oneOf('read_committed', 'read_uncommitted'),
    ...inert,
  }),
  define('share.partition.max.record.locks', 'int', 2000, `How many records of a partition a share group holds at once. ${later}`, {
    rule: atLeast(100),
    ...inert,
  }),
  define('share.record.lock.duration.ms', 'int', 30_000, `How long a member of a share group holds a record. ${later}`, {
    rule: atLeast(1000),
    ...inert,
  }),
  define(
    'share.renew.acknowledge.enable',
    'boolean',
    true,
    `Whether a member of a share group may hold a record for longer. ${later}`,
    inert,
  ),
  define('share.session.timeout.ms', 'int', 45_000, `After how long without a report a member of a share group is out. ${later}`, {
    rule: atLeast(1),
    ...inert,
  }),
  define(
    'streams.acceptable.recovery.lag',
    'long',
    10_000,
    `How far behind a streams task may be and still be given out as active. ${later}`,
    { rule: atLeast(0), ...inert },
  ),
  define('streams.assignment.interval.ms', 'int', 1000, `How long assignments of a streams group are at least apart. ${later}`, {
    rule: atLeast(0),
    ...inert,
  }),
  define('streams.assignor.name', 'string', null, `Which assignor a streams group uses. ${later}`, inert),
  define('streams.assignor.offload.enable', 'boolean', true, `Whether assignments of a streams group are computed aside. ${later}`, inert),
  define('streams.heartbeat.interval.ms', 'int', 5000, `How often members of a streams group report. ${later}`, {
    rule: atLeast(1),
    ...inert,
  }),
  define(
    'streams.initial.rebalance.delay.ms',
    'int',
    3000,
    `How long the first assignment of a streams group waits for more members. ${later}`,
    { rule: atLeast(0), ...inert },
  ),
  define('streams.num.standby.replicas', 'int', 0, `How many standby tasks a streams group keeps. ${later}`, {
    rule: atLeast(0),
    ...inert,
  }),
  define('streams.num.warmup.replicas', 'int', 2, `How many tasks of a streams group warm up at once. ${later}`, {
    rule: atLeast(0),
    ...inert,
  }),
  define('streams.rack.aware.assignment.tags', 'list', '', `Tags over which a streams group spreads its standby tasks. ${later}`, inert),
  define('streams.session.timeout.ms', 'int', 45_000, `After how long without a report a member of a streams group is out. ${later}`, {
    rule: atLeast(1),
    ...inert,
  }),
  define(
    'streams.task.offset.interval.ms',
    'int',
    60_000,
    `How often members of a streams group report the offsets of their tasks. ${later}`,
    { rule: atLeast(1), ...inert },
  ),
]);
