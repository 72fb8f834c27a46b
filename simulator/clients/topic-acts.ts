import { alterPartitionReassignments } from '#protocol/apis/alter-partition-reassignments.ts';
import { createPartitions } from '#protocol/apis/create-partitions.ts';
import { deleteRecords } from '#protocol/apis/delete-records.ts';
import { electLeaders } from '#protocol/apis/elect-leaders.ts';
import { incrementalAlterConfigs } from '#protocol/apis/incremental-alter-configs.ts';
import type { RecordHistory } from '../checkers/record-history.ts';
import type { AdminAct } from '../plan/plan.ts';
import { fetchFrom } from './fetching.ts';
import type { SimulatedClient } from './simulated-client.ts';

/** What an act may know of a topic, and what it may change of what is expected in the end. */
export interface ActTopic {
  readonly name: string;
  readonly replicationFactor: number;
  /** A number that was acknowledged, and the most that was asked for. */
  leastPartitions: number;
  mostPartitions: number;
}

export interface ActContext {
  readonly client: SimulatedClient;
  readonly history: RecordHistory;
  readonly brokers: number;
}

type Act = (topic: ActTopic, context: ActContext) => Promise<void>;

const timeoutMs = 3000;
const topicResource = 2;
const set = 0;

/** Each does one thing to one topic, once: whether it worked shows in the end. */
export const topicActs: Readonly<Record<Exclude<AdminAct, 'delete-topic' | 'create-anew' | 'create-again'>, Act>> = {
  async 'delete-records'({ name }, { client, history }) {
    const found = await client.find(name);
    const partition = client.random.below(found?.partitions.length ?? 1);
    const leader = found?.partitions[partition]?.leader;
    if (found === undefined || leader === undefined) return;
    const { topicId } = found;
    const seen = await fetchFrom(client, leader, { topicId, partition, fetchOffset: 0n });
    if (seen === undefined || seen.highWatermark <= 0n) return;
    const offset = BigInt(client.random.below(Number(seen.highWatermark) + 1));
    history.deleteBelow(topicId, partition, offset);
    const partitions = [{ partitionIndex: partition, offset }];
    await client.ask(leader, deleteRecords, { topics: [{ name, partitions }], timeoutMs });
  },

  async 'add-partitions'(topic, { client }) {
    const count = topic.mostPartitions + 1;
    if (count > 6) return;
    topic.mostPartitions = count;
    const response = await client.ask(client.anyBroker(), createPartitions, {
      topics: [{ name: topic.name, count, assignments: null }],
      timeoutMs,
      validateOnly: false,
    });
    if (response?.results[0]?.errorCode === 'NONE') topic.leastPartitions = count;
  },

  async 'alter-min-isr'({ name, replicationFactor }, { client }) {
    await alterConfig(client, name, 'min.insync.replicas', String(1 + client.random.below(replicationFactor)));
  },

  async 'alter-retention'({ name }, { client, history }) {
    const found = await client.find(name);
    if (found === undefined) return;
    history.letOldOnesGo(found.topicId);
    await alterConfig(client, name, 'retention.bytes', String(1000 + client.random.below(20_000)));
  },

  async reassign({ name, replicationFactor }, { client, brokers }) {
    const found = await client.find(name);
    if (found === undefined) return;
    const partitionIndex = client.random.below(found.partitions.length);
    const ids = Array.from({ length: brokers }, (_, index) => index + 1);
    const replicas = Array.from({ length: replicationFactor }, () => ids.splice(client.random.below(ids.length), 1)[0]!);
    await client.ask(client.anyBroker(), alterPartitionReassignments, {
      timeoutMs,
      topics: [{ name, partitions: [{ partitionIndex, replicas: client.random.below(5) === 0 ? null : replicas }] }],
    });
  },

  'elect-preferred': ({ name }, { client }) => elect(client, name, 0),
  'elect-unclean': ({ name }, { client }) => elect(client, name, 1),
};

async function alterConfig(client: SimulatedClient, topic: string, name: string, value: string): Promise<void> {
  await client.ask(client.anyBroker(), incrementalAlterConfigs, {
    resources: [{ resourceType: topicResource, resourceName: topic, configs: [{ name, configOperation: set, value }] }],
    validateOnly: false,
  });
}

async function elect(client: SimulatedClient, topic: string, electionType: number): Promise<void> {
  const found = await client.find(topic);
  if (found === undefined) return;
  const partitions = found.partitions.map((_, index) => index);
  await client.ask(client.anyBroker(), electLeaders, { electionType, topicPartitions: [{ topic, partitions }], timeoutMs });
}
