import { type CoordinatorLog, partitionForKey } from '#coordinators';
import type { BrokerImage } from '#metadata';
import { KafkaError } from '#protocol';
import type { Partition, ReplicaManager } from '#replication';
import type { Context } from './context.ts';
import { LedPartition } from './coordinator-log.ts';
import { createInternalTopic, type InternalTopic } from './internal-topics.ts';

/** The part of a coordinator's runtime that follows the leaderships of its topic. */
export interface FollowsLeaderships {
  leads(partition: number, leaderEpoch: number, log: CoordinatorLog): void;
  resigns(partition: number): void;
}

/** What FindCoordinator asks for, by Kafka's numbers: 0 a group, 1 a transactional id. */
export type CoordinatorKeyType = 0 | 1;

interface Served {
  readonly topic: InternalTopic;
  readonly runtime: FollowsLeaderships;
}

/** The coordinators that this broker has: told of the leaderships that make them responsible, and found by what they coordinate. */
export class Coordinators {
  readonly #served = new Map<number, Served>();
  readonly #logs = new WeakMap<Partition, LedPartition>();

  constructor(partitions: ReplicaManager) {
    partitions.onLeadership((partition, leaderEpoch) => this.#leadershipChanged(partition, leaderEpoch));
  }

  /** To be called before the first leadership. */
  add(keyType: CoordinatorKeyType, topic: InternalTopic, runtime: FollowsLeaderships): void {
    this.#served.set(keyType, { topic, runtime });
  }

  /** The partition of the coordinator's topic to which a group or transactional id belongs. @throws KafkaError COORDINATOR_NOT_AVAILABLE */
  partitionOf(keyType: CoordinatorKeyType, key: string, context: Pick<Context, 'image'>): number {
    const served = this.#served.get(keyType);
    const found = served === undefined ? undefined : context.image.topics.byName(served.topic.name);
    if (found === undefined) throw new KafkaError('COORDINATOR_NOT_AVAILABLE', 'the topic of the coordinator is not there yet');
    return partitionForKey(key, found.partitions.length);
  }

  /**
   * The broker that coordinates. The topic in which it keeps its state is made when it is first needed.
   * @throws KafkaError COORDINATOR_NOT_AVAILABLE while there is none; INVALID_REQUEST for a kind of key that nobody coordinates
   */
  find(keyType: number, key: string, context: Context): BrokerImage {
    if (keyType !== 0 && keyType !== 1) throw new KafkaError('INVALID_REQUEST', `nothing of key type ${keyType} is coordinated here`);
    const served = this.#served.get(keyType);
    if (served === undefined) throw new KafkaError('COORDINATOR_NOT_AVAILABLE', `nobody coordinates ${kinds[keyType]} in this version`);
    const topic = context.image.topics.byName(served.topic.name);
    if (topic === undefined) {
      createInternalTopic(served.topic, context);
      throw new KafkaError('COORDINATOR_NOT_AVAILABLE', `${served.topic.name} is being created`);
    }
    const index = partitionForKey(key, topic.partitions.length);
    const { leader = -1 } = topic.partitions[index] ?? {};
    const broker = context.image.brokers.get(leader);
    if (broker === undefined || broker.fenced)
      throw new KafkaError('COORDINATOR_NOT_AVAILABLE', `${topic.name}-${index} has no leader at the moment`);
    return broker;
  }

  /** The topic of that name, when it is one of a coordinator that is served. */
  internalTopic(name: string): InternalTopic | undefined {
    return [...this.#served.values()].find(({ topic }) => topic.name === name)?.topic;
  }

  #leadershipChanged(partition: Partition, leaderEpoch: number | undefined): void {
    for (const { topic, runtime } of this.#served.values()) {
      if (topic.name !== partition.topic) continue;
      if (leaderEpoch === undefined) runtime.resigns(partition.index);
      else runtime.leads(partition.index, leaderEpoch, this.#logOf(partition));
    }
  }

  #logOf(partition: Partition): LedPartition {
    let log = this.#logs.get(partition);
    if (log === undefined) this.#logs.set(partition, (log = new LedPartition(partition)));
    return log;
  }
}

const kinds = ['groups', 'transactions'] as const;
