import { expect, test } from 'vitest';
import { SeededRandom, SimulatedWorld, silentLogger, simulatedPlatform } from '#platform';
import { KafkaError } from '#protocol';
import { EffectiveConfigs } from '../configs/effective-configs.ts';
import { type CommittedBatch, MetadataLoader } from '../loader.ts';
import { ControllerService, type MetadataLog } from './controller-service.ts';
import { newTopic, registration } from './testing.ts';

/** A metadata log with one writer, which commits when the test says so. */
class FakeLog implements MetadataLog {
  readonly clusterId = 'a-cluster';
  readonly batches: CommittedBatch[] = [];
  leaderEpoch = 1;
  logEndOffset = 0n;
  #committed = 0;

  append(leaderEpoch: number, records: readonly Buffer[]): bigint {
    if (leaderEpoch !== this.leaderEpoch) throw new KafkaError('NOT_CONTROLLER');
    const baseOffset = this.logEndOffset;
    this.logEndOffset += BigInt(records.length);
    const listed = records.map((value, index) => ({ offset: baseOffset + BigInt(index), value }));
    this.batches.push({ baseOffset, lastOffset: this.logEndOffset - 1n, leaderEpoch, appendTimestamp: 0, records: listed });
    return this.logEndOffset - 1n;
  }

  /** Gives out what was appended and not yet committed. */
  commit(to: (batch: CommittedBatch) => void): void {
    while (this.#committed < this.batches.length) to(this.batches[this.#committed++]!);
  }

  /** Another leader has overwritten what was not committed. */
  truncate(): void {
    this.batches.length = this.#committed;
    this.logEndOffset = (this.batches.at(-1)?.lastOffset ?? -1n) + 1n;
  }
}

class TestService {
  readonly world = new SimulatedWorld({ seed: 1 });
  readonly clock = simulatedPlatform(this.world, 'one').clock;
  readonly log = new FakeLog();
  readonly loader = new MetadataLoader({ clock: this.clock, log: silentLogger });
  readonly service: ControllerService;

  constructor(options: { expectedBrokers?: number } = {}) {
    this.service = new ControllerService({
      nodeId: 1,
      clock: this.clock,
      random: new SeededRandom(1),
      log: silentLogger,
      configs: new EffectiveConfigs({ nodeId: 1 }),
      loader: this.loader,
      metadataLog: this.log,
      ...options,
    });
  }

  async lead(): Promise<this> {
    this.service.handleLeaderChange({ leaderId: 1, leaderEpoch: this.log.leaderEpoch });
    await settle();
    this.commit();
    return this;
  }

  commit(): void {
    this.log.commit((batch) => {
      this.loader.handleCommit(batch);
      this.service.handleCommit(batch);
    });
  }

  /** Does what was asked, and commits it. */
  async done<T>(promise: Promise<T>): Promise<T> {
    await settle();
    this.commit();
    return promise;
  }

  heartbeat(brokerId: number, currentMetadataOffset = this.loader.image.offset, changes = {}) {
    const brokerEpoch = this.loader.image.brokers.get(brokerId)?.epoch ?? -1n;
    const request = {
      brokerId,
      brokerEpoch,
      currentMetadataOffset,
      wantFence: false,
      wantShutDown: false,
      offlineLogDirs: [],
      cordonedLogDirs: null,
      ...changes,
    };
    return this.service.brokerHeartbeat(request);
  }

  async startBrokers(...ids: readonly number[]): Promise<this> {
    for (const id of ids) {
      await this.done(this.service.brokerRegistration(registration(id)));
      await this.done(this.heartbeat(id));
    }
    return this;
  }

  createTopic(name: string, timeoutMs = 5000) {
    return this.service.createTopics({ topics: [newTopic(name)], timeoutMs, validateOnly: false }, { version: 7 });
  }
}

/** Lets all promises go on that can. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** What has become of a promise so far. */
function watch<T>(promise: Promise<T>): { state: 'pending' | 'resolved' | 'rejected'; value?: T; error?: KafkaError } {
  const seen: ReturnType<typeof watch<T>> = { state: 'pending' };
  promise.then(
    (value) => Object.assign(seen, { state: 'resolved', value }),
    (error: unknown) => Object.assign(seen, { state: 'rejected', error }),
  );
  return seen;
}

test('a node that does not lead the metadata log refuses (R14)', async () => {
  const { service } = new TestService();

  expect(service.isActive).toBe(false);
  await expect(service.createTopics({ topics: [newTopic('a')], timeoutMs: 1, validateOnly: false }, { version: 7 })).rejects.toMatchObject({
    errorName: 'NOT_CONTROLLER',
  });
  expect(await service.brokerRegistration(registration(1))).toMatchObject({ errorCode: 'NOT_CONTROLLER' });
});

const initialFeatures = new Map([
  ['eligible.leader.replicas.version', 1],
  ['group.version', 1],
  ['metadata.version', 30],
  ['transaction.version', 2],
]);

test('the first controller of a cluster writes what a cluster begins with, the next one does not', async () => {
  const test = await new TestService().lead();
  expect(test.loader.image.features).toEqual(initialFeatures);

  test.log.leaderEpoch = 2;
  await test.lead();

  expect(test.log.batches).toHaveLength(1);
});

test('a controller whose log takes no records at first begins as soon as it does', async () => {
  const test = new TestService();
  test.log.leaderEpoch = 0;
  test.service.handleLeaderChange({ leaderId: 1, leaderEpoch: 1 });
  await settle();
  expect(await test.service.brokerRegistration(registration(1))).toMatchObject({ errorCode: 'NOT_CONTROLLER' });

  test.log.leaderEpoch = 1;
  await test.world.run({ forMs: 50 });
  test.commit();

  expect(test.loader.image.features).toEqual(initialFeatures);
});

test('a broker gets its epoch, the offset of its registration, when that is committed', async () => {
  const test = await new TestService().lead();
  test.log.logEndOffset += 2n; // raft's own records

  const answer = watch(test.service.brokerRegistration(registration(1)));
  await settle();
  expect(answer.state).toBe('pending');
  test.commit();
  await settle();

  expect(answer.value).toMatchObject({ errorCode: 'NONE', brokerEpoch: 6n });
  expect(test.loader.image.brokers.get(1)?.epoch).toBe(6n);
});

test('a topic is answered when it is committed and every broker in service has applied it (M1)', async () => {
  const test = await (await new TestService().lead()).startBrokers(1, 2);

  const answer = watch(test.createTopic('orders'));
  await settle();
  test.commit();
  await settle();
  await test.heartbeat(1);
  await settle();
  expect(answer.state).toBe('pending');
  await test.heartbeat(2);
  await settle();

  expect(answer.value?.topics[0]).toMatchObject({ name: 'orders', errorCode: 'NONE' });
});

test('a broker that dies meanwhile stops counting when it is fenced (M1)', async () => {
  const test = await (await new TestService().lead()).startBrokers(1, 2);
  const answer = watch(test.createTopic('orders', 60_000));
  await settle();
  test.commit();

  for (let beat = 0; beat < 8 && answer.state === 'pending'; beat++) {
    await test.heartbeat(1);
    await test.world.run({ forMs: 500 });
    test.commit();
  }
  await settle();

  expect(test.loader.image.brokers.get(2)?.fenced).toBe(true);
  expect(answer.value?.topics[0]).toMatchObject({ errorCode: 'NONE' });
});

test('a topic that a live broker does not apply in time is answered as timed out, and stands', async () => {
  const test = await (await new TestService().lead()).startBrokers(1, 2);
  const answer = watch(test.createTopic('orders', 400));
  await settle();
  test.commit();
  await test.heartbeat(1);

  await test.world.run({ forMs: 500 });

  expect(answer.value?.topics[0]).toMatchObject({
    errorCode: 'REQUEST_TIMED_OUT',
    errorMessage: expect.stringMatching(/applied it yet: 2$/),
  });
  expect(test.loader.image.topics.byName('orders')).toBeDefined();
});

test('a client that gives no time to wait gets an answer that it can build on all the same (M1)', async () => {
  const test = await (await new TestService().lead()).startBrokers(1);
  const answer = watch(test.createTopic('orders', 0));
  await test.world.run({ forMs: 10 });
  expect(answer.state).toBe('pending');

  test.commit();
  await settle();
  await test.heartbeat(1);
  await settle();

  expect(answer.value?.topics[0]).toMatchObject({ errorCode: 'NONE' });
});

test('what is not committed in time has an unknown outcome', async () => {
  const test = await (await new TestService().lead()).startBrokers(1);
  const answer = watch(test.createTopic('orders', 400));

  await test.world.run({ forMs: 500 });

  expect(answer.error).toMatchObject({ errorName: 'REQUEST_TIMED_OUT' });
});

test('a second create waits for the first one to be committed before it says that the topic exists (M2)', async () => {
  const test = await (await new TestService().lead()).startBrokers(1);
  const first = watch(test.createTopic('orders'));
  const second = watch(test.createTopic('orders'));
  await settle();
  expect(second.state).toBe('pending');

  test.commit();
  await settle();
  await test.heartbeat(1);
  await settle();

  expect(first.value?.topics[0]).toMatchObject({ errorCode: 'NONE' });
  expect(second.value?.topics[0]).toMatchObject({ errorCode: 'TOPIC_ALREADY_EXISTS' });
});

test('who loses the leadership says of what waits that its outcome is unknown, and begins again from what was committed (R14)', async () => {
  const test = await (await new TestService().lead()).startBrokers(1);
  const answer = watch(test.createTopic('orders'));
  await settle();

  test.service.handleLeaderChange({ leaderId: 2, leaderEpoch: 2 });
  await settle();
  expect(answer.error).toMatchObject({ errorName: 'REQUEST_TIMED_OUT' });
  expect(test.service.isActive).toBe(false);
  test.log.truncate();
  test.log.leaderEpoch = 3;
  await test.lead();
  const again = watch(test.createTopic('orders'));
  await settle();
  test.commit();
  await settle();
  await test.heartbeat(1);
  await settle();

  expect(again.value?.topics[0]).toMatchObject({ errorCode: 'NONE' });
});

test('who retires answers what is under way and refuses what comes then', async () => {
  const test = await (await new TestService().lead()).startBrokers(1);
  const answer = watch(test.createTopic('orders'));
  await settle();
  const retired = watch(test.service.retire(1000));

  await expect(test.createTopic('payments')).rejects.toMatchObject({ errorName: 'NOT_CONTROLLER' });
  expect(retired.state).toBe('pending');
  test.commit();
  await settle();
  await test.heartbeat(1);
  await test.world.run({ forMs: 100 });

  expect(answer.value?.topics[0]).toMatchObject({ errorCode: 'NONE' });
  expect(retired.state).toBe('resolved');
});

test('who retires waits no longer than it may', async () => {
  const test = await (await new TestService().lead()).startBrokers(1);
  watch(test.createTopic('orders'));
  await settle();
  const retired = watch(test.service.retire(1000));
  await test.world.run({ forMs: 1100 });

  expect(retired.state).toBe('resolved');
});

test('a leader whose log refuses to append has decided nothing', async () => {
  const test = await (await new TestService().lead()).startBrokers(1);
  test.log.leaderEpoch = 7;
  await expect(test.createTopic('orders')).rejects.toMatchObject({ errorName: 'NOT_CONTROLLER' });

  test.log.leaderEpoch = 1;
  const answer = watch(test.createTopic('orders'));
  await settle();
  test.commit();
  await settle();
  await test.heartbeat(1);
  await settle();

  expect(answer.value?.topics[0]).toMatchObject({ errorCode: 'NONE' });
});

test('a process that stood still does not fence brokers that it could not hear', async () => {
  const test = await (await new TestService().lead()).startBrokers(1, 2);
  const node = test.world.node('one');
  node.pause();
  await test.world.run({ forMs: 60_000 });

  node.resume();
  await test.world.run({ forMs: 100 });
  test.commit();

  expect(test.loader.image.brokers.all().map(({ fenced }) => fenced)).toEqual([false, false]);
  await test.world.run({ forMs: 4000 });
  test.commit();
  expect(test.loader.image.brokers.all().map(({ fenced }) => fenced)).toEqual([true, true]);
});

test('a broker that comes into service while a topic is being made is waited for (M1)', async () => {
  const test = await (await new TestService().lead()).startBrokers(1);
  await test.done(test.service.brokerRegistration(registration(2)));
  const answer = watch(test.createTopic('orders'));
  await settle();
  const before = test.loader.image.offset;
  test.commit();
  await settle();
  const joins = watch(test.heartbeat(2, before));
  test.heartbeat(1);
  await settle();
  test.commit();
  await settle();
  expect(joins.value).toMatchObject({ isFenced: false });
  expect(answer.state).toBe('pending');

  await test.heartbeat(2);
  await settle();

  expect(answer.state).toBe('resolved');
});

test('a metadata transaction that its controller left open is given up by the next one', async () => {
  const test = await new TestService().lead();
  const { encodeRecord } = await import('../image/records.ts');
  test.log.append(1, [encodeRecord({ name: 'BeginTransactionRecord', value: { name: null } }, 30)]);
  test.commit();
  test.log.leaderEpoch = 2;

  await test.lead();

  expect(test.loader.transactionIsOpen).toBe(false);
});

test('a request that would write too much at once is refused and leaves nothing behind', async () => {
  const test = await (await new TestService().lead()).startBrokers(1);
  const value = Array.from({ length: 6000 }, (_, index) => `${index}:1`)
    .join(',')
    .slice(0, 32_000)
    .replace(/,[^,]*$/, '');
  const configs = ['leader.replication.throttled.replicas', 'follower.replication.throttled.replicas'].map((name) => ({ name, value }));
  const topics = Array.from({ length: 200 }, (_, index) => newTopic(`topic-${index}`, { configs }));

  await expect(test.service.createTopics({ topics, timeoutMs: 1000, validateOnly: false }, { version: 4 })).rejects.toMatchObject({
    errorName: 'POLICY_VIOLATION',
  });
  const answer = watch(test.createTopic('topic-0'));
  await settle();
  test.commit();
  await settle();
  await test.heartbeat(1);
  await settle();

  expect(answer.value?.topics[0]).toMatchObject({ errorCode: 'NONE' });
});

test('a broker that is known to be gone is out of service at once, and back with its next heartbeat if it is not', async () => {
  const test = await (await new TestService().lead()).startBrokers(1, 2);
  const { epoch } = test.loader.image.brokers.get(2)!;

  test.service.brokerVanished(2, epoch - 1n);
  test.service.brokerVanished(2, epoch);
  test.commit();
  expect(test.loader.image.brokers.get(2)?.fenced).toBe(true);
  await test.done(test.heartbeat(2));

  expect(test.loader.image.brokers.get(2)?.fenced).toBe(false);
});

test('a topic that is made while the cluster forms waits for the brokers that were named, and no longer than three seconds', async () => {
  const test = await (await new TestService({ expectedBrokers: 3 }).lead()).startBrokers(1, 2);
  const before = test.log.logEndOffset;

  const answer = watch(test.createTopic('orders'));
  await test.world.run({ forMs: 2900 });
  expect(test.log.logEndOffset).toBe(before);
  await test.world.run({ forMs: 200 });

  expect(test.log.logEndOffset).toBeGreaterThan(before);
  expect(answer.state).toBe('pending');
});

test('a topic does not wait for a broker that has died, the last controller say (L1)', async () => {
  const test = await (await new TestService({ expectedBrokers: 3 }).lead()).startBrokers(1, 2, 3);
  test.log.leaderEpoch = 2;
  test.service.handleLeaderChange({ leaderId: 2, leaderEpoch: 2 });
  test.log.leaderEpoch = 3;
  await test.lead();
  test.service.brokerVanished(3, test.loader.image.brokers.get(3)!.epoch);
  test.commit();
  const before = test.log.logEndOffset;

  void test.createTopic('orders');
  await settle();

  expect(test.log.logEndOffset).toBeGreaterThan(before);
});

test('who is not the controller does nothing about a broker that is gone (R14)', async () => {
  const test = await (await new TestService().lead()).startBrokers(1, 2);
  test.service.handleLeaderChange({ leaderId: 2, leaderEpoch: 2 });
  const { logEndOffset } = test.log;

  test.service.brokerVanished(2, test.loader.image.brokers.get(2)!.epoch);

  expect(test.log.logEndOffset).toBe(logEndOffset);
});

test('a controller that was deposed does not tell a leader which ISR is in force: it may not know what its successor has done (R14, P4)', async () => {
  const test = await (await new TestService().lead()).startBrokers(1, 2);
  const topics = [newTopic('orders', { numPartitions: 1, replicationFactor: 2 })];
  test.service.createTopics({ topics, timeoutMs: 1, validateOnly: false }, { version: 7 }).catch(() => undefined);
  await test.done(settle());
  const ask = (brokerEpoch: bigint) => {
    const newIsrWithEpochs = [1, 2].map((brokerId) => ({ brokerId, brokerEpoch }));
    const asked = { partitionIndex: 0, leaderEpoch: 0, newIsr: [], newIsrWithEpochs, leaderRecoveryState: 0, partitionEpoch: 0 };
    const topicId = test.loader.image.topics.byName('orders')!.id;
    const request = { brokerId: 1, brokerEpoch: test.loader.image.brokers.get(1)!.epoch, topics: [{ topicId, partitions: [asked] }] };
    return test.service.alterPartition(request, { version: 3 });
  };

  const [ineligible, same] = [watch(ask(99n)), watch(ask(-1n))];
  await settle();
  expect([ineligible.state, same.state]).toEqual(['pending', 'pending']);
  test.log.leaderEpoch = 2;
  test.service.handleLeaderChange({ leaderId: 2, leaderEpoch: 2 });
  await settle();

  expect([ineligible.value, same.value]).toMatchObject([{ errorCode: 'NOT_CONTROLLER' }, { errorCode: 'NOT_CONTROLLER' }]);
});

test('leadership goes back to the preferred replica by itself, after a check interval', async () => {
  const test = await (await new TestService().lead()).startBrokers(1, 2);
  const partition = () => test.loader.image.topics.byName('orders')!.partitions[0]!;
  const topics = [newTopic('orders', { numPartitions: 1, replicationFactor: 2 })];
  test.service.createTopics({ topics, timeoutMs: 1, validateOnly: false }, { version: 7 }).catch(() => undefined);
  await test.done(settle());
  test.service.brokerVanished(1, test.loader.image.brokers.get(1)!.epoch);
  await test.done(settle());
  await test.done(test.heartbeat(1));
  expect(partition()).toMatchObject({ leader: 2, isr: [2] });
  const { leaderEpoch, partitionEpoch } = partition();
  const newIsrWithEpochs = [1, 2].map((brokerId) => ({ brokerId, brokerEpoch: -1n }));
  const asked = { partitionIndex: 0, leaderEpoch, newIsr: [], newIsrWithEpochs, leaderRecoveryState: 0, partitionEpoch };
  const topicId = test.loader.image.topics.byName('orders')!.id;
  const brokerEpoch = test.loader.image.brokers.get(2)!.epoch;
  await test.done(test.service.alterPartition({ brokerId: 2, brokerEpoch, topics: [{ topicId, partitions: [asked] }] }, { version: 3 }));

  for (let second = 0; second < 11; second++) {
    await test.world.run({ forMs: 1000 });
    for (const id of [1, 2]) await test.done(test.heartbeat(id));
  }

  expect(partition()).toMatchObject({ leader: 1, isr: [1, 2] });
});
