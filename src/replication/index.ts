/**
 * Partitions as this broker holds them: who leads, who follows, what is committed, who waits for what. Follows the metadata image; the bytes are storage's.
 */
export type { Leader } from './leader.ts';
export { type Appended, Partition } from './partition.ts';
export type { Fetched, IsolationLevel, Wanted } from './read-log.ts';
export type { FetcherSettings } from './replica-fetcher.ts';
export { type LeadershipListener, ReplicaManager, type ReplicaManagerOptions, type ReplicationPeers } from './replica-manager.ts';
export { TopicTraffic } from './topic-traffic.ts';
export type { Verification } from './transactional-appends.ts';
