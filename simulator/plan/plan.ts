import type { Fault } from '../faults/fault.ts';

/**
 * All that a run is made of, as data: drawn from a seed, printed, shrunk, kept in a file. Whoever plays an equal plan twice sees equal events. What the
 * plan leaves open (how long a message takes, what a power cut leaves of a file, what a client does next) is drawn from `seed` while it is played.
 */
export interface Plan {
  readonly seed: number;
  readonly topology: Topology;
  readonly configuration: Configuration;
  readonly workload: Workload;
  /** How long things go wrong, in milliseconds of virtual time. */
  readonly faultMs: number;
  /** By time. */
  readonly faults: readonly Fault[];
  /** Power cuts may take what was acknowledged: records are not kept in the disk's own time (flush.mode=os) and too many lose their power. */
  readonly mayLose: boolean;
}

export interface Topology {
  readonly brokers: readonly BrokerPlan[];
}

export interface BrokerPlan {
  readonly rack: string | null;
  /** When it starts for the first time. */
  readonly startMs: number;
}

export interface Configuration {
  /** Of every broker, by Kafka's names. */
  readonly properties: Readonly<Record<string, string>>;
  /** What a sync takes on average. */
  readonly syncMs: number;
}

/** What the clients of a run do: write and read records, with the administrator at work; take part in transactions; share out topics in groups. */
export const workloadKinds = ['records', 'transactions', 'groups'] as const;
export type WorkloadKind = (typeof workloadKinds)[number];

export interface Workload {
  readonly kind: WorkloadKind;
  readonly topics: readonly TopicPlan[];
  readonly clients: readonly ClientPlan[];
  /** What the administrator does besides creating the topics. */
  readonly acts: readonly AdminAct[];
}

export interface TopicPlan {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

export const clientKinds = ['idempotent', 'acks-all', 'acks-1', 'acks-0', 'follower', 'looker', 'http-producer', 'http-reader'] as const;
export type RecordsClientKind = (typeof clientKinds)[number];

/** Version 1 and 2 are those of transactions: with the second each transaction has an epoch of its own (KIP-890). */
export const transactionClientKinds = [
  'transactional-v1',
  'transactional-v2',
  'usurper',
  'copier-v1',
  'copier-v2',
  'committed-reader',
  'uncommitted-reader',
  'transaction-admin',
  'idempotent',
] as const;
export type TransactionClientKind = (typeof transactionClientKinds)[number];

export const groupClientKinds = ['eager-member', 'cooperative-member', 'consumer-member', 'group-admin', 'idempotent'] as const;
export type GroupClientKind = (typeof groupClientKinds)[number];

export type ClientKind = RecordsClientKind | TransactionClientKind | GroupClientKind;

export interface ClientPlan {
  readonly name: string;
  readonly kind: ClientKind;
  /** Another client, whose place this one takes now and then. */
  readonly of?: string;
  /** That it is a member of, and whether under a name of its own that outlives it (KIP-345). */
  readonly group?: string;
  readonly isStatic?: boolean;
  /** Of a copier that shares partitions with others: how. Otherwise its partitions are its own. */
  readonly protocol?: 'range' | 'cooperative-sticky' | 'consumer';
}

export const adminActs = [
  'delete-topic',
  'create-anew',
  'create-again',
  'delete-records',
  'add-partitions',
  'alter-min-isr',
  'alter-retention',
  'reassign',
  'elect-preferred',
  'elect-unclean',
] as const;
export type AdminAct = (typeof adminActs)[number];

/** The hosts of a plan's brokers, in order. */
export function brokerNames(plan: Pick<Plan, 'topology'>): string[] {
  return plan.topology.brokers.map((_, index) => `broker-${index + 1}`);
}
