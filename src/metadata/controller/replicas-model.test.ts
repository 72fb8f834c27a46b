import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PartitionImage, TopicImage } from '../image/image.ts';
import { foldRecords } from '../image/image-builder.ts';
import { decodeRecord, encodeRecord, imageToRecords } from '../image/records.ts';
import { idOf } from '../testing.ts';
import { canLead } from './partition-change.ts';
import { must, newTopic, TestCluster } from './testing.ts';

const brokerIds = [1, 2, 3, 4] as const;
const lost = 'AAAAAAAAAAAAAAAAAAAAAg';

const broker = fc.constantFrom(...brokerIds);
const nth = fc.nat({ max: 11 });
const some = fc.subarray([...brokerIds], { minLength: 1 });

const most = fc.oneof(some, fc.constant([...brokerIds]));

const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ act: fc.constant('write' as const), followers: most }) },
  { weight: 8, arbitrary: fc.record({ act: fc.constant('alter' as const), nth, isr: most }) },
  { weight: 5, arbitrary: fc.record({ act: fc.constant('learn' as const), brokers: most }) },
  { weight: 8, arbitrary: fc.record({ act: fc.constant('heartbeat' as const), brokers: most }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('leave' as const), broker, stops: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('restart' as const), broker, clean: fc.boolean(), otherDisk: fc.nat({ max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('pass' as const), alive: some }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('vanish' as const), broker }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('move' as const),
      nth,
      to: fc.option(fc.shuffledSubarray([...brokerIds], { minLength: 1, maxLength: 3 })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant('elect' as const), nth, type: fc.constantFrom('preferred' as const, 'unclean' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('balance' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('damage' as const), nth, broker, repair: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('min' as const),
      topic: fc.constantFrom('disk', 'os', ''),
      value: fc.constantFrom('1', '2', '3'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('make anew' as const),
      topic: fc.constantFrom('disk', 'os'),
      factor: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('unregister' as const), broker }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('lose' as const), count: fc.integer({ min: 0, max: 4 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What a leader believes. It hears of an ISR that it asked for before it reads it in the metadata, of everything else only there. */
interface LeaderView {
  readonly leaderEpoch: number;
  partitionEpoch: number;
  isr: readonly number[];
  /** Asked for, with an answer that does not say whether it is in force: counts as well until the metadata tells (P4). */
  asked: readonly number[];
  readonly needed: number;
}

/**
 * A cluster with data: how much of its leader's log each replica has, and how much of it was acknowledged. The replicas behave as replicas may that
 * know nothing but what they are told; every write, restart or look at the metadata is also the moment when all decisions so far are committed.
 */
class DataCluster extends TestCluster {
  readonly #logs = new Map<string, number>();
  readonly #acknowledged = new Map<string, number>();
  readonly #views = new Map<string, LeaderView>();
  readonly #disks = new Map<number, string>();
  /** Where each decision begins that may still be lost. */
  readonly starts: number[] = [];

  override carryOut<R>(decision: { records: readonly Parameters<TestCluster['controller']['apply']>[0][number][]; response: R }): R {
    if (decision.records.length > 0) this.starts?.push(this.records.length);
    return super.carryOut(decision);
  }

  commit(): void {
    this.starts.length = 0;
  }

  loseLast(count: number): void {
    const from = this.starts.at(-count);
    if (count === 0 || from === undefined) return;
    this.starts.length -= count;
    this.records.length = from;
    this.takeOver(foldRecords(this.records, { offset: BigInt(from - 1) }));
  }

  all(): { topic: TopicImage; partition: PartitionImage; key: string }[] {
    return this.image.topics
      .all()
      .flatMap((topic) => topic.partitions.map((partition) => ({ topic, partition, key: `${topic.id}-${partition.partition}` })));
  }

  pick(index: number) {
    const all = this.all();
    return all.length === 0 ? undefined : all[index % all.length];
  }

  logOf(key: string, id: number): number {
    return this.#logs.get(`${key} ${id} ${this.#disks.get(id)}`) ?? 0;
  }

  setLog(key: string, id: number, end: number): void {
    this.#logs.set(`${key} ${id} ${this.#disks.get(id)}`, end);
  }

  acknowledgedOf(key: string): number {
    return this.#acknowledged.get(key) ?? 0;
  }

  diskOf(id: number): string {
    return this.#disks.get(id) ?? idOf(5000 + id);
  }

  /** All that a broker leads it now leads as the metadata says. */
  learn(id: number): void {
    this.commit();
    for (const { topic, partition, key } of this.all()) {
      if (partition.leader !== id) continue;
      const { leaderEpoch, partitionEpoch, isr } = partition;
      this.#views.set(key, {
        leaderEpoch,
        partitionEpoch,
        isr,
        asked: [],
        needed: this.configs.minInsyncReplicas(this.image, topic.name, partition.partition),
      });
    }
  }

  /** What the leader of the partition believes; undefined while it has not heard that it leads. */
  viewOf(key: string, partition: PartitionImage): LeaderView | undefined {
    const view = this.#views.get(key);
    return partition.leader !== -1 && view?.leaderEpoch === partition.leaderEpoch ? view : undefined;
  }

  /** A record for every partition whose leader knows that it leads; these followers fetch it. */
  write(followers: readonly number[]): void {
    this.commit();
    for (const { partition, key } of this.all()) {
      const view = this.viewOf(key, partition);
      if (view === undefined) continue;
      const end = this.logOf(key, partition.leader) + 1;
      const holders = [partition.leader, ...followers.filter((id) => partition.replicas.includes(id))];
      for (const id of holders) this.setLog(key, id, end);
      if (view.isr.length < view.needed) continue;
      const everywhere = Math.min(...[...view.isr, ...view.asked].map((id) => this.logOf(key, id)));
      this.#acknowledged.set(key, Math.max(everywhere, this.acknowledgedOf(key)));
    }
  }

  /** The leader asks for an ISR, with new members that have caught up. */
  alter(index: number, wanted: readonly number[]): void {
    const { topic, partition, key } = this.pick(index) ?? {};
    const view = partition === undefined ? undefined : this.viewOf(key!, partition);
    if (view === undefined) return;
    const { leader, replicas } = partition!;
    const end = this.logOf(key!, leader);
    const isr = [leader, ...wanted.filter((id) => id !== leader && replicas.includes(id) && canLead(this.image, partition!, id))];
    for (const id of isr) if (!view.isr.includes(id)) this.setLog(key!, id, end);
    const partitions = this.alterPartitionRequest(topic!.name, isr).topics[0]!.partitions.map((asked) => ({
      ...asked,
      partitionIndex: partition!.partition,
      leaderEpoch: view.leaderEpoch,
      partitionEpoch: view.partitionEpoch,
    }));
    const brokerEpoch = this.image.brokers.get(leader)!.epoch;
    const request = { brokerId: leader, brokerEpoch, topics: [{ topicId: topic!.id, partitions }] };
    const [row] = this.carryOut(this.controller.alterPartition(request, 3)).topics[0]!.partitions;
    // The answer leaves when the change is committed.
    if (row!.errorCode === 'NEW_LEADER_ELECTED') {
      this.commit();
      view.asked = isr;
    }
    if (row!.errorCode !== 'NONE') return;
    this.commit();
    view.isr = row!.isr!;
    view.partitionEpoch = row!.partitionEpoch;
  }

  restart(id: number, clean: boolean, otherDisk: boolean): void {
    const known = this.image.brokers.get(id);
    const disk = otherDisk ? idOf(this.diskOf(id) === idOf(5000 + id) ? 6000 + id : 5000 + id) : this.diskOf(id);
    const previousBrokerEpoch = clean && known !== undefined ? known.epoch : -1n;
    if (this.register(id, this.records.length, { logDirs: [disk], previousBrokerEpoch }).errorCode !== 'NONE') return;
    this.commit();
    for (const { topic, key } of this.all()) {
      if (topic.name === 'os' && !clean) this.setLog(key, id, Math.floor(this.logOf(key, id) / 2));
    }
    this.#disks.set(id, disk);
  }

  damage(index: number, id: number, repair: boolean): void {
    const { topic, partition, key } = this.pick(index) ?? {};
    if (partition === undefined || !partition.replicas.includes(id) || this.image.brokers.get(id) === undefined) return;
    if (partition.partition !== 0) return;
    this.commit();
    const isSetAside = partition.directories[partition.replicas.indexOf(id)] === lost;
    const error = this.assign(id, topic!.name, repair ? this.diskOf(id) : lost);
    if (error === 'NONE' && (!repair || isSetAside)) this.setLog(key!, id, 0);
    this.commit();
  }

  /** What follows for the data from a change of leaders: what the new one lacks is gone, and what was acknowledged only if records may be lost. */
  followLeader(before: PartitionImage, after: PartitionImage, key: string): void {
    if (after.leader === -1 || after.leaderEpoch === before.leaderEpoch) return;
    const end = this.logOf(key, after.leader);
    if (end < this.acknowledgedOf(key)) {
      must(after.leaderRecoveryState === 1, 'no election that is called clean loses records (P1, P5)', () => [key, before, after]);
      this.#acknowledged.set(key, end);
    }
    for (const [name, value] of this.#logs) if (name.startsWith(`${key} `)) this.#logs.set(name, Math.min(value, end));
  }
}

function act(cluster: DataCluster, one: Step): void {
  switch (one.act) {
    case 'write':
      cluster.write(one.followers);
      return;
    case 'alter':
      cluster.alter(one.nth, one.isr);
      return;
    case 'learn':
      for (const id of one.brokers) cluster.learn(id);
      return;
    case 'heartbeat':
      for (const id of one.brokers) cluster.heartbeat(id);
      return;
    case 'leave':
      cluster.heartbeat(one.broker, one.stops ? { wantShutDown: true } : { wantFence: true });
      return;
    case 'restart':
      cluster.restart(one.broker, one.clean, one.otherDisk === 0);
      return;
    case 'pass':
      cluster.pass(3500, ...one.alive.filter((id) => cluster.image.brokers.get(id)?.fenced === false));
      return;
    case 'vanish': {
      const epoch = cluster.image.brokers.get(one.broker)?.epoch ?? -1n;
      cluster.carryOut({ records: cluster.controller.fenceVanished(one.broker, epoch), response: undefined });
      return;
    }
    case 'move': {
      const { topic, partition } = cluster.pick(one.nth) ?? {};
      if (partition?.partition === 0) cluster.reassign(topic!.name, one.to);
      return;
    }
    case 'elect': {
      const { topic, partition } = cluster.pick(one.nth) ?? {};
      if (partition?.partition === 0) cluster.elect(topic!.name, one.type);
      return;
    }
    case 'balance':
      cluster.carryOut({ records: cluster.controller.balanceLeaders(), response: undefined });
      return;
    case 'damage':
      cluster.damage(one.nth, one.broker, one.repair);
      return;
    case 'min':
      cluster.configure(one.topic, 'min.insync.replicas', one.value);
      return;
    case 'make anew':
      cluster.carryOut(cluster.controller.deleteTopics({ topics: [], topicNames: [one.topic], timeoutMs: 1 }, 5));
      cluster.createTopics([topicOf(one.topic, one.factor)]);
      return;
    case 'unregister':
      cluster.carryOut(cluster.controller.unregisterBroker({ brokerId: one.broker }));
      return;
    default:
      cluster.loseLast(one.count);
      return;
  }
}

/** Records of the topic os are acknowledged when the operating system has them; those of disk, when they are there. */
function topicOf(name: 'disk' | 'os', replicationFactor: number) {
  return newTopic(name, { numPartitions: 2, replicationFactor, configs: [{ name: 'flush.mode', value: name === 'os' ? 'os' : 'fsync' }] });
}

function checkPartition(cluster: DataCluster, { topic, partition, key }: ReturnType<DataCluster['all']>[number]): void {
  const { isr, elr, replicas, leader, addingReplicas, removingReplicas, directories } = partition;
  const where = () => [topic.name, partition];
  const eligible = [...isr, ...elr];
  const areReplicas = (ids: readonly number[]) => ids.every((id) => replicas.includes(id));
  must(new Set(eligible).size === eligible.length, 'ISR and ELR are apart (P7)', where);
  must(areReplicas(eligible), 'ISR and ELR are among the replicas (P7)', where);
  must(areReplicas([...addingReplicas, ...removingReplicas]), 'who comes or goes is a replica', where);
  must(directories.length === replicas.length, 'every replica has a directory', where);
  const hasEnough = isr.length >= cluster.configs.minInsyncReplicas(cluster.image, topic.name, partition.partition);
  must(!hasEnough || elr.length === 0, 'with enough in sync nobody else is eligible (P4)', where);
  must(!isr.some((id) => cluster.image.brokers.get(id)?.fenced !== false), 'nobody in sync is fenced (P7)', where);
  must(leader === -1 || isr.includes(leader), 'who leads is in sync', where);
  const lacksRecords = (id: number) => canLead(cluster.image, partition, id) && cluster.logOf(key, id) < cluster.acknowledgedOf(key);
  must(!eligible.some(lacksRecords), 'who may be elected has what was acknowledged (P5)', where);
}

function checkChange(one: Step, topic: string, before: PartitionImage, after: PartitionImage): void {
  if (after === before) return;
  const where = () => [topic, one, before, after];
  const epochs = after.leaderEpoch - before.leaderEpoch;
  must(epochs >= 0, 'leader epochs never fall', where);
  must(after.partitionEpoch - before.partitionEpoch >= Math.max(epochs, 1), 'every change has its partition epoch', where);
  if (after.leader === before.leader) return;
  must(epochs > 0, 'another leader, another epoch', where);
  const mayBeUnclean = after.leaderRecoveryState === 1 && (topic === 'os' || (one.act === 'elect' && one.type === 'unclean'));
  // What completes a move may make somebody leader who has come into the ISR just now.
  const wasEligible = one.act === 'alter' || [...before.isr, ...before.elr].includes(after.leader);
  must(after.leader === -1 || mayBeUnclean || wasEligible, 'a clean election is among ISR and ELR (P5)', where);
}

/** All brokers come back, and leaders let everybody in: every partition that has a leader ends where it was to go. */
function heal(cluster: DataCluster): void {
  for (const id of brokerIds) cluster.restart(id, true, false);
  for (const id of brokerIds) cluster.heartbeat(id);
  for (const id of brokerIds) cluster.learn(id);
  for (const [index, { partition }] of cluster.all().entries()) {
    const before = partition;
    cluster.alter(index, partition.replicas);
    const after = cluster.all()[index]!.partition;
    if (before.leader === -1 || !before.replicas.every((id) => canLead(cluster.image, before, id))) continue;
    const target = before.replicas.filter((id) => !before.removingReplicas.includes(id));
    expect([...after.replicas], 'a move ends at its target').toEqual(target);
    expect([...after.isr].sort()).toEqual([...target].sort());
    expect([after.addingReplicas, after.removingReplicas, after.elr]).toEqual([[], [], []]);
  }
}

test('whatever happens to brokers, disks and leaders, no election that is called clean loses an acknowledged record (P1, P4, P5, P7, R7)', () => {
  let acknowledged = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 80 }), (steps) => {
      const cluster = new DataCluster().startBrokers(...brokerIds) as DataCluster;
      cluster.createTopics([topicOf('disk', 3), topicOf('os', 2)]);
      for (const id of brokerIds) cluster.restart(id, true, false);
      for (const id of brokerIds) cluster.heartbeat(id);
      for (const id of brokerIds) cluster.learn(id);
      for (const one of steps) {
        const before = cluster.image;
        const records = cluster.records.length;
        act(cluster, one);
        for (const { topic, partition, key } of cluster.all()) {
          const old = before.topics.byId(topic.id)?.partitions[partition.partition];
          if (old === undefined || one.act === 'lose') continue;
          cluster.followLeader(old, partition, key);
          checkChange(one, topic.name, old, partition);
        }
        if (!['lose', 'pass', 'heartbeat'].includes(one.act)) expectOneChangeEach(cluster, records);
        for (const each of cluster.all()) {
          checkPartition(cluster, each);
          acknowledged += cluster.acknowledgedOf(each.key);
        }
      }
      heal(cluster);

      const log = cluster.records.map((record) => decodeRecord(encodeRecord(record, 30)));
      expect([...imageToRecords(foldRecords(log))], 'the log adds up to what the controller believes (R7)').toEqual([
        ...imageToRecords(cluster.image),
      ]);
    }),
    { numRuns: 400 },
  );
  expect(acknowledged, 'something was acknowledged at all').toBeGreaterThan(10_000);
});

/** A batch changes a partition once: every record is a partition epoch of its own. */
function expectOneChangeEach(cluster: DataCluster, from: number): void {
  const changed = cluster.records
    .slice(from)
    .flatMap((record) => (record.name === 'PartitionChangeRecord' ? [`${record.value.topicId}-${record.value.partitionId}`] : []));
  must(new Set(changed).size === changed.length, 'a batch changes a partition once', () => changed);
}
