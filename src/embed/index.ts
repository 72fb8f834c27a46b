/** A whole cluster within the caller's process, for tests and development: real brokers, with faults for users' own tests. */
import './check-node.ts';

export type { BrokerHandle } from './broker-handle.ts';
export type { Fault, Injection } from './fault.ts';
export type { KafkaCluster } from './kafka-cluster.ts';
export { type ClusterOptions, OptionError, type TopicOptions, type Topics } from './options.ts';
export type { ProducedRecord } from './produce-records.ts';
export type { RecordsOptions } from './read-records.ts';
export type { ProduceRecord, ReadRecord } from './record.ts';
export type { SeenFilter, SeenRequest } from './seen-requests.ts';
export { startCluster } from './start-cluster.ts';
export type { GroupWaitOptions, LagWaitOptions, LeaderWaitOptions, WaitFor } from './wait-for.ts';
export { TimeoutError, type WaitOptions } from './waiting.ts';
