import { describe, expect, test } from 'vitest';
import { ControllerService } from '#metadata';
import { zeroUuid } from '#protocol';
import { allocateProducerIds } from '#protocol/apis/allocate-producer-ids.ts';
import { alterConfigs } from '#protocol/apis/alter-configs.ts';
import { alterPartition } from '#protocol/apis/alter-partition.ts';
import { alterPartitionReassignments } from '#protocol/apis/alter-partition-reassignments.ts';
import { assignReplicasToDirs } from '#protocol/apis/assign-replicas-to-dirs.ts';
import { brokerHeartbeat } from '#protocol/apis/broker-heartbeat.ts';
import { brokerRegistration } from '#protocol/apis/broker-registration.ts';
import { createPartitions } from '#protocol/apis/create-partitions.ts';
import { createTopics } from '#protocol/apis/create-topics.ts';
import { deleteTopics } from '#protocol/apis/delete-topics.ts';
import { electLeaders } from '#protocol/apis/elect-leaders.ts';
import { incrementalAlterConfigs } from '#protocol/apis/incremental-alter-configs.ts';
import { listPartitionReassignments } from '#protocol/apis/list-partition-reassignments.ts';
import { unregisterBroker } from '#protocol/apis/unregister-broker.ts';
import { updateFeatures } from '#protocol/apis/update-features.ts';
import { clusterId, nodeId, ordersId, TestBroker } from '../testing.ts';

/** A broker that is the active controller, over a metadata log that commits at once. Brokers 1 and 2 are said to follow. */
async function asController(): Promise<TestBroker> {
  const broker = await TestBroker.start();
  const { clock, configs, log, random } = broker.services;
  const service: ControllerService = new ControllerService({
    nodeId,
    clock,
    configs,
    log,
    random,
    loader: broker.loader,
    metadataLog: {
      clusterId,
      get logEndOffset() {
        return broker.offset + 1n;
      },
      append: (_, values) => {
        const baseOffset = broker.offset + 1n;
        broker.commitEncoded(values);
        service.handleCommit({ baseOffset, lastOffset: broker.offset, leaderEpoch: 1, appendTimestamp: 0, records: [] });
        return broker.offset;
      },
    },
  });
  Object.assign(broker.services, { controller: service });
  service.handleLeaderChange({ leaderId: nodeId, leaderEpoch: 1 });
  for (const brokerId of [1, 2]) {
    const beat = { brokerId, brokerEpoch: BigInt(brokerId), currentMetadataOffset: 1_000_000n, wantFence: false, wantShutDown: false };
    await broker.done(broker.services.controller.brokerHeartbeat({ ...beat, offlineLogDirs: [], cordonedLogDirs: null }));
  }
  return broker;
}

function newTopic(name: string, numPartitions = 2) {
  return { topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }], timeoutMs: 1000 };
}

describe('the controller answers through its handlers', () => {
  test.each([2, 3, 4, 5, 6, 7])('CreateTopics version %i: made, and not a second time (M2)', async (version) => {
    const broker = await asController();

    const made = await broker.ask(createTopics, version, newTopic('orders'));
    const again = await broker.ask(createTopics, version, newTopic('orders', 9));

    expect(made.topics).toMatchObject([{ name: 'orders', errorCode: 'NONE', numPartitions: version >= 5 ? 2 : -1 }]);
    expect(again.topics).toMatchObject([{ name: 'orders', errorCode: 'TOPIC_ALREADY_EXISTS' }]);
    expect(broker.image.topics.byName('orders')!.partitions).toHaveLength(2);
    if (version >= 7) expect(made.topics[0]!.topicId).toBe(broker.image.topics.byName('orders')!.id);
    expect(broker.lines).toEqual([]);
  });

  test.each([1, 2, 3, 4, 5, 6])('DeleteTopics version %i', async (version) => {
    const broker = await asController();
    await broker.ask(createTopics, 7, newTopic('orders'));
    const names = ['orders', 'nobody'];

    const { responses } = await broker.ask(deleteTopics, version, {
      topicNames: version < 6 ? names : [],
      topics: version < 6 ? [] : names.map((name) => ({ name, topicId: zeroUuid })),
      timeoutMs: 1000,
    });

    expect(responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['orders', 'NONE'],
      ['nobody', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ]);
    expect(broker.lines).toEqual([]);
  });

  test('DeleteTopics version 6 by an id that nobody has', async () => {
    const broker = await asController();

    const { responses } = await broker.ask(deleteTopics, 6, { topics: [{ name: null, topicId: ordersId }], timeoutMs: 1000 });

    expect(responses).toMatchObject([{ name: null, topicId: ordersId, errorCode: 'UNKNOWN_TOPIC_ID' }]);
  });

  test.each([0, 1, 2, 3])('CreatePartitions version %i', async (version) => {
    const broker = await asController();
    await broker.ask(createTopics, 7, newTopic('orders'));
    const ask = (name: string, count: number) => ({ name, count, assignments: null });

    const { results } = await broker.ask(createPartitions, version, {
      topics: [ask('orders', 5), ask('nobody', 5)],
      timeoutMs: 1000,
      validateOnly: false,
    });

    expect(results.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['orders', 'NONE'],
      ['nobody', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ]);
    expect(broker.image.topics.byName('orders')!.partitions).toHaveLength(5);
  });

  test('configs are altered, in every version, and refused with a reason', async () => {
    const broker = await asController();
    await broker.ask(createTopics, 7, newTopic('orders'));
    const good = { name: 'retention.ms', value: '1000' };
    const bad = { name: 'retention.ms', value: 'soon' };
    const resource = { resourceType: 2, resourceName: 'orders' };

    for (const version of [0, 1, 2]) {
      for (const [entry, expected] of [
        [good, 'NONE'],
        [bad, 'INVALID_CONFIG'],
      ] as const) {
        const { responses } = await broker.ask(alterConfigs, version, {
          resources: [{ ...resource, configs: [entry] }],
          validateOnly: false,
        });
        expect(responses).toMatchObject([{ ...resource, errorCode: expected }]);
      }
    }
    for (const version of [0, 1]) {
      for (const [entry, expected] of [
        [good, 'NONE'],
        [bad, 'INVALID_CONFIG'],
      ] as const) {
        const configs = [{ ...entry, configOperation: 0 }];
        const { responses } = await broker.ask(incrementalAlterConfigs, version, {
          resources: [{ ...resource, configs }],
          validateOnly: false,
        });
        expect(responses).toMatchObject([{ ...resource, errorCode: expected }]);
      }
    }
    expect(broker.image.configs.of('topic', 'orders').get('retention.ms')).toBe('1000');
    expect(broker.lines).toEqual([]);
  });

  test('brokers register, report and get producer ids', async () => {
    const broker = await asController();
    const registration = {
      brokerId: 4,
      clusterId,
      incarnationId: ordersId,
      listeners: [{ name: 'PLAINTEXT', host: 'localhost', port: 8083, securityProtocol: 0 }],
      features: [{ name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 33 }],
      rack: null,
    };

    for (const version of [0, 1, 2, 3, 4]) {
      const logDirs = version >= 2 ? { logDirs: [ordersId] } : {};
      const answer = await broker.ask(brokerRegistration, version, { ...registration, ...logDirs });
      // Before version 2 a broker cannot say which directories it has.
      expect(answer.errorCode).toBe(version >= 2 ? 'NONE' : 'INVALID_REGISTRATION');
      if (version < 2) continue;
      for (const beatVersion of [0, 1, 2]) {
        const beat = { brokerId: 4, brokerEpoch: answer.brokerEpoch, currentMetadataOffset: 1n, wantFence: false, wantShutDown: false };
        expect((await broker.ask(brokerHeartbeat, beatVersion, beat)).errorCode).toBe('NONE');
      }
    }
    const first = await broker.ask(allocateProducerIds, 0, { brokerId: 1, brokerEpoch: 1n });
    const second = await broker.ask(allocateProducerIds, 0, { brokerId: 1, brokerEpoch: 1n });
    expect([first.errorCode, second.errorCode]).toEqual(['NONE', 'NONE']);
    expect(second.producerIdStart >= first.producerIdStart + BigInt(first.producerIdLen)).toBe(true);
    expect(broker.lines).toEqual([]);
  });

  test('features and brokers that are gone', async () => {
    const broker = await asController();

    for (const version of [0, 1, 2]) {
      const answer = await broker.ask(updateFeatures, version, {
        timeoutMs: 1000,
        featureUpdates: [{ feature: 'nothing', maxVersionLevel: 7 }],
      });
      expect([answer.errorCode, ...answer.results.map(({ errorCode }) => errorCode)]).toContain('INVALID_UPDATE_VERSION');
    }
    expect((await broker.ask(unregisterBroker, 0, { brokerId: 77 })).errorCode).toBe('BROKER_ID_NOT_REGISTERED');
    expect(broker.lines).toEqual([]);
  });

  test('leaders are elected, in every version, each partition with its result', async () => {
    const broker = await asController();
    await broker.ask(createTopics, 7, newTopic('orders'));
    const topicPartitions = [{ topic: 'orders', partitions: [0, 7] }];

    for (const version of [0, 1, 2]) {
      const { errorCode, replicaElectionResults } = await broker.ask(electLeaders, version, { topicPartitions, timeoutMs: 1000 });
      expect(errorCode).toBe('NONE');
      expect(replicaElectionResults[0]!.partitionResult.map((row) => row.errorCode)).toEqual([
        'ELECTION_NOT_NEEDED',
        'UNKNOWN_TOPIC_OR_PARTITION',
      ]);
    }
    const wrong = await broker.ask(electLeaders, 2, { electionType: 7, topicPartitions, timeoutMs: 1000 });
    expect(wrong.errorCode).toBe('INVALID_REQUEST');
    expect(wrong.replicaElectionResults[0]!.partitionResult.map((row) => row.errorCode)).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST']);
    expect(broker.lines).toEqual([]);
  });

  test('partitions are moved, the moves are listed and stopped', async () => {
    const broker = await asController();
    await broker.ask(createTopics, 7, { ...newTopic('orders', 1) });
    const [from] = broker.image.topics.byName('orders')!.partitions[0]!.replicas;
    const to = from === 1 ? 2 : 1;
    const move = (replicas: number[] | null) => ({
      timeoutMs: 1000,
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, replicas }] }],
    });

    for (const version of [0, 1]) {
      const begun = await broker.ask(alterPartitionReassignments, version, move([to]));
      const listed = await broker.ask(listPartitionReassignments, 0, { timeoutMs: 1000, topics: null });
      const stopped = await broker.ask(alterPartitionReassignments, version, move(null));
      const again = await broker.ask(alterPartitionReassignments, version, move(null));

      expect(begun.responses[0]!.partitions[0]!.errorCode).toBe('NONE');
      expect(listed.topics).toEqual([
        { name: 'orders', partitions: [{ partitionIndex: 0, replicas: [to, from], addingReplicas: [to], removingReplicas: [from] }] },
      ]);
      expect(stopped.responses[0]!.partitions[0]!.errorCode).toBe('NONE');
      expect(again.responses[0]!.partitions[0]!.errorCode).toBe('NO_REASSIGNMENT_IN_PROGRESS');
    }
    expect(broker.lines).toEqual([]);
  });

  test('leaders ask for another ISR, and brokers say where their replicas lie', async () => {
    const broker = await asController();
    await broker.ask(createTopics, 7, newTopic('orders', 1));
    const topicId = broker.image.topics.byName('orders')!.id;
    const { leader, leaderEpoch, partitionEpoch } = broker.image.topics.byName('orders')!.partitions[0]!;
    const asking = { brokerId: leader, brokerEpoch: broker.image.brokers.get(leader)!.epoch };

    for (const version of [2, 3]) {
      const isr = version === 2 ? { newIsr: [leader] } : { newIsrWithEpochs: [{ brokerId: leader, brokerEpoch: asking.brokerEpoch }] };
      const partitions = [{ partitionIndex: 0, leaderEpoch, partitionEpoch, ...isr }];
      const answer = await broker.ask(alterPartition, version, { ...asking, topics: [{ topicId, partitions }] });
      expect(answer.topics[0]!.partitions[0]).toMatchObject({
        errorCode: 'NONE',
        leaderId: leader,
        leaderEpoch,
        isr: [leader],
        partitionEpoch,
      });
      expect((await broker.ask(alterPartition, version, { ...asking, brokerEpoch: 0n, topics: [] })).errorCode).toBe('STALE_BROKER_EPOCH');
    }
    const lost = 'AAAAAAAAAAAAAAAAAAAAAg';
    const directories = [{ id: lost, topics: [{ topicId, partitions: [{ partitionIndex: 0 }] }] }];
    const assigned = await broker.ask(assignReplicasToDirs, 0, { ...asking, directories });
    expect(assigned.directories[0]!.topics[0]!.partitions).toEqual([{ partitionIndex: 0, errorCode: 'NONE' }]);
    expect(broker.image.topics.byName('orders')!.partitions[0]).toMatchObject({ leader: -1, directories: [lost] });
    expect(broker.lines).toEqual([]);
  });
});
