import { expect, test } from 'vitest';
import { clientVariables } from './client-variables.ts';
import { readEnvironment } from './environment.ts';

test.each([
  ['KAFKA_LOG_RETENTION_MS', 'log.retention.ms'],
  ['KAFKA_CFG_LOG_RETENTION_MS', 'log.retention.ms'],
  ['KAFKA_AUTO_CREATE_TOPICS_ENABLE', 'auto.create.topics.enable'],
  ['KAFKA_ADVERTISED_LISTENERS', 'advertised.listeners'],
  ['KAFKA_NODE_ID', 'node.id'],
  ['KAFKA_LOG_DIR', 'log.dir'],
  ['KAFKA_LOG__RETENTION___MS', 'log.retention.ms'],
])('%s is %s', (variable, name) => {
  const { settings, variables, notes } = readEnvironment({ [variable]: '7' });

  expect([...settings]).toEqual([[name, '7']]);
  expect([variables.get(name), notes]).toEqual([variable, []]);
});

test('what tunes other programs gets one notice in all', () => {
  const { settings, notes } = readEnvironment({
    KAFKA_HEAP_OPTS: '-Xmx1G',
    KAFKA_LOG4J_ROOT_LOGLEVEL: 'WARN',
    KAFKA_ZOOKEEPER_CONNECT: 'zookeeper:2181',
    KAFKA_CFG_ZOOKEEPER_CONNECT: 'zookeeper:2181',
    KAFKA_JMX_PORT: '9101',
    CLUSTER_ID: '4L6g3nShT-eMCtK--X86sw',
  });

  expect(settings.size).toBe(0);
  expect(notes).toEqual([
    'CLUSTER_ID, KAFKA_CFG_ZOOKEEPER_CONNECT, KAFKA_HEAP_OPTS, KAFKA_JMX_PORT, KAFKA_LOG4J_ROOT_LOGLEVEL, KAFKA_ZOOKEEPER_CONNECT: without effect here, as there is no JVM, no log4j and no ZooKeeper, and a cluster gets its id when it is founded.',
  ]);
});

test.each([
  {
    image: 'bitnami/kafka',
    environment: {
      KAFKA_CFG_NODE_ID: '0',
      KAFKA_CFG_PROCESS_ROLES: 'controller,broker',
      KAFKA_CFG_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      KAFKA_CFG_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      KAFKA_CFG_CONTROLLER_QUORUM_VOTERS: '0@kafka:9093',
      KAFKA_CFG_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_KRAFT_CLUSTER_ID: '4L6g3nShT-eMCtK--X86sw',
      ALLOW_PLAINTEXT_LISTENER: 'yes',
      BITNAMI_DEBUG: 'yes',
    },
    settings: 6,
    passedOver: 'KAFKA_KRAFT_CLUSTER_ID',
  },
  {
    image: 'confluentinc/cp-kafka',
    environment: {
      KAFKA_BROKER_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: 'PLAINTEXT://kafka:29092,CONTROLLER://kafka:29093,PLAINTEXT_HOST://0.0.0.0:9092',
      KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:29092,PLAINTEXT_HOST://localhost:9092',
      KAFKA_INTER_BROKER_LISTENER_NAME: 'PLAINTEXT',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_JMX_HOSTNAME: 'localhost',
      KAFKA_ZOOKEEPER_CONNECT: 'zookeeper:2181',
    },
    settings: 7,
    passedOver: 'KAFKA_JMX_HOSTNAME, KAFKA_ZOOKEEPER_CONNECT',
  },
])('what $image is started with is known, or said to be without effect', ({ environment, settings, passedOver }) => {
  const read = readEnvironment(environment);

  expect(read.settings.size).toBe(settings);
  expect(read.notes).toEqual([expect.stringMatching(new RegExp(`^${passedOver}: without effect here`))]);
});

test('a name that is not known is said to be without effect, with what may have been meant', () => {
  expect(readEnvironment({ KAFKA_LOG_RETENTON_MS: '1' })).toMatchObject({
    settings: new Map(),
    notes: [
      expect.stringMatching(
        /^KAFKA_LOG_RETENTON_MS: there is no setting log\.retenton\.ms, so it has no effect\. Did you mean KAFKA_LOG_RETENTION_MS/,
      ),
    ],
  });
  expect(readEnvironment({ KAFKA_SOMETHING_ELSE__QUITE___OTHER: '1' }).notes).toEqual([
    'KAFKA_SOMETHING_ELSE__QUITE___OTHER: there is no setting something.else_quite-other, so it has no effect.',
  ]);
});

test.each([
  ...Object.keys(clientVariables),
  'KAFKA_LITE_LAUNCHED',
  'KAFKA_PORT',
  'KAFKA_SERVICE_HOST',
  'KAFKA_PORT_9092_TCP_ADDR',
  'KAFKA_SERVICE_PORT_HTTP',
  'KAFKA',
  'PATH',
])('%s is for others, and nobody hears of it', (variable) => {
  expect(readEnvironment({ [variable]: 'tcp://10.0.0.1:9092' })).toEqual({ settings: new Map(), variables: new Map(), notes: [] });
});
