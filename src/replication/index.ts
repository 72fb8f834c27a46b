/**
 * Partitions as this broker holds them: who leads, what is committed, who waits for what. Follows the metadata image; the bytes are storage's.
 */
export { type Appended, type Fetched, type IsolationLevel, Partition } from './partition.ts';
export { ReplicaManager, type ReplicaManagerOptions } from './replica-manager.ts';
