import { atLeast, between, type ConfigDefinition, define, either, matching, oneOf, only, someOf, tableOf } from './definition.ts';
import { topicConfigs } from './topic-configs.ts';

const longMax = 9_223_372_036_854_775_807n;
const dynamic = { dynamic: true } as const;
const inert = { effect: 'inert' } as const;

/** What a broker says about itself and its place in the cluster. Fixed while it runs. */
const identity: readonly ConfigDefinition[] = [
  define('node.id', 'int', null, 'The number of this broker, unique in the cluster: what --id says.', { rule: atLeast(0) }),
  define('broker.id', 'int', null, 'The same as node.id, under its older name.', { rule: atLeast(0) }),
  define(
    'process.roles',
    'list',
    'broker,controller',
    'What this process may be: every broker here holds data and can become the controller.',
    {
      rule: { text: 'broker,controller', accepts: (value) => Array.isArray(value) && [...value].sort().join() === 'broker,controller' },
    },
  ),
  define('broker.rack', 'string', null, 'Where this broker stands; replicas of a partition are spread over racks where racks differ.'),
  define('listeners', 'list', 'PLAINTEXT://localhost:9092', 'Where this broker listens; --listen and --port say it.'),
  define('advertised.listeners', 'list', null, 'The address that clients and brokers are told to dial.'),
  define('listener.security.protocol.map', 'string', 'PLAINTEXT:PLAINTEXT', 'Which listener name speaks which security protocol.', inert),
  define('inter.broker.listener.name', 'string', 'PLAINTEXT', 'The listener over which brokers speak to each other: one of `listeners`.'),
  define('security.inter.broker.protocol', 'string', 'PLAINTEXT', 'The security protocol between brokers.', {
    rule: only('PLAINTEXT', 'brokers speak plain text to each other in this version'),
  }),
  define('controller.listener.names', 'list', 'PLAINTEXT', 'The listeners of controllers: the same as those of brokers.', inert),
  define('controller.quorum.voters', 'list', '', 'The same with their ids, as in 1@kafka-1:9093,2@kafka-2:9093.', inert),
  define('controller.quorum.bootstrap.servers', 'list', '', 'Addresses at which the controllers can be found: what --peers names.', inert),
  define('log.dir', 'string', null, 'The data directory, under its older name.'),
  define('log.dirs', 'string', null, 'The data directory. Exactly one.'),
  define('metadata.log.dir', 'string', null, 'Where the metadata log lies: always in the data directory.', inert),
  define(
    'inter.broker.protocol.version',
    'string',
    '4.3-IV0',
    'Which release the brokers speak to each other; nothing is chosen by it, user interfaces show it.',
    inert,
  ),
];

/** Topics that are made without saying how. */
const topicDefaults: readonly ConfigDefinition[] = [
  define('num.partitions', 'int', 1, 'How many partitions a topic gets whose creator names no number.', { rule: atLeast(1) }),
  define(
    'default.replication.factor',
    'int',
    null,
    'How many replicas a topic gets whose creator names no number; where it is not set, as many as there are brokers, and at most 3.',
    { rule: between(1, 32_767) },
  ),
  define('auto.create.topics.enable', 'boolean', true, 'Whether a topic is made when a client that permits it asks for its metadata.'),
  define('delete.topic.enable', 'boolean', true, 'Whether topics can be deleted.'),
  define('max.request.partition.size.limit', 'int', 2000, 'The most partitions of which one answer to DescribeTopicPartitions speaks.', {
    rule: atLeast(1),
  }),
];

/** The broker configs that topic configs fall back to, made from the topic table so that type, default and rule cannot differ. */
const defaultsOfTopicConfigs: readonly ConfigDefinition[] = [...topicConfigs.values()].flatMap((topicConfig) => {
  const [strongest] = topicConfig.synonyms;
  if (strongest === undefined || hasWeaker(topicConfig)) return [];
  const named =
    strongest.broker === topicConfig.name ? topicConfig.name : `${strongest.broker}, for topics without their own ${topicConfig.name}`;
  const doc =
    strongest.broker === topicConfig.name ? `For topics that do not set it. ${topicConfig.doc}` : `Of ${named}: ${topicConfig.doc}`;
  return [{ ...topicConfig, name: strongest.broker, doc, synonyms: [], dynamic: true }];
});

function hasWeaker(topicConfig: ConfigDefinition): boolean {
  return topicConfig.synonyms.length > 1;
}

/** Times in several units: of those that are set the finest counts. */
const timesInSeveralUnits: readonly ConfigDefinition[] = [
  define('log.retention.ms', 'long', null, 'Milliseconds that records are kept, for topics without their own retention.ms; -1 for ever.', {
    rule: atLeast(-1),
    ...dynamic,
  }),
  define('log.retention.minutes', 'int', null, 'The same in minutes, where log.retention.ms is not set.', {
    rule: either(atLeast(1), only(-1, 'for ever')),
  }),
  define('log.retention.hours', 'int', 168, 'The same in hours, where neither of the others is set.', {
    rule: either(atLeast(1), only(-1, 'for ever')),
  }),
  define('log.roll.ms', 'long', null, 'Milliseconds after which a segment is closed, for topics without their own segment.ms.', {
    rule: atLeast(1),
    ...dynamic,
  }),
  define('log.roll.hours', 'int', 168, 'The same in hours, where log.roll.ms is not set.', { rule: atLeast(1) }),
  define(
    'log.roll.jitter.ms',
    'long',
    null,
    'By how many milliseconds at most a segment is closed sooner, for topics without their own segment.jitter.ms.',
    { rule: atLeast(0), ...dynamic },
  ),
  define('log.roll.jitter.hours', 'int', 0, 'The same in hours, where log.roll.jitter.ms is not set.', { rule: atLeast(0) }),
  define(
    'log.flush.interval.ms',
    'long',
    null,
    'Milliseconds after which a log is forced to disk, for topics without their own flush.ms; under log.flush.mode=fsync nothing waits for it.',
    { rule: atLeast(0), ...dynamic, ...inert },
  ),
  define('log.flush.scheduler.interval.ms', 'long', longMax, 'The same, where log.flush.interval.ms is not set.', inert),
];

/** Logs and their upkeep. */
const logs: readonly ConfigDefinition[] = [
  define('log.retention.check.interval.ms', 'long', 300_000, 'How often segments are looked at that may have to go, in milliseconds.', {
    rule: atLeast(1),
  }),
  define(
    'log.cleaner.enable',
    'boolean',
    true,
    'Whether compacted topics are cleaned; without it they keep every record, the topics of the coordinators too.',
  ),
  define('log.cleaner.threads', 'int', 1, 'How many cleaners work; one event loop does it here, one log after the other.', {
    rule: atLeast(0),
    ...inert,
    ...dynamic,
  }),
  define(
    'log.cleaner.backoff.ms',
    'long',
    15_000,
    'How many milliseconds pass before compacted logs are looked at again when none was to be cleaned.',
    {
      rule: atLeast(0),
      ...dynamic,
    },
  ),
  define(
    'log.cleaner.dedupe.buffer.size',
    'long',
    134_217_728,
    'How many bytes of memory a cleaning may take for the keys of a log, 24 a key; a log with more dirty keys is cleaned in several rounds.',
    { rule: atLeast(1024), ...dynamic },
  ),
  define(
    'log.cleaner.io.buffer.load.factor',
    'double',
    0.9,
    'Which part of log.cleaner.dedupe.buffer.size may be filled; the fuller, the slower.',
    {
      rule: between(0.01, 1),
      ...dynamic,
    },
  ),
  define('log.cleaner.io.buffer.size', 'int', 524_288, 'How many bytes a cleaning reads at once.', { rule: atLeast(1024), ...dynamic }),
  define(
    'log.cleaner.io.max.bytes.per.second',
    'double',
    '1.7976931348623157E308',
    'How many bytes a cleaning may read and write in a second, taken together; it takes half of the time of the event loop at most in any case.',
    { rule: atLeast(1), ...dynamic },
  ),
  define('producer.id.expiration.ms', 'int', 86_400_000, 'After how many milliseconds without a batch a partition forgets a producer.', {
    rule: atLeast(1),
    ...dynamic,
  }),
  define(
    'unclean.leader.election.interval.ms',
    'long',
    300_000,
    'How often partitions without a leader are looked at for an unclean election; here one takes place as soon as it is allowed and possible.',
    { rule: atLeast(1), ...inert },
  ),
  define(
    'num.recovery.threads.per.data.dir',
    'int',
    2,
    'How many logs are recovered side by side at the start; one event loop does it here.',
    { rule: atLeast(1), ...inert, ...dynamic },
  ),
];

/** Life in the cluster. */
const cluster: readonly ConfigDefinition[] = [
  define('broker.heartbeat.interval.ms', 'int', 500, 'How often a broker reports to the controller, in milliseconds.', {
    rule: atLeast(1),
  }),
  define('broker.session.timeout.ms', 'int', 3000, 'After how many milliseconds without a heartbeat the controller fences a broker.', {
    rule: atLeast(1),
  }),
  define(
    'initial.broker.registration.timeout.ms',
    'int',
    60_000,
    'How long a starting broker tries to register before it says why it cannot.',
    { rule: atLeast(0), ...inert },
  ),
  define('controlled.shutdown.enable', 'boolean', true, 'Whether a broker that stops first hands its leaderships over.', {
    rule: only(true, 'a stopping broker always tells the controller'),
  }),
  define('controller.quorum.election.timeout.ms', 'int', 1000, 'How long a controller election may take before another begins.', {
    rule: atLeast(0),
  }),
  define(
    'controller.quorum.fetch.timeout.ms',
    'int',
    2000,
    'After how long without an answer of the controller a voter stands for election.',
    { rule: atLeast(0) },
  ),
  define('controller.quorum.election.backoff.max.ms', 'int', 1000, 'The longest pause after a lost election.', { rule: atLeast(0) }),
  define('controller.quorum.request.timeout.ms', 'int', 2000, 'How long a request between controllers may take.', { rule: atLeast(0) }),
  define(
    'metadata.log.max.record.bytes.between.snapshots',
    'long',
    20_971_520,
    'After how many bytes of records the metadata log gets a snapshot.',
    { rule: atLeast(1) },
  ),
  define(
    'metadata.log.max.snapshot.interval.ms',
    'long',
    3_600_000,
    'After how many milliseconds the metadata log gets a snapshot, if anything was written since; 0 for never.',
    { rule: atLeast(0) },
  ),
  define(
    'metadata.max.idle.interval.ms',
    'int',
    0,
    'How often an idle controller writes an empty record; 0 for never, which is all that is needed here.',
    { rule: only(0, 'an idle controller writes nothing') },
  ),
  define(
    'auto.leader.rebalance.enable',
    'boolean',
    true,
    'Whether leadership goes back to the preferred replica by itself, once that is in sync again.',
    dynamic,
  ),
  define(
    'leader.imbalance.check.interval.seconds',
    'long',
    10,
    'How often the controller looks for partitions that are not led by their preferred replica. Apache Kafka waits 300 seconds; here it is 10, since to move a leadership costs little.',
    { rule: atLeast(1), ...dynamic },
  ),
  define('num.replica.fetchers', 'int', 1, 'How many connections fetch from each leader; one is enough for one event loop.', {
    rule: atLeast(1),
    ...inert,
    ...dynamic,
  }),
  define(
    'replica.lag.time.max.ms',
    'long',
    10_000,
    'After how many milliseconds behind its leader a replica leaves the ISR. Apache Kafka waits 30 seconds.',
    { rule: atLeast(1) },
  ),
  define('replica.fetch.max.bytes', 'int', 1_048_576, 'How many bytes of a partition a replica asks for at once.', { rule: atLeast(0) }),
  define('replica.fetch.response.max.bytes', 'int', 10_485_760, 'How many bytes of all partitions together a replica asks for at once.', {
    rule: atLeast(0),
  }),
  define('replica.fetch.wait.max.ms', 'int', 500, 'How long a leader that has nothing to send lets a replica wait, in milliseconds.', {
    rule: atLeast(1),
  }),
  define('replica.fetch.backoff.ms', 'int', 100, 'How long a replica waits after a fetch that failed. Apache Kafka waits a second.', {
    rule: atLeast(1),
  }),
  define(
    'replica.selector.class',
    'class',
    null,
    'org.apache.kafka.common.replica.RackAwareReplicaSelector lets consumers that name their rack read from a replica in it; without it they read from the leader.',
    { rule: oneOf('', 'org.apache.kafka.common.replica.LeaderSelector', 'org.apache.kafka.common.replica.RackAwareReplicaSelector') },
  ),
];

/** Requests and connections. */
const requests: readonly ConfigDefinition[] = [
  define('socket.request.max.bytes', 'int', 104_857_600, 'The largest request that is read; frames beyond 100 MiB are always refused.', {
    rule: between(1, 104_857_600),
  }),
  define('fetch.max.bytes', 'int', 57_671_680, 'The most bytes of records in one answer to a fetch.', { rule: atLeast(1024) }),
  define('max.incremental.fetch.session.cache.slots', 'int', 1000, 'How many fetch sessions are kept.', { rule: atLeast(0) }),
  define('connections.max.idle.ms', 'long', 600_000, 'After how long without a request a connection is closed, in milliseconds.'),
  define('max.connections', 'int', 2_147_483_647, 'How many connections may be open.', { rule: atLeast(0), ...dynamic }),
  define('request.timeout.ms', 'int', 30_000, 'How long a request to another broker may take.', { rule: atLeast(1) }),
  define('socket.send.buffer.bytes', 'int', 102_400, 'The buffer of a socket for what is sent; the system chooses it here.', inert),
  define('socket.receive.buffer.bytes', 'int', 102_400, 'The buffer of a socket for what arrives; the system chooses it here.', inert),
  define('num.network.threads', 'int', 3, 'Threads for the network; one event loop does it here.', {
    rule: atLeast(1),
    ...inert,
    ...dynamic,
  }),
  define('num.io.threads', 'int', 8, 'Threads for requests; one event loop does it here.', { rule: atLeast(1), ...inert, ...dynamic }),
  define('background.threads', 'int', 10, 'Threads for other work; one event loop does it here.', {
    rule: atLeast(1),
    ...inert,
    ...dynamic,
  }),
];

/** HTTP, which Kafka does not have. */
const http: readonly ConfigDefinition[] = [
  define(
    'http.allowed.hosts',
    'list',
    '',
    'Further names by which this broker is reached over HTTP: kafka.example.org, *.example.org for all below it, * for any. Addresses, localhost, names without a stop and those that brokers advertise are always taken.',
    { rule: matching(/^(\*|(\*\.)?[a-z0-9_.-]+)$/i, 'a list of host names, *.names, or *') },
  ),
  define(
    'http.allowed.origins',
    'list',
    '',
    'Origins whose web pages may use HTTP here: https://app.example.org, or * for any. None but this broker itself by default.',
    { rule: matching(/^(\*|null|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/i, 'a list of origins as in https://app.example.org, or *') },
  ),
];

/** Groups and transactions. */
const coordinators: readonly ConfigDefinition[] = [
  define('offsets.topic.num.partitions', 'int', 50, 'How many partitions the topic of committed offsets gets.', {
    rule: atLeast(1),
  }),
  define(
    'offsets.topic.replication.factor',
    'short',
    null,
    'How many replicas the topic of committed offsets gets; by default as many as other topics.',
    { rule: atLeast(1) },
  ),
  define('offsets.topic.segment.bytes', 'int', 104_857_600, 'The size of a segment of the topic of committed offsets.', {
    rule: atLeast(1),
  }),
  define(
    'offsets.commit.timeout.ms',
    'int',
    5000,
    'How long, in milliseconds, a coordinator of groups waits until what it wrote is committed before it tells its client to ask again.',
    { rule: atLeast(1) },
  ),
  define(
    'offsets.retention.minutes',
    'int',
    10_080,
    'How many minutes the offsets of an empty group are kept, and those of topics that nobody in a group reads any more.',
    { rule: atLeast(1) },
  ),
  define('offsets.retention.check.interval.ms', 'long', 600_000, 'How often a coordinator looks for offsets that have expired.', {
    rule: atLeast(1),
  }),
  define('offset.metadata.max.bytes', 'int', 4096, 'How many bytes of text may go with a committed offset.', { rule: atLeast(0) }),
  define(
    'group.initial.rebalance.delay.ms',
    'int',
    0,
    'How long a first rebalance waits for more members, in milliseconds. Apache Kafka waits 3000.',
    { rule: atLeast(0) },
  ),
  define('group.min.session.timeout.ms', 'int', 6000, 'The shortest session a classic group member may ask for.', { rule: atLeast(1) }),
  define('group.max.session.timeout.ms', 'int', 1_800_000, 'The longest session a classic group member may ask for.', {
    rule: atLeast(1),
  }),
  define('group.max.size', 'int', 2_147_483_647, 'The most members of a classic group.', { rule: atLeast(1) }),
  define('transaction.state.log.num.partitions', 'int', 50, 'How many partitions the topic of transactions gets.', {
    rule: atLeast(1),
  }),
  define(
    'transaction.state.log.replication.factor',
    'short',
    null,
    'How many replicas the topic of transactions gets; by default as many as other topics.',
    { rule: atLeast(1) },
  ),
  define(
    'transaction.state.log.min.isr',
    'int',
    2,
    'How many replicas of the topic of transactions must be in sync; here it is as many as of other topics.',
    { rule: atLeast(1), ...inert },
  ),
  define('transaction.state.log.segment.bytes', 'int', 104_857_600, 'The size of a segment of the topic of transactions.', {
    rule: atLeast(1),
  }),
  define('transaction.max.timeout.ms', 'int', 900_000, 'The longest timeout a transaction may ask for.', { rule: atLeast(1) }),
  define('transactional.id.expiration.ms', 'int', 604_800_000, 'After how long without use a transactional id is forgotten.', {
    rule: atLeast(1),
  }),
  define(
    'transaction.abort.timed.out.transaction.cleanup.interval.ms',
    'int',
    10_000,
    'How often, in milliseconds, transactions that have been open for too long are looked for and aborted.',
    { rule: atLeast(1) },
  ),
  define(
    'transaction.remove.expired.transaction.cleanup.interval.ms',
    'int',
    3_600_000,
    'How often, in milliseconds, transactional ids that nobody uses any more are looked for and forgotten.',
    { rule: atLeast(1) },
  ),
  define('group.coordinator.rebalance.protocols', 'list', 'classic,consumer', 'The protocols that groups may use: both, always.', {
    rule: someOf('classic', 'consumer'),
    ...inert,
  }),
  define('group.consumer.session.timeout.ms', 'int', 45_000, 'After how long without a heartbeat a member of a consumer group is out.', {
    rule: atLeast(1),
  }),
  define('group.consumer.heartbeat.interval.ms', 'int', 5000, 'How often members of a consumer group send heartbeats.', {
    rule: atLeast(1),
  }),
  define('group.consumer.max.size', 'int', 2_147_483_647, 'The most members of a consumer group.', { rule: atLeast(1) }),
  define('group.consumer.assignors', 'list', 'uniform,range', 'What a consumer group can be assigned by: both, always.', {
    rule: someOf('uniform', 'range'),
    ...inert,
  }),
  define(
    'group.consumer.migration.policy',
    'string',
    'bidirectional',
    'Whether a classic group with members may become a consumer group (upgrade), and back (downgrade), while it works.',
    { rule: oneOf('disabled', 'downgrade', 'upgrade', 'bidirectional') },
  ),
];

/** Of parts that this version lacks: read by tools, or found in Kafka's own server.properties. */
const absentParts: readonly ConfigDefinition[] = [
  define('share.coordinator.state.topic.replication.factor', 'short', 3, 'There are no share groups, and so no topic of theirs.', inert),
  define('share.coordinator.state.topic.min.isr', 'short', 2, 'There are no share groups, and so no topic of theirs.', inert),
  define('remote.log.storage.system.enable', 'boolean', false, 'Whether there is a remote tier: no.', {
    rule: only(false, 'there is no tiered storage'),
  }),
  define('sasl.enabled.mechanisms', 'list', '', 'The SASL mechanisms on offer: none in this version.', {
    rule: { text: 'empty: this version offers no SASL', accepts: (value) => Array.isArray(value) && value.length === 0 },
  }),
  define('authorizer.class.name', 'string', '', 'What decides who may do what: in this version everybody may do everything.', {
    rule: { text: 'empty: this version has no authorizer', accepts: (value) => value === '' },
  }),
  define('ssl.client.auth', 'string', 'none', 'Whether clients must show a certificate: TLS is not served in this version.', {
    rule: oneOf('none'),
  }),
];

/**
 * The broker configs that clients and tools read, and all that act here. Names and types are Kafka's, most defaults too; those
 * that differ say what this broker really does.
 */
export const brokerConfigs: ReadonlyMap<string, ConfigDefinition> = tableOf([
  ...identity,
  ...topicDefaults,
  ...defaultsOfTopicConfigs,
  ...timesInSeveralUnits,
  ...logs,
  ...cluster,
  ...requests,
  ...http,
  ...coordinators,
  ...absentParts,
]);
