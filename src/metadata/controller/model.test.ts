import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyImage } from '../image/image.ts';
import { foldRecords } from '../image/image-builder.ts';
import { decodeRecord, encodeRecord, imageToRecords } from '../image/records.ts';
import { must, newTopic, TestCluster } from './testing.ts';

const broker = fc.integer({ min: 1, max: 4 });
const name = fc.constantFrom('a', 'b.c', 'b_c', 'd', '__proto__');
const factor = fc.integer({ min: 1, max: 3 });

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('register' as const),
      broker,
      incarnation: fc.integer({ min: 1, max: 3 }),
      otherDisk: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      act: fc.constant('heartbeat' as const),
      broker,
      behind: fc.constantFrom(0, 0, 0, 2, 4),
      wantFence: fc.boolean(),
      wantShutDown: fc.nat({ max: 5 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 4000 }) }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('create' as const), name, partitions: fc.integer({ min: 1, max: 5 }), factor }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('delete' as const), name }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('grow' as const), name, count: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('config' as const), name, value: fc.constantFrom('1', '2', 'x', null) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('unregister' as const), broker }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('producer ids' as const), broker }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('fail over' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('lose what is not committed' as const), count: fc.nat({ max: 6 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A cluster that can also lose the last of its decisions, as when another controller is elected before they were committed. */
class ModelCluster extends TestCluster {
  /** Where each decision begins: only whole decisions are lost, a batch is atomic. */
  readonly starts: number[] = [];

  override carryOut<R>(decision: Parameters<TestCluster['carryOut']>[0] & { response: R }): R {
    if (decision.records.length > 0) this.starts?.push(this.records.length);
    return super.carryOut(decision) as R;
  }

  loseLast(count: number): void {
    const from = this.starts.at(-count);
    if (count === 0 || from === undefined || from === 0) return;
    this.starts.length -= count;
    this.records.length = from;
    this.takeOver(foldRecords(this.records, { offset: BigInt(from - 1) }));
  }
}

function act(cluster: ModelCluster, one: Step): void {
  switch (one.act) {
    case 'register':
      cluster.register(one.broker, one.incarnation, one.otherDisk ? { logDirs: [`${'B'.repeat(21)}${'AQgw'[one.broker - 1]}`] } : {});
      break;
    case 'heartbeat': {
      const currentMetadataOffset = cluster.image.offset - BigInt(one.behind);
      cluster.heartbeat(one.broker, {
        currentMetadataOffset,
        wantFence: one.wantFence && one.behind === 4,
        wantShutDown: one.wantShutDown === 5,
      });
      break;
    }
    case 'pass':
      cluster.now += one.ms;
      cluster.carryOut({ records: cluster.controller.fenceExpired(cluster.now), response: undefined });
      break;
    case 'create':
      cluster.createTopics([newTopic(one.name, { numPartitions: one.partitions, replicationFactor: one.factor })]);
      break;
    case 'delete':
      cluster.carryOut(cluster.controller.deleteTopics({ topics: [], topicNames: [one.name], timeoutMs: 1 }, 5));
      break;
    case 'grow':
      cluster.carryOut(
        cluster.controller.createPartitions({
          topics: [{ name: one.name, count: one.count, assignments: null }],
          timeoutMs: 1,
          validateOnly: false,
        }),
      );
      break;
    case 'config': {
      const configs = [{ name: 'retention.ms', configOperation: one.value === null ? 1 : 0, value: one.value }];
      const resources = [{ resourceType: 2, resourceName: one.name, configs }];
      cluster.carryOut(cluster.controller.incrementalAlterConfigs({ resources, validateOnly: false }));
      break;
    }
    case 'unregister':
      cluster.carryOut(cluster.controller.unregisterBroker({ brokerId: one.broker }));
      break;
    case 'producer ids':
      cluster.carryOut(
        cluster.controller.allocateProducerIds({ brokerId: one.broker, brokerEpoch: cluster.image.brokers.get(one.broker)?.epoch ?? -1n }),
      );
      break;
    case 'fail over':
      cluster.failOver();
      break;
    default:
      cluster.loseLast(one.count);
  }
}

function checkInvariants(cluster: TestCluster): void {
  const { image } = cluster;
  for (const topic of image.topics.all()) {
    must(topic.partitions.length > 0, 'a topic has a partition', () => topic);
    for (const one of topic.partitions) {
      const { partition, replicas, isr, elr, leader, directories } = one;
      const where = () => [topic.name, one, image.brokers.all()];
      const eligible = [...isr, ...elr];
      must(new Set(eligible).size === eligible.length, 'ISR and ELR are apart (P7)', where);
      must(
        eligible.every((id) => replicas.includes(id)),
        'ISR and ELR are among the replicas (P7)',
        where,
      );
      const hasEnough = isr.length >= cluster.configs.minInsyncReplicas(image, topic.name, partition);
      must(!hasEnough || elr.length === 0, 'with enough in sync nobody else is eligible (P4)', where);
      must(!isr.some((id) => image.brokers.get(id)?.fenced !== false), 'nobody in sync is fenced (P7)', where);
      must(directories.length === replicas.length, 'every replica has a directory', where);
      if (leader === -1) continue;
      must(isr.includes(leader), 'who leads is in sync', where);
      must(image.brokers.get(leader)!.directories.includes(directories[replicas.indexOf(leader)]!), 'who leads has the directory', where);
    }
  }
  const epochs = image.brokers.all().map(({ epoch }) => epoch);
  must(new Set(epochs).size === epochs.length, 'every registration has its own epoch (M6)', () => image.brokers.all());
}

test('whatever happens, the log adds up to what the controller believes, and its rules hold (R7, P7, M2, M6, I5)', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 15, maxLength: 90 }), (steps) => {
      const cluster = new ModelCluster().startBrokers(1, 2, 3);
      cluster.createTopics([newTopic('d', { numPartitions: 3, replicationFactor: 2 })]);
      for (const one of steps) {
        const before = cluster.image;
        act(cluster, one);
        checkInvariants(cluster);
        if (one.act === 'lose what is not committed') continue;
        for (const topic of cluster.image.topics.all()) {
          const old = before.topics.byId(topic.id);
          for (const partition of old?.partitions ?? []) {
            const after = topic.partitions[partition.partition]!;
            const where = () => [topic.name, one, partition, after];
            must(after.leaderEpoch >= partition.leaderEpoch, 'leader epochs never fall', where);
            must(after.leader === partition.leader || after.leaderEpoch > partition.leaderEpoch, 'another leader, another epoch', where);
          }
        }
        const given = one.act === 'producer ids' && cluster.image !== before ? 1000n : 0n;
        expect(cluster.image.nextProducerId, 'producer ids are never given twice (I5)').toBe(before.nextProducerId + given);
      }

      const log = cluster.records.map((record) => decodeRecord(encodeRecord(record, 30)));
      const folded = foldRecords(log, { offset: cluster.image.offset, leaderEpoch: cluster.image.leaderEpoch }, emptyImage);
      expect([...imageToRecords(folded)]).toEqual([...imageToRecords(cluster.image)]);
    }),
    { numRuns: 300 },
  );
});
