import { expect, test } from 'vitest';
import { EffectiveConfigs } from '../configs/effective-configs.ts';
import { idOf } from '../testing.ts';
import { newTopic, registration, TestCluster } from './testing.ts';

test('a broker that registers is known, out of service, and its epoch is the offset of its registration', () => {
  const cluster = new TestCluster();

  const response = cluster.register(2);

  expect(response).toMatchObject({ errorCode: 'NONE', brokerEpoch: 4n });
  expect(cluster.records[4]).toMatchObject({ name: 'RegisterBrokerRecord', value: { brokerEpoch: 4n, fenced: true } });
});

test('a broker comes into service when it has applied its own registration', () => {
  const cluster = new TestCluster();
  cluster.register(1);

  expect(cluster.heartbeat(1, { currentMetadataOffset: 3n })).toMatchObject({ isCaughtUp: false, isFenced: true });
  expect(cluster.heartbeat(1, { currentMetadataOffset: 4n })).toMatchObject({ isCaughtUp: true, isFenced: false });
  expect(cluster.image.brokers.get(1)?.fenced).toBe(false);
});

test('a broker that has not applied a topic that a client was told of stays out of service (M1)', () => {
  const cluster = new TestCluster().startBrokers(1);
  cluster.register(2);
  const { epoch } = cluster.image.brokers.get(2)!;
  cluster.createTopics([newTopic('orders')]);
  cluster.controller.noteAnswered(cluster.image.offset);

  expect(cluster.heartbeat(2, { currentMetadataOffset: epoch })).toMatchObject({ isFenced: true });
  expect(cluster.heartbeat(2)).toMatchObject({ isFenced: false });
});

test('a broker that asks to stay fenced stays fenced, and one in service that asks is taken out', () => {
  const cluster = new TestCluster().startBrokers(1);
  cluster.createTopics([newTopic('orders', { numPartitions: 1 })]);

  expect(cluster.heartbeat(1, { wantFence: true })).toMatchObject({ isFenced: true });
  expect(cluster.heartbeat(1, { wantFence: true })).toMatchObject({ isFenced: true });

  expect(cluster.leaders('orders')).toEqual([-1]);
});

test('a broker all of whose directories have failed is taken out of service', () => {
  const cluster = new TestCluster().startBrokers(1);

  expect(cluster.heartbeat(1, { offlineLogDirs: [idOf(5001)] })).toMatchObject({ isFenced: true });
});

test('one live incarnation per broker id: another directory or address under a live id is refused (M6)', () => {
  const cluster = new TestCluster().startBrokers(1);
  const elsewhere = [{ name: 'PLAINTEXT', host: 'elsewhere', port: 8080, securityProtocol: 0 }];

  expect(cluster.register(1, 2, { logDirs: [idOf(77)] }).errorCode).toBe('DUPLICATE_BROKER_REGISTRATION');
  expect(cluster.register(1, 2, { listeners: elsewhere }).errorCode).toBe('DUPLICATE_BROKER_REGISTRATION');
  cluster.pass(3500);

  expect(cluster.register(1, 2, { listeners: elsewhere }).errorCode).toBe('NONE');
});

test('a killed broker that comes back to its locked directory and address need not wait for its session to end (M6)', () => {
  const cluster = new TestCluster().startBrokers(1, 2);
  cluster.createTopics([newTopic('orders', { numPartitions: 2 })]);
  const before = cluster.partitions('orders')[0]!.leaderEpoch;

  const { errorCode, brokerEpoch } = cluster.register(1, 2);

  expect(errorCode).toBe('NONE');
  expect(cluster.records.at(-1)).toMatchObject({ name: 'RegisterBrokerRecord' });
  expect(brokerEpoch).toBe(BigInt(cluster.records.length - 1));
  expect(cluster.leaders('orders')).toEqual([-1, 2]);
  cluster.heartbeat(1);
  expect(cluster.leaders('orders')).toEqual([1, 2]);
  expect(cluster.partitions('orders')[0]!.leaderEpoch).toBe(before + 2);
});

test('a registration that is sent again, its answer lost, gives the same epoch', () => {
  const cluster = new TestCluster();
  const first = cluster.register(1);

  expect(cluster.register(1)).toEqual(first);
});

test('two brokers cannot share a data directory (M6)', () => {
  const cluster = new TestCluster().startBrokers(1);

  expect(cluster.register(2, 1, { logDirs: [idOf(5001)] }).errorCode).toBe('DUPLICATE_BROKER_REGISTRATION');
});

const knows = [{ name: 'eligible.leader.replicas.version', minSupportedVersion: 0, maxSupportedVersion: 1 }];
test.each([
  { because: 'of another cluster (M6)', change: { clusterId: 'another' }, error: 'INCONSISTENT_CLUSTER_ID' },
  { because: 'it cannot be reached', change: { listeners: [] }, error: 'INVALID_REGISTRATION' },
  { because: 'it has no directory', change: { logDirs: [] }, error: 'INVALID_REGISTRATION' },
  { because: 'its directory id is reserved', change: { logDirs: ['AAAAAAAAAAAAAAAAAAAAAQ'] }, error: 'INVALID_REGISTRATION' },
  { because: 'it does not say which metadata it reads', change: { features: [] }, error: 'UNSUPPORTED_VERSION' },
  {
    because: 'it cannot read the metadata',
    change: { features: [...knows, { name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 25 }] },
    error: 'UNSUPPORTED_VERSION',
  },
  {
    because: 'it does not know of eligible leaders, which are kept here',
    change: { features: [{ name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 33 }] },
    error: 'UNSUPPORTED_VERSION',
  },
])('a registration is refused when $because', ({ change, error }) => {
  const cluster = new TestCluster();

  expect(cluster.carryOut(cluster.controller.registerBroker(registration(1, 1, change), 0)).errorCode).toBe(error);
  expect(cluster.image.brokers.all()).toEqual([]);
});

test('a heartbeat of an earlier incarnation, or of a stranger, is refused', () => {
  const cluster = new TestCluster().startBrokers(1);
  const old = cluster.image.brokers.get(1)!.epoch;
  cluster.register(1, 2);

  expect(cluster.heartbeat(1, { brokerEpoch: old }).errorCode).toBe('STALE_BROKER_EPOCH');
  expect(cluster.heartbeat(9).errorCode).toBe('BROKER_ID_NOT_REGISTERED');
});

test('a silent broker is taken out of service after its session, the others stay', () => {
  const cluster = new TestCluster().startBrokers(1, 2, 3);
  cluster.createTopics([newTopic('orders')]);

  cluster.pass(2500, 1, 3);
  expect(cluster.leaders('orders')).toEqual([1, 2, 3]);
  cluster.pass(1000, 1, 3);

  expect(cluster.image.brokers.get(2)?.fenced).toBe(true);
  expect(cluster.leaders('orders')).toEqual([1, -1, 3]);
  expect(cluster.partitions('orders')[1]).toMatchObject({ isr: [], elr: [2], lastKnownElr: [2], leaderEpoch: 1, partitionEpoch: 1 });
});

test('a broker that is back leads again what only it holds, in another leader epoch', () => {
  const cluster = new TestCluster().startBrokers(1, 2);
  cluster.createTopics([newTopic('orders', { numPartitions: 2 })]);
  cluster.pass(3500, 1);

  cluster.heartbeat(2);

  expect(cluster.leaders('orders')).toEqual([1, 2]);
  expect(cluster.partitions('orders')[1]).toMatchObject({ isr: [2], leaderEpoch: 2 });
});

test('a broker that is back with another disk is not given the leadership of what it no longer holds', () => {
  const cluster = new TestCluster().startBrokers(1, 2);
  cluster.createTopics([newTopic('orders', { numPartitions: 2 })]);
  cluster.pass(3500, 1);

  cluster.register(2, 2, { logDirs: [idOf(99)] });
  cluster.heartbeat(2);

  expect(cluster.image.brokers.get(2)?.fenced).toBe(false);
  expect(cluster.leaders('orders')).toEqual([1, -1]);
});

test('a controller that takes over gives every broker a full session before it fences', () => {
  const cluster = new TestCluster().startBrokers(1, 2);
  cluster.now += 2900;
  cluster.failOver();

  cluster.pass(2500);
  expect(cluster.image.brokers.all().map(({ fenced }) => fenced)).toEqual([false, false]);
  cluster.pass(1000, 1);

  expect(cluster.image.brokers.all().map(({ fenced }) => fenced)).toEqual([false, true]);
});

test('a broker that wants to stop is fenced, what it alone holds waits for it, and it may go', () => {
  const cluster = new TestCluster().startBrokers(1, 2);
  cluster.createTopics([newTopic('orders', { numPartitions: 2 })]);

  expect(cluster.heartbeat(2, { wantShutDown: true })).toMatchObject({ isFenced: true, shouldShutDown: true });

  expect(cluster.leaders('orders')).toEqual([1, -1]);
  expect(cluster.image.brokers.get(2)).toMatchObject({ fenced: true, inControlledShutdown: true });
  expect(cluster.register(2, 2).errorCode).toBe('NONE');
});

test('with replicas, a broker that wants to stop first hands its leaderships over', () => {
  const cluster = new TestCluster().startBrokers(1, 2);
  cluster.createTopics([newTopic('orders', { numPartitions: 2, replicationFactor: 2 })]);

  expect(cluster.heartbeat(1, { wantShutDown: true })).toMatchObject({ isFenced: false, shouldShutDown: false });
  expect(cluster.leaders('orders')).toEqual([2, 2]);
  expect(cluster.heartbeat(1, { wantShutDown: true })).toMatchObject({ isFenced: true, shouldShutDown: true });

  expect(cluster.partitions('orders').map(({ isr }) => isr)).toEqual([[2], [2]]);
});

test('a fenced broker can be forgotten, one in service cannot', () => {
  const cluster = new TestCluster().startBrokers(1, 2);

  expect(cluster.carryOut(cluster.controller.unregisterBroker({ brokerId: 2 })).errorCode).toBe('INVALID_REQUEST');
  cluster.pass(3500, 1);
  expect(cluster.carryOut(cluster.controller.unregisterBroker({ brokerId: 2 })).errorCode).toBe('NONE');
  expect(cluster.carryOut(cluster.controller.unregisterBroker({ brokerId: 2 })).errorCode).toBe('BROKER_ID_NOT_REGISTERED');

  expect(cluster.image.brokers.all().map(({ id }) => id)).toEqual([1]);
});

test('producer id blocks follow each other without overlap, through a change of controllers (I5)', () => {
  const cluster = new TestCluster().startBrokers(1, 2);
  const allocate = (brokerId: number) => {
    const brokerEpoch = cluster.image.brokers.get(brokerId)!.epoch;
    return cluster.carryOut(cluster.controller.allocateProducerIds({ brokerId, brokerEpoch }));
  };

  const starts = [allocate(1), allocate(2)];
  cluster.failOver();
  starts.push(allocate(2));

  expect(starts.map(({ producerIdStart, producerIdLen }) => [producerIdStart, producerIdLen])).toEqual([
    [0n, 1000],
    [1000n, 1000],
    [2000n, 1000],
  ]);
  expect(cluster.controller.allocateProducerIds({ brokerId: 1, brokerEpoch: 99n }).response.errorCode).toBe('STALE_BROKER_EPOCH');
  expect(cluster.controller.allocateProducerIds({ brokerId: 7, brokerEpoch: 99n }).response.errorCode).toBe('BROKER_ID_NOT_REGISTERED');
});

test('a cluster begins with the levels of the features that are served, and nothing else', () => {
  expect(new TestCluster().records).toEqual([
    { name: 'FeatureLevelRecord', value: { name: 'metadata.version', featureLevel: 30 } },
    { name: 'FeatureLevelRecord', value: { name: 'eligible.leader.replicas.version', featureLevel: 1 } },
    { name: 'FeatureLevelRecord', value: { name: 'group.version', featureLevel: 1 } },
    { name: 'FeatureLevelRecord', value: { name: 'transaction.version', featureLevel: 2 } },
  ]);
});

test('min.insync.replicas, with which a controller is started, becomes that of the cluster, once', () => {
  const cluster = new TestCluster({ properties: { 'min.insync.replicas': '2' } }).startBrokers(1, 2);
  cluster.createTopics([newTopic('orders', { replicationFactor: 2 })]);

  expect(cluster.controller.bootstrap()).toEqual([]);
  expect(new EffectiveConfigs({ nodeId: 2 }).minInsyncReplicas(cluster.image, 'orders', 0)).toBe(2);
});

test('features can be raised as far as every broker supports them, and never lowered', () => {
  const cluster = new TestCluster().startBrokers(1);
  const update = (feature: string, maxVersionLevel: number) => {
    const featureUpdates = [{ feature, maxVersionLevel, allowDowngrade: false, upgradeType: 1 }];
    return cluster.carryOut(cluster.controller.updateFeatures({ timeoutMs: 1, featureUpdates, validateOnly: false })).errorCode;
  };

  expect(update('metadata.version', 31)).toBe('NONE');
  expect(update('metadata.version', 30)).toBe('INVALID_UPDATE_VERSION');
  expect(update('metadata.version', 99)).toBe('INVALID_UPDATE_VERSION');
  expect(update('group.version', 2)).toBe('INVALID_UPDATE_VERSION');
  expect(update('no.such.feature', 1)).toBe('INVALID_UPDATE_VERSION');
  expect(cluster.image.features).toEqual(
    new Map([
      ['eligible.leader.replicas.version', 1],
      ['group.version', 1],
      ['metadata.version', 31],
      ['transaction.version', 2],
    ]),
  );
});
