/**
 * A broker: connects platform, transport, storage, raft, metadata and replication, and answers Kafka's requests (handlers/, one file per API or family).
 */
export { Broker, type BrokerOptions, type HttpDoor } from './broker.ts';
export type { ClusterHealth } from './cluster-health.ts';
export type { BrokerConfig, MoreListener } from './config.ts';
export type { Handled } from './handler.ts';
export type { ArrivedRequest, Interceptor } from './interceptor.ts';
export type { RequestRouter, Target } from './request-router.ts';
export type { RequestTime } from './request-times.ts';
export type { Telemetry } from './telemetry.ts';
